//! The task: docs/13-proxy.md, at its end. 题目：docs/zh/13-proxy.md 末尾。

pub const AFTER_THREE: Option<usize> = None;
pub const AFTER_TEN: Option<usize> = None;
pub const AT_THE_END: Option<usize> = None;
