//! Requests, one behind the other, beside `httparse`.
//!
//! What we take, `httparse` takes and reads alike, save HTTP/1.2 to 1.9, which it refuses and we
//! answer as 1.1 (RFC 9110 §6.2). What it takes, we may refuse: it knows neither methods nor forms
//! of a target, no Host, no framing and no limits.

use crate::cut::every_way;
use push_by_hand::http::{MAX_LINES, Request, percent_decode};

pub fn target(bytes: &[u8]) {
    let requests = every_way(bytes, |reader| {
        let mut requests = Vec::new();
        loop {
            let before = reader.rest();
            match Request::read_from(reader) {
                Ok(Some(request)) => requests.push((before, format!("{request:?}"))),
                Ok(None) => return (requests, None),
                Err(error) => return (requests, Some(error.to_string())),
            }
        }
    });
    for (bytes, _) in requests.0 {
        check_head(bytes);
    }
}

/// The first head in these bytes, which we have taken.
fn check_head(bytes: &[u8]) {
    let mut reader = bytes;
    let Ok(Some(ours)) = Request::read_head_from(&mut reader) else {
        panic!("taken, then refused")
    };
    let mut fields = [httparse::EMPTY_HEADER; MAX_LINES];
    let mut theirs = httparse::Request::new(&mut fields);
    match theirs.parse(bytes) {
        Err(httparse::Error::Version) => return,
        Ok(httparse::Status::Complete(length)) => assert_eq!(length, bytes.len() - reader.len()),
        other => panic!("httparse: {other:?}"),
    }
    assert_eq!(ours.method.name(), theirs.method.unwrap());
    let target = theirs.path.unwrap();
    if target.starts_with('/') {
        // Unreserved characters may have been decoded, which must not change what is meant.
        assert_eq!(percent_decode(&ours.target), percent_decode(target));
        assert_eq!(ours.target.matches('?').count(), target.matches('?').count());
    }
    assert_eq!(ours.fields.iter().count(), theirs.headers.len());
    // Where one byte of the section is not UTF-8, all that are not ASCII become `?`.
    let section = theirs.headers.iter().map(|field| field.value);
    let text = section.clone().all(|value| str::from_utf8(value).is_ok());
    for ((name, value), theirs) in ours.fields.iter().zip(theirs.headers) {
        let bytes = theirs.value.iter();
        let opaque: Vec<u8> =
            bytes.map(|&byte| if text || byte.is_ascii() { byte } else { b'?' }).collect();
        assert_eq!((name, value.as_bytes()), (theirs.name, opaque.as_slice()));
    }
}
