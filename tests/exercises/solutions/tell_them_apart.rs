//! 16 bytes are 24 characters with `==`, 20 bytes are 28 with `=`. Base64 without its `=` is not
//! what the RFC asks for.

pub const KINDS: [(&str, Option<&str>); 4] = [
    ("dGhlIHNhbXBsZSBub25jZQ==", Some("key")),
    ("aWAY+V/uyz5ILZEoWuWdxjnlb7E=", Some("accept")),
    ("IHfMdf8a0aQXbwQO1pkGdA", Some("neither")),
    ("c2hvcnQ=", Some("neither")),
];
