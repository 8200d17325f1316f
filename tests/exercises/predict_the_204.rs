//! How many bytes is the answer to a question that was held in vain? Replace `None` by `Some(…)`.

pub const BYTES: Option<usize> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Which fields does `Response::new(Status::NO_CONTENT)` have in `hold`, and which are added when
//   it is written?
// 2. Does 204 have a `Content-Length`? `write_head_to` in src/http/response.rs decides.
// 3. A date is always 29 bytes, and each line's end is two.
