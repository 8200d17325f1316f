//! How many bytes, chunks and all, would a hundred messages cost if the iframe stream sent the bare
//! time, 07:20:01, as the first event stream does? Replace `None` by `Some(…)`.

pub const BYTES: Option<usize> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. How many bytes does `json::call` write around its argument? And is a bare time JSON?
// 2. A chunk of 16 to 255 bytes has 6 of framing. And of 15?
