//! The task: docs/08-accept_key.md, at its end. 题目：docs/zh/08-accept_key.md 末尾。

pub const ACCEPT: Option<&str> = None;
