//! The five readers of a channel, side by side: what they differ in is how they wait, and how a
//! message is written.

use crate::Hub;
use crate::technique::Technique;
use crate::views::View;
use push_by_hand::event_stream::Event;
use push_by_hand::feed::{Feed, Gap, Id, News};
use push_by_hand::http::{Request, Response, Status};
use push_by_hand::server::{Responder, Sent, Threads};
use push_by_hand::websocket::{self, CloseCode, Sender, WebSocket};
use push_by_hand::{json, lesson};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How long a long poll is held.
const HOLD: Duration = Duration::from_secs(25);
/// How often a held request looks whether its client is still there.
const LOOK: Duration = Duration::from_secs(5);
/// The longest silence on a stream or a socket.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// After so many bytes the iframe's document ends and the page opens the next.
const ROTATE: usize = 128 * 1024;
/// The stack of a socket's second thread, in bytes.
const STACK: usize = 256 * 1024;

/// One reader of a channel, however it reads.
struct Reader<'a> {
    hub: &'a Hub,
    technique: Technique,
    feed: Arc<Feed>,
    after: Id,
    /// The page it belongs to, if it says so.
    view: Option<Arc<View>>,
}

impl Reader<'_> {
    /// What is new, as soon as there is something or `deadline` has passed. The reader's number
    /// moves on.
    fn wait(&mut self, deadline: Instant) -> News {
        let news = self.feed.wait_after(self.after, deadline);
        self.after = news.last;
        news
    }

    /// Counts what has been delivered.
    fn delivered(&self, news: &News) {
        if let Some(view) = &self.view {
            let useful = news.messages.iter().map(|message| message.data.len() as u64).sum();
            view.delivered(self.technique, news.messages.len() as u64, useful);
        }
    }
}

impl Drop for Reader<'_> {
    fn drop(&mut self) {
        self.hub.reading[self.technique as usize].fetch_sub(1, Ordering::Relaxed);
    }
}

