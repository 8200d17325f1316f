//! The task: docs/10-client.md, at its end. 题目：docs/zh/10-client.md 末尾。

pub const BYTES: Option<usize> = None;
