//! The task: docs/10-raw_websocket.md, at its end. 题目：docs/zh/10-raw_websocket.md 末尾。

pub const FRAME: Option<&[u8]> = None;
