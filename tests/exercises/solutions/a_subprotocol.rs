//! The handshake is a pure function, so asking it twice costs a hash and changes nothing.

use push_by_hand::feed::Message;
use push_by_hand::http::Request;
use push_by_hand::json;
use push_by_hand::server::{Responder, Sent};
use push_by_hand::websocket::{self, Policy, handshake};
use std::io;

pub fn connect(request: &Request, responder: Responder<'_>, message: &Message) -> io::Result<Sent> {
    let policy = Policy { protocols: vec!["time.v1".into()], ..Policy::default() };
    let chosen = |answer: &push_by_hand::http::Response| {
        answer.fields.get("sec-websocket-protocol").is_some()
    };
    let short = handshake::answer(request, &policy).is_ok_and(|answer| chosen(&answer));
    let text = if short { message.data.clone() } else { json::message(message) };
    websocket::serve(request, responder, &policy, |socket| socket.send_text(&text))
}
