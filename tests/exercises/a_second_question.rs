//! The task: docs/15-claims.md, at its end. 题目：docs/zh/15-claims.md 末尾。

pub const BYTES: Option<usize> = None;
