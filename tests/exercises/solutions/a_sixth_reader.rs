//! A solution of `a_sixth_reader`.

use push_by_hand::feed::{Feed, Id};
use push_by_hand::http::{Response, Status};
use push_by_hand::json;
use push_by_hand::server::{Responder, Sent};
use std::io;
use std::time::{Duration, Instant};

pub fn read(feed: &Feed, mut after: Id, responder: Responder<'_>) -> io::Result<Sent> {
    let head = Response::new(Status::OK)
        .with("Content-Type", "application/x-ndjson")
        .with("Cache-Control", "no-store");
    responder.stream(head, |chunks| {
        loop {
            let news = feed.wait_after(after, Instant::now() + Duration::from_secs(15));
            for message in &news.messages {
                chunks.send(format!("{}\n", json::message(message)).as_bytes())?;
            }
            if news.is_empty() {
                // An empty line means nothing to the page, and tells us whether it is still there.
                chunks.send(b"\n")?;
            }
            after = news.last;
        }
    })
}
