//! Send a page only the event types it asked for. When it comes back, it must not be told that it
//! missed the others.

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

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. What must happen to the cursor when a message is passed over?
// 2. The browser's `Last-Event-ID` is the ID of the last block it got. After a long time without
//   one of its types, what will it send?
// 3. Can a block without `data` help? It fires nothing, but its ID counts.
