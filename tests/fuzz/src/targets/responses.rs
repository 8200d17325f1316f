//! Answers with their bodies, beside `httparse`. The first byte says whether HEAD was asked.
//!
//! What we take, `httparse` takes and reads alike, save these: HTTP/1.2 to 1.9; a reason phrase,
//! which we pass over without a look (RFC 9112 §4 has a client ignore it); and a folded line, of
//! which both keep the words but not the same white space.

use crate::cut::every_way;
use push_by_hand::http::{MAX_LINES, Response};

/// More than libFuzzer makes up.
const LIMIT: usize = 1 << 20;

pub fn target(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let head_only = first & 1 == 1;
    every_way(bytes, |reader| match Response::read_from(reader, head_only, LIMIT) {
        Ok(response) => format!("{response:?}"),
        Err(error) => error.to_string(),
    });
    let mut reader = bytes;
    if let Ok((ours, _)) = Response::read_head_from(&mut reader, head_only) {
        check_head(bytes, &ours, reader.len());
    }
}

/// The last head in these bytes, which we have taken; `left` bytes lie behind it.
fn check_head(mut bytes: &[u8], ours: &Response, left: usize) {
    let mut config = httparse::ParserConfig::default();
    config.allow_obsolete_multiline_headers_in_responses(true);
    loop {
        let mut fields = [httparse::EMPTY_HEADER; MAX_LINES];
        let mut theirs = httparse::Response::new(&mut fields);
        let length = match config.parse_response(&mut theirs, bytes) {
            Err(httparse::Error::Version | httparse::Error::Status) => return,
            Ok(httparse::Status::Complete(length)) => length,
            other => panic!("httparse: {other:?}"),
        };
        bytes = &bytes[length..];
        let code = theirs.code.unwrap();
        if matches!(code, 100 | 102..=199) {
            continue;
        }
        assert_eq!((ours.status.code(), left), (code, bytes.len()));
        assert_eq!(ours.fields.iter().count(), theirs.headers.len());
        let text = theirs.headers.iter().all(|field| str::from_utf8(field.value).is_ok());
        for ((name, value), theirs) in ours.fields.iter().zip(theirs.headers) {
            assert_eq!(name, theirs.name);
            if text {
                let words = |value: &[u8]| -> Vec<Vec<u8>> {
                    let words = value.split(|byte| byte.is_ascii_whitespace());
                    words.filter(|word| !word.is_empty()).map(<[u8]>::to_vec).collect()
                };
                assert_eq!(words(value.as_bytes()), words(theirs.value));
            }
        }
        return;
    }
}
