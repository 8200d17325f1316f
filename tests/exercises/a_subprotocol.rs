//! Send one message: only its data to clients that speak `time.v1` (they ask for it in
//! `Sec-WebSocket-Protocol`), and `json::message` to all others.

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

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. `Policy` has a list for it.
// 2. The choice stands in the 101. `handshake::answer` is a pure function: it may be asked once
//   more.
// 3. What does the browser do if the server chooses one that was not offered? RFC 6455 §4.1 says.
