//! Which of these can be a key, which an accept value, which neither? `Some("key")`,
//! `Some("accept")`, `Some("neither")`.

pub const KINDS: [(&str, Option<&str>); 4] = [
    ("dGhlIHNhbXBsZSBub25jZQ==", None),
    ("aWAY+V/uyz5ILZEoWuWdxjnlb7E=", None),
    ("IHfMdf8a0aQXbwQO1pkGdA", None),
    ("c2hvcnQ=", None),
];

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Count the characters first, then the `=`. Four characters of base64 are three bytes.
// 2. A key is 16 bytes, a SHA-1 is 20.
// 3. `cargo run --bin accept_key -- …` tells you what it thinks of each.
