//! Let `/eventSource?last=N` end the stream for good after N messages, however many connections
//! they take: who comes back after the last one gets 204, which tells a browser to stay away. A
//! first visit begins at the first message.

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
        for message in feed.after(seen.unwrap_or(feed.origin())).messages.iter().take(left) {
            let id = Some(message.id.to_string());
            chunks.send(&Event { id, ..Event::message(&message.data) }.to_bytes())?;
        }
        Ok(())
    })
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Ending the stream is not enough: the browser asks once more, with the same URL.
// 2. What does that request carry that it did not carry the first time? And who chose what stands
//   in it?
// 3. An ID may be any text of one line. Let it also say how many messages are left.
