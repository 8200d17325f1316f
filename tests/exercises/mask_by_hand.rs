//! The task: docs/10-raw_websocket.md, at its end. 题目：docs/zh/10-raw_websocket.md 末尾。

pub fn mask(payload: &mut [u8], key: [u8; 4], done: usize) {
    for byte in payload {
        *byte ^= key[done % 4];
    }
}
