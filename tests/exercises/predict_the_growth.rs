//! A message of 200 bytes of text instead of `hello` is 195 bytes longer. By how many bytes beyond
//! that does its frame grow, and by how many its chunk of the event stream, as the hub sends them?

pub const FRAME: Option<usize> = None;
pub const CHUNK: Option<usize> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. The JSON around the text stays the same length.
// 2. From which length on has a frame two bytes more?
// 3. A chunk's size is written in hexadecimal digits. When does it need one more?
