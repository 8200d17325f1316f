//! How many bytes does the program `client` send for a line with `hello` and the end of the input,
//! after the handshake? Replace `None` by `Some(…)`.

pub const BYTES: Option<usize> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. A head, a key, five letters.
// 2. And the Close has a code. Has it a reason?
