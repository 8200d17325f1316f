//! The task: docs/11-hub.md, at its end. 题目：docs/zh/11-hub.md 末尾。

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
