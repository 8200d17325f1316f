//! The task: docs/12-hub.md, at its end. 题目：docs/zh/12-hub.md 末尾。

pub const FRAME: Option<usize> = None;
pub const CHUNK: Option<usize> = None;
