//! The task: docs/14-many_machines.md, at its end. 题目：docs/zh/14-many_machines.md 末尾。

pub fn command(words: &[&[u8]]) -> Vec<u8> {
    words.join(&b' ')
}
