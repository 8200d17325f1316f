//! The task: docs/04-iframe_stream.md, at its end. 题目：docs/zh/04-iframe_stream.md 末尾。

pub const SIZE_LINE: Option<&str> = None;
