//! Write the frame of the text `OK` as a client sends it, with the masking-key 01 02 03 04:
//! `Some(b"\x81…")`.

pub const FRAME: Option<&[u8]> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. FIN and the opcode of a text, then MASK and the length, then the key.
// 2. O is 4f, K is 4b. Combine each with its byte of the key.
