//! The task: docs/01-http.md, at its end. 题目：docs/zh/01-http.md 末尾。

pub const STATUS: Option<u16> = None;
pub const BODY_BYTES: Option<usize> = None;
