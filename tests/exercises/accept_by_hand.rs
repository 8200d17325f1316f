//! The task: docs/09-accept_key.md, at its end. 题目：docs/zh/09-accept_key.md 末尾。

pub const ACCEPT: Option<&str> = None;
