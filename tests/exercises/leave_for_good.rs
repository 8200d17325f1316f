//! The task: docs/07-sse_stream.md, at its end. 题目：docs/zh/07-sse_stream.md 末尾。

use push_by_hand::event_stream::Event;
use push_by_hand::feed::{Feed, Id};
use push_by_hand::http::{Request, Response, Status};
use push_by_hand::server::{Responder, Sent};
use std::io;

pub fn stream(request: &Request, feed: &Feed, responder: Responder<'_>) -> io::Result<Sent> {
    let seen = request.fields.get("last-event-id").and_then(|id| id.parse::<Id>().ok());
    let left = request.query("last").and_then(|n| n.parse().ok()).unwrap_or(usize::MAX);
    let head = Response::new(Status::OK)
        .with("Content-Type", "text/event-stream")
        .with("Cache-Control", "no-store");
    responder.stream(head, |chunks| {
        for message in feed.after(seen.unwrap_or(feed.start())).messages.iter().take(left) {
            let id = Some(message.id.to_string());
            chunks.send(&Event { id, ..Event::message(&message.data) }.to_bytes())?;
        }
        Ok(())
    })
}
