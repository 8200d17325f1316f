//! Write two requests, each with two `Content-Length` fields: one that the server accepts, one that
//! it refuses.

pub const ACCEPTED: &str =
    "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
pub const REFUSED: &str =
    "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. The rule is in `Framing::of` in src/http/body.rs.
// 2. Why is one of the two harmless? Think of a proxy that reads only the first, and one that reads
//   only the last.
