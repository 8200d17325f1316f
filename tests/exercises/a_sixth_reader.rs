//! A sixth way to read the feed, for a page that uses `fetch`: an answer of the type
//! `application/x-ndjson` that never ends, with `json::message` and a line feed for each message.

use push_by_hand::feed::{Feed, Id};
use push_by_hand::http::{Response, Status};
use push_by_hand::json;
use push_by_hand::server::{Responder, Sent};
use std::io;

pub fn read(feed: &Feed, after: Id, responder: Responder<'_>) -> io::Result<Sent> {
    let lines: Vec<String> =
        feed.after(after).messages.iter().map(|message| json::message(message)).collect();
    responder.send(Response::text(Status::OK, lines.join("\n")))
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. `event_stream` in src/bin/hub/readers.rs is the nearest to it.
// 2. `Responder::stream` chunks the body; `wait_after` in a loop is what all five have in common.
// 3. What does an EventSource do for you that this reader has to do itself?
