//! The task: docs/02-polling.md, at its end. 题目：docs/zh/02-polling.md 末尾。

pub const BYTES: Option<usize> = None;
