//! The task: docs/08-websocket.md, at its end. 题目：docs/zh/08-websocket.md 末尾。

use push_by_hand::feed::Message;
use push_by_hand::http::Request;
use push_by_hand::json;
use push_by_hand::server::{Responder, Sent};
use push_by_hand::websocket::{self, Policy};
use std::io;

pub fn connect(request: &Request, responder: Responder<'_>, message: &Message) -> io::Result<Sent> {
    let policy = Policy::default();
    websocket::serve(request, responder, &policy, |socket| {
        socket.send_text(&json::message(message))
    })
}
