//! What the server offers: every technique, as in its lesson.

use crate::bench::{END, PATIENCE};
use push_by_hand::cors::Cors;
use push_by_hand::event_stream::Event;
use push_by_hand::feed::{Feed, Id, Message};
use push_by_hand::http::{Request, Response, Status};
use push_by_hand::json;
use push_by_hand::lesson::after;
use push_by_hand::server::{Responder, Sent};
use push_by_hand::websocket::{self, Error, Policy, WebSocket};
use std::io;
use std::sync::Arc;
use std::sync::mpsc::Sender;
use std::time::{Duration, Instant};

/// A feed, and how it is offered.
pub struct Offer {
    pub feed: Arc<Feed>,
    /// How long a request is held.
    pub hold: Duration,
    /// Told whenever a thread is about to wait for news, or has heard some.
    pub waiting: Sender<()>,
}

impl Offer {
    pub fn answer(&self, request: &Request, responder: Responder<'_>) -> io::Result<Sent> {
        let after = after(request, &self.feed).map_err(io::Error::other)?;
        let policy =
            Policy { origins: vec!["http://localhost:3000".to_owned()], ..Policy::default() };
        let head = |content_type| Response::new(Status::OK).with("Content-Type", content_type);
        match request.path() {
            "/" => responder.send(self.newest(request)),
            "/poll" => responder.send(self.held(after)),
            "/clock" => {
                let head =
                    head("text/html; charset=utf-8").with("X-Content-Type-Options", "nosniff");
                let title = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>stream</title>\n";
                let first = format!("{title}<!-- {} -->\n", ".".repeat(1024));
                self.stream(responder, after, head, &first, |message| {
                    json::call("push", &json::message(message)).into()
                })
            }
            "/eventSource" => {
                self.stream(responder, after, head("text/event-stream"), "", |message| {
                    format!("event:message\nid:{}\ndata:{}\n\n", message.id.seq, message.data)
                        .into()
                })
            }
            "/eventStream" => {
                let head = head("text/event-stream; charset=utf-8");
                self.stream(responder, after, head, ": ok\n\nretry: 20000\n\n", |message| {
                    let (event, id) = (Some(message.event.clone()), Some(message.id.to_string()));
                    Event {
                        event,
                        id,
                        ..Event::message(&format!(r#"{{"ts":"{}"}}"#, message.data))
                    }
                    .to_bytes()
                })
            }
            path => websocket::serve(request, responder, &policy, |socket| {
                self.talk(path, after, socket)
            }),
        }
    }

    /// What a socket says: what is published, or what it hears, or nothing.
    fn talk(&self, path: &str, after: Id, socket: &mut WebSocket<'_>) -> Result<(), Error> {
        let sender = socket.sender();
        match path {
            "/push" => return self.each(after, |message| sender.send_text(&message.data)),
            "/json" => {
                return self.each(after, |message| sender.send_text(&json::message(message)));
            }
            _ => {}
        }
        while let Some(message) = socket.receive()? {
            match path {
                "/echo" => socket.send(&message)?,
                _ => drop(self.waiting.send(())),
            }
        }
        Ok(())
    }

    /// What a poll gets.
    fn newest(&self, request: &Request) -> Response {
        let newest = self.feed.after(self.feed.before_newest()).messages;
        let text = newest.last().map(|message| message.data.as_str()).unwrap_or_default();
        let cors = Cors {
            origins: vec!["http://localhost:8000".to_owned()],
            response_fields: "ETag",
            ..Cors::default()
        };
        let answer = Response::text(Status::OK, text).with("Cache-Control", "no-store");
        cors.share(Some(request), answer.on_conditions(request, &format!("\"{text}\"")))
    }

    /// What a long poll gets, when there is something or the time is up.
    fn held(&self, after: Id) -> Response {
        // Here and below, nobody may be listening.
        let _ = self.waiting.send(());
        let news = self.feed.wait_after(after, Instant::now() + self.hold);
        let answer = if news.is_empty() {
            Response::new(Status::NO_CONTENT)
        } else {
            Response::json(Status::OK, json::news(&news))
        };
        answer.with("Cache-Control", "no-store")
    }

    /// An answer that goes on: something at first, then a block for each message. Where there is
    /// nothing at first, the head waits.
    fn stream(
        &self,
        responder: Responder<'_>,
        after: Id,
        head: Response,
        first: &str,
        block: impl Fn(&Message) -> Vec<u8>,
    ) -> io::Result<Sent> {
        responder.stream(head.with("Cache-Control", "no-store"), |chunks| {
            chunks.send(first.as_bytes())?;
            self.each(after, |message| chunks.send(&block(message)))
        })
    }

    /// Sends what is published, until the message that ends it.
    fn each<E>(
        &self,
        mut after: Id,
        mut send: impl FnMut(&Message) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let _ = self.waiting.send(());
            let news = self.feed.wait_after(after, Instant::now() + PATIENCE);
            for message in &news.messages {
                if message.data == END {
                    return Ok(());
                }
                send(message)?;
            }
            after = news.last;
        }
    }
}
