//! The six readers of a channel, side by side: what they differ in is how they wait, and how a
//! message is written.

use crate::Hub;
use crate::sockets::web_socket;
use crate::technique::Technique;
use crate::views::View;
use push_by_hand::event_stream::{self, Event};
use push_by_hand::feed::{Feed, Gap, Id, News};
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::server::{Responder, Sent};
use push_by_hand::websocket::handshake;
use push_by_hand::{json, lesson};
use std::io;
use std::ops::RangeInclusive;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How long a long poll is held.
const HOLD: Duration = Duration::from_secs(25);
/// How often a held request looks whether its client is still there.
pub const LOOK: Duration = Duration::from_secs(5);
/// The longest silence on a stream or a socket.
pub const HEARTBEAT: Duration = Duration::from_secs(15);
/// Between these lies the time after which an event stream comes back, for each a different one.
const RETRY: RangeInclusive<Duration> = Duration::from_secs(2)..=Duration::from_secs(4);
/// After so many bytes the iframe's document ends and the page opens the next.
const ROTATE: usize = 128 * 1024;

/// One reader of a channel, however it reads.
pub struct Reader<'a> {
    pub hub: &'a Hub,
    technique: Technique,
    feed: Arc<Feed>,
    after: Id,
    /// The page it belongs to, if it says so.
    view: Option<Arc<View>>,
}

