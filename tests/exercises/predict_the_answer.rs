//! What does `polling` answer to this, and with how many bytes of body? Replace each `None` by
//! `Some(…)`.
//!
//!     OPTIONS * HTTP/1.1
//!     Host: localhost:8080

pub const STATUS: Option<u16> = None;
pub const BODY_BYTES: Option<usize> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Is `*` a target that exists? Look into `split_target` in src/http/request.rs.
// 2. Which arm of the `match` in src/bin/polling.rs is taken?
// 3. What does `never_has_content` in src/http/status.rs say about this status, and what follows
//   for `Content-Length`?
