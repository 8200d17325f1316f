//! The task: docs/05-fetch_stream.md, at its end. 题目：docs/zh/05-fetch_stream.md 末尾。

#[derive(Default)]
pub struct Lines {}

impl Lines {
    pub fn take(&mut self, piece: &[u8]) -> Vec<String> {
        String::from_utf8_lossy(piece).lines().map(str::to_owned).collect()
    }
}
