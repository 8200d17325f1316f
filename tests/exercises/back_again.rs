//! The task: docs/11-client.md, at its end. 题目：docs/zh/11-client.md 末尾。

pub fn target(heard: &[String]) -> String {
    match heard.last() {
        None => "/push".into(),
        Some(_) => "/push?after=".into(),
    }
}
