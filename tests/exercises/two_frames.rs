//! The task: docs/10-raw_websocket.md, at its end. 题目：docs/zh/10-raw_websocket.md 末尾。

use push_by_hand::websocket::{DEFAULT_LIMIT, Frame, Role};

pub fn texts(buffer: &mut Vec<u8>) -> Vec<String> {
    let frame = Frame::read_from(&mut buffer.as_slice(), Role::Server, DEFAULT_LIMIT);
    buffer.clear();
    match frame {
        Ok(Some(frame)) => vec![String::from_utf8_lossy(&frame.payload).into_owned()],
        _ => Vec::new(),
    }
}
