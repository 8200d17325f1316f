//! Bodies in chunks, beside a reader that is made of `httparse`'s sizes and fields.
//!
//! What we take, it takes and reads alike. What it takes, we may refuse: size lines of more than
//! 256 bytes, control characters in an extension, and white space without one.

use crate::cut::every_way;
use push_by_hand::http::MAX_LINES;
use push_by_hand::http::body::{Body, Framing};

/// More than libFuzzer makes up, and few enough to be reached by a test of it.
const LIMIT: usize = 1000;

pub fn target(bytes: &[u8]) {
    for framing in [Framing::Chunked, Framing::Length(5), Framing::UntilClose] {
        let (body, left) = every_way(bytes, |reader| {
            let body = Body::new(&mut *reader, framing).read_whole(LIMIT);
            let left = body.is_ok().then(|| reader.rest().len());
            (body.map_err(|error| error.to_string()), left)
        });
        if framing == Framing::Chunked
            && let (Ok(body), Some(left)) = (body, left)
        {
            assert_eq!(by_httparse(bytes), Some((body, left)));
        }
    }
}

/// The body, and how many bytes lie behind it.
fn by_httparse(mut bytes: &[u8]) -> Option<(Vec<u8>, usize)> {
    let mut body = Vec::new();
    loop {
        let Ok(httparse::Status::Complete((at, size))) = httparse::parse_chunk_size(bytes) else {
            return None;
        };
        bytes = &bytes[at..];
        if size == 0 {
            let mut trailers = [httparse::EMPTY_HEADER; MAX_LINES];
            let read = httparse::parse_headers(bytes, &mut trailers);
            let Ok(httparse::Status::Complete((length, _))) = read else { return None };
            return Some((body, bytes.len() - length));
        }
        let (data, rest) = bytes.split_at_checked(usize::try_from(size).ok()?)?;
        body.extend_from_slice(data);
        bytes = rest.strip_prefix(b"\r\n")?;
    }
}
