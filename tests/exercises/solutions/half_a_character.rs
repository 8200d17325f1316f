//! The standard library says whether an error is only the end of the input.

pub fn decode(rest: &mut Vec<u8>, piece: &[u8]) -> String {
    rest.extend(piece);
    let mut kept = 0;
    if let Some(last) = rest.utf8_chunks().last().map(|chunk| chunk.invalid()) {
        let incomplete = std::str::from_utf8(last).is_err_and(|error| error.error_len().is_none());
        kept = if incomplete { last.len() } else { 0 };
    }
    let begun = rest.split_off(rest.len() - kept);
    let whole = std::mem::replace(rest, begun);
    String::from_utf8_lossy(&whole).into_owned()
}
