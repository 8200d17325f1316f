//! The task: docs/05-fetch_stream.md, at its end. 题目：docs/zh/05-fetch_stream.md 末尾。

pub fn body(heard: &str) -> String {
    let last = heard.lines().last().unwrap_or_default();
    last.split('"').nth(3).unwrap_or_default().to_owned()
}
