//! The task: docs/06-event_source.md, at its end. 题目：docs/zh/06-event_source.md 末尾。

pub const EVENTS: Option<&[(&str, &str, &str)]> = None;
