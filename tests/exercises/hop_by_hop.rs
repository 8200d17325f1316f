//! The task: docs/13-proxy.md, at its end. 题目：docs/zh/13-proxy.md 末尾。

pub fn end_to_end<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let connection = |name: &str| name == "Connection";
    fields.iter().copied().filter(|(name, _)| !connection(name)).collect()
}
