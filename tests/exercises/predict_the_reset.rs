//! The task: docs/07-sse_stream.md, at its end. 题目：docs/zh/07-sse_stream.md 末尾。

pub const MISSED: Option<u64> = None;
pub const FIRST: Option<u64> = None;
