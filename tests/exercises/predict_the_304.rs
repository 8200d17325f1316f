//! How many bytes does `polling`, on its own ports, send in answer to this? Replace `None` by
//! `Some(…)`.
//!
//!     HEAD / HTTP/1.1
//!     Host: localhost:8080
//!     If-None-Match: *

pub const BYTES: Option<usize> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Which of the two takes the body away, `HEAD` or 304?
// 2. Does `HEAD` say `Content-Length` here? `write_head_to` in src/http/response.rs decides.
// 3. Ask with `--wire` to see the fields, and count two bytes for each line's end; the empty line
//   has an end, too.
