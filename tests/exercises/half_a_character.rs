//! The task: docs/05-fetch_stream.md, at its end. 题目：docs/zh/05-fetch_stream.md 末尾。

pub fn decode(rest: &mut Vec<u8>, piece: &[u8]) -> String {
    rest.clear();
    String::from_utf8_lossy(piece).into_owned()
}
