//! The task: docs/05-event_source.md, at its end. 题目：docs/zh/05-event_source.md 末尾。

pub const EVENTS: Option<&[(&str, &str, &str)]> = None;
