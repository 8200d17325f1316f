//! The ID is ours to choose and the browser's to bring back: it also says how many messages are
//! left.

use push_by_hand::event_stream::Event;
use push_by_hand::feed::{Feed, Id};
use push_by_hand::http::{Request, Response, Status};
use push_by_hand::server::{Responder, Sent};
use std::io;

pub fn stream(request: &Request, feed: &Feed, responder: Responder<'_>) -> io::Result<Sent> {
    let back = request.fields.get("last-event-id").and_then(|id| id.split_once('/'));
    let seen = back.and_then(|(id, _)| id.parse::<Id>().ok());
    let first = || request.query("last").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let mut left: usize = back.and_then(|(_, left)| left.parse().ok()).unwrap_or_else(first);
    if left == 0 {
        return responder.send(Response::new(Status::NO_CONTENT));
    }
    let head = Response::new(Status::OK)
        .with("Content-Type", "text/event-stream")
        .with("Cache-Control", "no-store");
    responder.stream(head, |chunks| {
        for message in feed.after(seen.unwrap_or(feed.start())).messages.iter().take(left) {
            left -= 1;
            let id = Some(format!("{}/{left}", message.id));
            chunks.send(&Event { id, ..Event::message(&message.data) }.to_bytes())?;
        }
        Ok(())
    })
}
