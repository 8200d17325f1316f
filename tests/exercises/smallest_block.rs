//! The task: docs/06-event_source.md, at its end. 题目：docs/zh/06-event_source.md 末尾。

use push_by_hand::feed::Message;

pub fn block(message: &Message) -> String {
    format!("event: message\nid: {}\ndata: {}\n\n", message.id.seq, message.data)
}
