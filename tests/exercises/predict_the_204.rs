//! The task: docs/03-long_polling.md, at its end. 题目：docs/zh/03-long_polling.md 末尾。

pub const BYTES: Option<usize> = None;
