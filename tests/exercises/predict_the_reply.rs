//! The task: docs/07-websocket.md, at its end. 题目：docs/zh/07-websocket.md 末尾。

pub const BYTES: Option<usize> = None;
