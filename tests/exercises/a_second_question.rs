//! The task: docs/12-claims.md, at its end. 题目：docs/zh/12-claims.md 末尾。

pub const BYTES: Option<usize> = None;
