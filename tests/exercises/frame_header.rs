//! The task: docs/10-raw_websocket.md, at its end. 题目：docs/zh/10-raw_websocket.md 末尾。

pub fn header(opcode: u8, length: u64) -> Vec<u8> {
    vec![opcode, u8::try_from(length).unwrap_or(127)]
}
