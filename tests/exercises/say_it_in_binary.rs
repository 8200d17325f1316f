//! The task: docs/11-client.md, at its end. 题目：docs/zh/11-client.md 末尾。

use push_by_hand::websocket::Message;

pub fn message(line: &str) -> Message {
    Message::Text(line.to_owned())
}
