//! How many bytes does the server of the lesson `websocket` send in answer to the text `你`? Replace
//! `None` by `Some(…)`.

pub const BYTES: Option<u64> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. How many bytes has `你`? `printf '你' | wc -c` knows.
// 2. And the word before it, with its colon?
// 3. How long is the head of the frame? When would it be longer?
