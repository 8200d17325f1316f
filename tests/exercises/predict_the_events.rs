//! What does a browser fire for these bytes (␊ is a line feed)? For each event its type, its data
//! and the last event ID: `Some(&[("message", "hello", "1")])`, to begin with.
//!
//!     id: 7␊data: a␊␊event: x␊␊data␊␊Data: b␊␊data:  c␊data:␊␊data: d

pub const EVENTS: Option<&[(&str, &str, &str)]> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Which blocks have a `data` field? `data` alone, without a colon, is a field with an empty
//   value.
// 2. What remains of the type in the second block when the third begins?
// 3. How many spaces does `c` begin with? And what of the last block?
