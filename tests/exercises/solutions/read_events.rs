//! A line ends with LF, CR, or both; so it is read byte by byte, and a LF behind a CR is skipped.

use std::io::{self, BufRead, Read};

pub fn read_events(
    reader: &mut dyn BufRead,
    fire: &mut dyn FnMut(&str, &str, &str),
) -> io::Result<()> {
    let (mut kind, mut data, mut id) = (String::new(), String::new(), String::new());
    let (mut line, mut after_cr, mut is_first) = (Vec::new(), false, true);
    for byte in reader.bytes() {
        let byte = byte?;
        let is_second_half = byte == b'\n' && after_cr;
        after_cr = byte == b'\r';
        if is_second_half {
            continue;
        }
        if byte != b'\r' && byte != b'\n' {
            line.push(byte);
            continue;
        }
        let text = String::from_utf8_lossy(&line).into_owned();
        line.clear();
        let text = if is_first { text.strip_prefix('\u{feff}').unwrap_or(&text) } else { &text };
        is_first = false;
        if text.is_empty() {
            if data.pop().is_some() {
                fire(if kind.is_empty() { "message" } else { &kind }, &data, &id);
            }
            kind.clear();
            data.clear();
            continue;
        }
        let (name, value) = text.split_once(':').unwrap_or((text, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "event" => kind = value.to_owned(),
            "data" => data.extend([value, "\n"]),
            "id" if !value.contains('\0') => id = value.to_owned(),
            _ => {}
        }
    }
    Ok(())
}
