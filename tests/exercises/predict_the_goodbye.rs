//! The task: docs/11-client.md, at its end. 题目：docs/zh/11-client.md 末尾。

pub const BYTES: Option<usize> = None;
