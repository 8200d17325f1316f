//! The task: docs/09-accept_key.md, at its end. 题目：docs/zh/09-accept_key.md 末尾。

pub const KINDS: [(&str, Option<&str>); 4] = [
    ("dGhlIHNhbXBsZSBub25jZQ==", None),
    ("aWAY+V/uyz5ILZEoWuWdxjnlb7E=", None),
    ("IHfMdf8a0aQXbwQO1pkGdA", None),
    ("c2hvcnQ=", None),
];
