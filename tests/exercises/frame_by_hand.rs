//! The task: docs/09-raw_websocket.md, at its end. 题目：docs/zh/09-raw_websocket.md 末尾。

pub const FRAME: Option<&[u8]> = None;
