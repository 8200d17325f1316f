//! The task: docs/08-websocket.md, at its end. 题目：docs/zh/08-websocket.md 末尾。

pub const BYTES: Option<usize> = None;