/// Finds the channel and the number to begin after, and reads by the technique that was asked for.
pub fn read(
    hub: &Hub,
    channel: &str,
    technique: Technique,
    request: &Request,
    responder: Responder,
) -> io::Result<Sent> {
    let feed = match hub.channels.get(channel) {
        Ok(feed) => feed,
        Err(expected) => {
            return responder
                .send(hub.cors.share(request, Response::refusal(Status::BAD_REQUEST, &expected)));
        }
    };
    // An EventSource that comes back asks the same URL again, `after` and all, and says in a field
    // how far it got since.
    let after = match request.fields.get("last-event-id") {
        Some(id) => id.parse(),
        None => lesson::after(request, &feed),
    };
    let after = match after {
        Ok(after) => after,
        Err(expected) => {
            return responder
                .send(hub.cors.share(request, Response::refusal(Status::BAD_REQUEST, &expected)));
        }
    };
    let view = hub.views.attach(responder.connection_number(), technique, request);
    let held = view
        .as_ref()
        .map(|view| view.hold(technique, responder.connection_number(), &responder.writer()));
    if matches!(held, Some(None)) {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    hub.reading[technique as usize].fetch_add(1, Ordering::Relaxed);
    let reader = Reader { hub, technique, feed, after, view: view.clone() };
    match technique {
        Technique::Polling => poll(reader, request, responder),
        Technique::LongPolling => long_poll(reader, request, responder),
        Technique::IframeStream => iframe_stream(reader, responder),
        Technique::EventSource => event_stream(reader, request, responder),
        Technique::WebSocket => web_socket(reader, request, responder),
    }
}

/// What is new, now.
fn poll(mut reader: Reader, request: &Request, responder: Responder) -> io::Result<Sent> {
    let news = reader.wait(Instant::now());
    reader.delivered(&news);
    responder.send(share_news(&reader, request, &news))
}

/// What is new, as soon as there is something.
fn long_poll(mut reader: Reader, request: &Request, mut responder: Responder) -> io::Result<Sent> {
    let deadline = Instant::now() + HOLD;
    loop {
        let news = reader.wait(deadline.min(Instant::now() + LOOK));
        if !news.is_empty() {
            reader.delivered(&news);
            return responder.send(share_news(&reader, request, &news));
        }
        if Instant::now() >= deadline || responder.client_has_ended() {
            let nothing = Response::new(Status::NO_CONTENT).with("Cache-Control", "no-store");
            return responder.send(reader.hub.cors.share(request, nothing));
        }
    }
}

fn share_news(reader: &Reader, request: &Request, news: &News) -> Response {
    let response = Response::json(Status::OK, json::news(news)).with("Cache-Control", "no-store");
    reader.hub.cors.share(request, response)
}

/// A document that goes on, a script a message.
fn iframe_stream(mut reader: Reader, responder: Responder) -> io::Result<Sent> {
    let head = Response::new(Status::OK)
        .with("Content-Type", "text/html; charset=utf-8")
        .with("X-Content-Type-Options", "nosniff")
        .with("Cache-Control", "no-store");
    responder.stream(head, |chunks| {
        let mut text =
            format!("<!doctype html>\n<meta charset=\"utf-8\">\n<!-- {} -->\n", ".".repeat(1024));
        let mut sent = 0;
        let mut patience = Duration::ZERO;
        while sent < ROTATE {
            let news = reader.wait(Instant::now() + patience);
            if news.gap != Gap::None {
                text.push_str(&json::call("missed", &json::missed(news.gap)));
            }
            for message in &news.messages {
                text.push_str(&json::call("push", &json::message(message)));
            }
            if text.is_empty() {
                text.push_str(&json::call("heartbeat", ""));
            }
            chunks.send(text.as_bytes())?;
            reader.delivered(&news);
            sent += text.len();
            text.clear();
            patience = HEARTBEAT;
        }
        Ok(())
    })
}

/// An event a message. Heartbeats are events too, of a type of their own: a comment would not reach
/// the page's script.
fn event_stream(mut reader: Reader, request: &Request, responder: Responder) -> io::Result<Sent> {
    let head = Response::new(Status::OK)
        .with("Content-Type", "text/event-stream")
        .with("Cache-Control", "no-store");
    responder.stream(reader.hub.cors.share(request, head), |chunks| {
        chunks.send(b": ok\n\n")?;
        loop {
            let news = reader.wait(Instant::now() + HEARTBEAT);
            chunks.send(&events(&news))?;
            reader.delivered(&news);
        }
    })
}

/// News as events; a heartbeat if there is none.
fn events(news: &News) -> Vec<u8> {
    let mut bytes = Vec::new();
    if news.gap != Gap::None {
        let missed = format!(r#"{{"missed":{}}}"#, json::missed(news.gap));
        Event { event: Some("reset".into()), ..Event::message(&missed) }.write_to(&mut bytes);
    }
    for message in &news.messages {
        Event { id: Some(message.id.to_string()), ..Event::message(&json::message(message)) }
            .write_to(&mut bytes);
    }
    if bytes.is_empty() {
        Event { event: Some("heartbeat".into()), ..Event::message("") }.write_to(&mut bytes);
    }
    bytes
}

/// A WebSocket message a message; what the client sends is published. Both at once takes two
/// threads: this one reads the socket, the other the feed.
fn web_socket(mut reader: Reader, request: &Request, responder: Responder) -> io::Result<Sent> {
    let policy = websocket::Policy {
        origins: reader.hub.cors.origins.clone(),
        ..websocket::Policy::default()
    };
    let feed = Arc::clone(&reader.feed);
    websocket::serve(request, responder, &policy, |socket| {
        both_ways(
            &reader.hub.threads.clone(),
            socket,
            |sender, ended| {
                let mut silent_since = Instant::now();
                while !ended.load(Ordering::Relaxed) {
                    let news = reader.wait((silent_since + HEARTBEAT).min(Instant::now() + LOOK));
                    if news.gap != Gap::None {
                        sender.send_text(&format!(r#"{{"missed":{}}}"#, json::missed(news.gap)))?;
                    }
                    for message in &news.messages {
                        sender.send_text(&json::message(message))?;
                    }
                    if news.is_empty() && silent_since.elapsed() < HEARTBEAT {
                        continue;
                    }
                    if news.is_empty() {
                        sender.send_text(r#"{"heartbeat":true}"#)?;
                    }
                    reader.delivered(&news);
                    silent_since = Instant::now();
                }
                Ok(())
            },
            |sender, text| match text.len() {
                0..=lesson::MAX_TEXT => {
                    sender.send_text(&format!(r#"{{"published":"{}"}}"#, feed.publish(text)))
                }
                long => sender.send_text(&format!(
                    r#"{{"refused":"expected at most {} bytes; came {long}"}}"#,
                    lesson::MAX_TEXT
                )),
            },
        )
    })
}

/// A socket that is written on a second thread while it is read on this one: full duplex, on calls
/// that block.
pub fn both_ways(
    threads: &Arc<Threads>,
    socket: &mut WebSocket,
    push: impl FnOnce(&Sender, &AtomicBool) -> Result<(), websocket::Error> + Send,
    hear: impl Fn(&Sender, &str) -> Result<(), websocket::Error>,
) -> Result<(), websocket::Error> {
    // The second thread counts like any other: the process must not run out of them.
    let Some(_reserved) = threads.reserve() else {
        return socket.close(CloseCode::TRY_AGAIN_LATER, "no thread is free");
    };
    let sender = socket.sender();
    let ended = AtomicBool::new(false);
    thread::scope(|scope| {
        thread::Builder::new()
            .name("push".into())
            .stack_size(STACK)
            .spawn_scoped(scope, || push(&sender, &ended))?;
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
        ended.store(true, Ordering::Relaxed);
        sender.hang_up();
        outcome
    })
}
