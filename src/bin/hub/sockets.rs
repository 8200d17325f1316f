//! The sixth reader, which also speaks: a WebSocket in both directions at once.

use crate::readers::{HEARTBEAT, LOOK, Reader};
use push_by_hand::feed::Gap;
use push_by_hand::http::Request;
use push_by_hand::server::{Responder, Sent, Threads};
use push_by_hand::websocket::{self, CloseCode, Sender, State, WebSocket};
use push_by_hand::{json, lesson};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Instant;

/// The stack of a socket's second thread, in bytes.
const STACK: usize = 256 * 1024;

/// A WebSocket message a message; what the client sends is published. Both at once takes two
/// threads: this one reads the socket, the other the feed.
#[inline(never)] // See `control`.
pub fn web_socket(
    mut reader: Reader,
    channel: &str,
    request: &Request,
    responder: Responder,
) -> io::Result<Sent> {
    let hub = reader.hub;
    websocket::serve(request, responder, &hub.policy, |socket| {
        socket.set_max_message(lesson::MAX_TEXT);
        both_ways(
            &hub.threads,
            socket,
            |sender| {
                let mut silent_since = Instant::now();
                while sender.state() == State::Open {
                    let news = reader.wait((silent_since + HEARTBEAT).min(Instant::now() + LOOK));
                    if news.is_empty() && silent_since.elapsed() < HEARTBEAT {
                        continue;
                    }
                    if news.gap != Gap::None {
                        sender.send_text(&format!(r#"{{"missed":{}}}"#, json::missed(news.gap)))?;
                    }
                    for message in &news.messages {
                        sender.send_text(&message.written)?;
                    }
                    if news.is_empty() {
                        sender.send_text(r#"{"heartbeat":true}"#)?;
                    }
                    reader.delivered(&news);
                    silent_since = Instant::now();
                }
                Ok(())
            },
            |sender, text| match hub.channels.publish(channel, text) {
                Ok(id) => sender.send_text(&format!(r#"{{"published":"{id}"}}"#)),
                Err(refusal) => {
                    let expected = json::string(&refusal.to_string());
                    sender.send_text(&format!(r#"{{"refused":{expected}}}"#))
                }
            },
        )
    })
}

/// A socket that is written on a second thread while it is read on this one: full duplex, on calls
/// that block.
pub fn both_ways(
    threads: &Arc<Threads>,
    socket: &mut WebSocket,
    push: impl FnOnce(&Sender) -> Result<(), websocket::Error> + Send,
    hear: impl Fn(&Sender, &str) -> Result<(), websocket::Error>,
) -> Result<(), websocket::Error> {
    // The second thread counts like any other: the process must not run out of them.
    let Some(_reserved) = threads.reserve() else {
        return socket.close(CloseCode::TRY_AGAIN_LATER, "no thread is free");
    };
    let sender = socket.sender();
    thread::scope(|scope| {
        thread::Builder::new()
            .name("push".into())
            .stack_size(STACK)
            .spawn_scoped(scope, || push(&sender))?;
        let outcome = loop {
            match socket.receive() {
                Ok(Some(websocket::Message::Text(text))) => hear(&sender, &text)?,
                Ok(Some(websocket::Message::Binary(_))) => {
                    break socket.close(CloseCode::UNSUPPORTED_DATA, "expected text");
                }
                Ok(None) => break Ok(()),
                Err(error) => break Err(error),
            }
        };
        // The peer has had our last word; the other thread finds out when it next looks.
        sender.hang_up();
        outcome
    })
}
