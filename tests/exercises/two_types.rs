//! The task: docs/07-sse_stream.md, at its end. 题目：docs/zh/07-sse_stream.md 末尾。

use push_by_hand::event_stream::Event;
use push_by_hand::feed::News;

pub fn blocks(news: &News, types: &[&str]) -> Vec<u8> {
    let mut bytes = Vec::new();
    for message in news.messages.iter().filter(|message| types.contains(&message.event.as_str())) {
        let (event, id) = (Some(message.event.clone()), Some(message.id.to_string()));
        Event { event, id, ..Event::message(&message.data) }.write_to(&mut bytes);
    }
    bytes
}
