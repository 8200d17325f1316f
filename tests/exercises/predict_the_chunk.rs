//! The clock becomes a message of 20 bytes instead of 8. Predict the chunk's size line, without its
//! line end, as `Some("…")`. With 8 bytes the chunk was this, and a line feed:
//!
//!     <script>parent.push({"id":"1763700000000-42","time":1763700042000,"event":"message","data":"07:20:01"})</script>

pub const SIZE_LINE: Option<&str> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. The size is in hexadecimal, and counts the line feed at the script's end.
// 2. `curl -sN --raw 'http://localhost:8080/clock?padding=off'` shows the chunks of the clock as it
//   is now.
// 3. Does the size line get longer? When would it?