impl Reader<'_> {
    /// What is new, as soon as there is something or `deadline` has passed. The reader's number
    /// moves on.
    pub fn wait(&mut self, deadline: Instant) -> News {
        let news = self.feed.wait_after(self.after, deadline);
        self.after = news.last;
        news
    }

    /// Counts what has been delivered.
    pub fn delivered(&self, news: &News) {
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
    let (feed, after) = match begin(hub, channel, technique, request) {
        Ok(begun) => begun,
        Err(refusal) => return responder.send(refusal),
    };
    let number = responder.connection_number();
    let view = hub.views.attach(number, technique, request);
    let held = view.as_ref().map(|view| view.hold(technique, number, &responder.writer()));
    if matches!(held, Some(None)) {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    hub.reading[technique as usize].fetch_add(1, Ordering::Relaxed);
    let reader = Reader { hub, technique, feed, after, view: view.clone() };
    match technique {
        // The answer to HEAD has no news, and need not wait for any.
        Technique::LongPolling if request.method == Method::Head => poll(reader, responder),
        Technique::Polling => poll(reader, responder),
        Technique::LongPolling => long_poll(reader, responder),
        Technique::IframeStream => iframe_stream(reader, responder),
        Technique::FetchStream => fetch_stream(reader, responder),
        Technique::EventSource => event_stream(reader, responder),
        Technique::WebSocket => web_socket(reader, channel, request, responder),
    }
}

/// What is read, and the number to begin after; or the answer that refuses it.
#[inline(never)] // Its part of the stack would stay under every reader: 4 KiB each, measured.
fn begin(
    hub: &Hub,
    channel: &str,
    technique: Technique,
    request: &Request,
) -> Result<(Arc<Feed>, Id), Response> {
    let refuse = |expected: String| Response::refusal(Status::BAD_REQUEST, &expected);
    let feed = hub.channels.feed(channel).map_err(|missing| missing.response())?;
    let after = lesson::after(request, &feed).map_err(refuse)?;
    if technique == Technique::WebSocket {
        handshake::answer(request, &hub.policy).map_err(|refusal| refusal.response())?;
    }
    hub.channels.catch_up(channel, &feed, after).map_err(|missing| missing.response())?;
    Ok((feed, after))
}

/// What is new, now.
fn poll(mut reader: Reader, responder: Responder) -> io::Result<Sent> {
    let news = reader.wait(Instant::now());
    answer_with(&reader, responder, &news)
}

/// What is new, as soon as there is something.
fn long_poll(mut reader: Reader, mut responder: Responder) -> io::Result<Sent> {
    let deadline = Instant::now() + HOLD;
    loop {
        let news = reader.wait(deadline.min(Instant::now() + LOOK));
        if !news.is_empty() {
            return answer_with(&reader, responder, &news);
        }
        if Instant::now() >= deadline || responder.client_has_ended() {
            let nothing = Response::new(Status::NO_CONTENT).with("Cache-Control", "no-store");
            return responder.send(nothing);
        }
    }
}

/// The answer to a poll, as [`json::news`] describes it; the messages leave from where all readers
/// share them.
fn answer_with(reader: &Reader, responder: Responder, news: &News) -> io::Result<Sent> {
    reader.delivered(news);
    let head = Response::new(Status::OK)
        .with("Content-Type", "application/json")
        .with("X-Content-Type-Options", "nosniff")
        .with("Cache-Control", "no-store");
    let (id, missed) = (news.last, json::missed(news.gap));
    let opening = format!(r#"{{"id":"{id}","missed":{missed},"messages":["#);
    let messages: usize = news.messages.iter().map(|message| message.written.len()).sum();
    let commas = news.messages.len().saturating_sub(1);
    let length = opening.len() + messages + commas + "]}".len();
    responder.send_with(head, length, |writer| {
        writer.append(|out| out.extend_from_slice(opening.as_bytes()))?;
        for (n, message) in news.messages.iter().enumerate() {
            writer.append_with(|out| {
                out.extend((n > 0).then_some(b','));
                message.written.as_bytes()
            })?;
        }
        writer.append(|out| out.extend_from_slice(b"]}"))
    })
}

/// A document that goes on, a script a message.
fn iframe_stream(mut reader: Reader, responder: Responder) -> io::Result<Sent> {
    responder.stream(Response::stream("text/html; charset=utf-8"), |chunks| {
        let padding = ".".repeat(1024);
        let opening = format!("<!doctype html>\n<meta charset=\"utf-8\">\n<!-- {padding} -->\n");
        chunks.queue(opening.as_bytes(), b"", b"")?;
        let mut sent = opening.len();
        let mut news = reader.wait(Instant::now());
        while sent < ROTATE {
            if news.gap != Gap::None {
                let missed = json::call("missed", &json::missed(news.gap));
                chunks.queue(missed.as_bytes(), b"", b"")?;
            }
            for message in &news.messages {
                let json = message.written.as_bytes();
                chunks.queue(b"<script>parent.push(", json, b")</script>\n")?;
                sent += json.len();
            }
            chunks.flush()?;
            reader.delivered(&news);
            drop(news);
            news = reader.wait(Instant::now() + HEARTBEAT);
            if news.is_empty() {
                chunks.queue(json::call("heartbeat", "").as_bytes(), b"", b"")?;
            }
        }
        Ok(())
    })
}

/// A line of JSON a message. A gap and a heartbeat are lines too.
fn fetch_stream(mut reader: Reader, responder: Responder) -> io::Result<Sent> {
    responder.stream(Response::stream("application/x-ndjson"), |chunks| {
        // The head leaves at once, with what there is.
        let mut news = reader.wait(Instant::now());
        loop {
            if news.gap != Gap::None {
                let missed = format!("{{\"missed\":{}}}\n", json::missed(news.gap));
                chunks.queue(missed.as_bytes(), b"", b"")?;
            }
            for message in &news.messages {
                chunks.queue(b"", message.written.as_bytes(), b"\n")?;
            }
            chunks.flush()?;
            reader.delivered(&news);
            drop(news);
            news = reader.wait(Instant::now() + HEARTBEAT);
            if news.is_empty() {
                chunks.queue(b"{\"heartbeat\":true}\n", b"", b"")?;
            }
        }
    })
}

/// An event a message. Heartbeats are events too, of a type of their own: a comment would not reach
/// the page's script.
fn event_stream(mut reader: Reader, responder: Responder) -> io::Result<Sent> {
    let retry = event_stream::retry(RETRY, responder.connection_number());
    responder.stream(Response::stream("text/event-stream"), |chunks| {
        chunks.send(format!("retry: {}\n: ok\n\n", retry.as_millis()).as_bytes())?;
        loop {
            let news = reader.wait(Instant::now() + HEARTBEAT);
            let other = |event: &str, data: &str| {
                Event { event: Some(event.into()), ..Event::message(data) }.to_bytes()
            };
            if news.gap != Gap::None {
                let missed = format!(r#"{{"missed":{}}}"#, json::missed(news.gap));
                chunks.queue(&other("reset", &missed), b"", b"")?;
            }
            for message in &news.messages {
                // JSON has no line ends, so the data is one line.
                let before = format!("id: {}\ndata: ", message.id);
                chunks.queue(before.as_bytes(), message.written.as_bytes(), b"\n\n")?;
            }
            if news.is_empty() {
                chunks.queue(&other("heartbeat", ""), b"", b"")?;
            }
            chunks.flush()?;
            reader.delivered(&news);
        }
    })
}
