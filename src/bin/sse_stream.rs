//! Server-sent events with a type that writes them: a reconnection time, JSON data, and a stream
//! that goes on where it was cut.
//!
//! The role of the `ssestream` package is `event_stream::Event` here. What such a package leaves to
//! its user is the point of this lesson: reading `Last-Event-ID`. Read `stream` first.

use push_by_hand::event_stream::{self, Event};
use push_by_hand::feed::{Feed, Gap, Id, Message};
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Method, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, announce};
use push_by_hand::{clock, json, pages};
use std::io;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::{Duration, Instant};

const LESSON: Lesson = Lesson {
    own: &[("--retry-ms N", "shortest reconnection time in ms (default 20000)")],
    ..Lesson::new("sse_stream", "server-sent events that survive a cut connection", 8888)
};

/// The longest silence before a comment breaks it.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many ticks the log keeps: whoever stays away longer than five minutes is told how many were
/// missed.
const KEPT: usize = 300;

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let shortest = options.arguments.number("--retry-ms", 20_000);
    let shortest = Duration::from_millis(shortest.unwrap_or_else(|error| LESSON.fail(&error)));
    let server = options.server()?;
    let port = options.bind(&server)?;
    let feed =
        lesson::ticks(KEPT, |now| format!(r#"{{"ts":"{}"}}"#, clock::time_of_day(now / 1000)))?;
    // Each `POST /drop` adds one; a stream that began under another number is cut.
    let drops = AtomicU64::new(0);

    let origin = options.origin("http", &port);
    announce("page", &origin);
    options.what_next(LESSON.name, &format!("curl -N {origin}/eventSource"));
    port.serve(move |request, responder| match (request.method, request.path()) {
        (Method::Get | Method::Head, "/eventSource") => match lesson::after(request, &feed) {
            Ok(after) => {
                let head = Response::stream("text/event-stream; charset=utf-8");
                let number = responder.connection_number();
                let retry = event_stream::retry(shortest..=shortest + shortest / 4, number);
                responder.stream(head, |chunks| stream(&feed, after, retry, &drops, chunks))
            }
            Err(expected) => responder.send(Response::refusal(Status::BAD_REQUEST, &expected)),
        },
        (Method::Post, "/drop") => responder.send(drop_streams(&drops)),
        (_, "/eventSource") => responder.send(Response::other_method(request, "GET, HEAD")),
        (_, "/drop") => responder.send(Response::other_method(request, "POST")),
        _ => responder.send(pages::answer(request, "sse_stream.html")),
    })?;
    server.wait()
}

/// The lesson: first what is said once, then everything after the client's last id, whether it was
/// published while the client was away or is yet to come. To the feed the two are the same, and so
/// no message can fall between them or come twice.
fn stream(
    feed: &Feed,
    mut after: Id,
    retry: Duration,
    drops: &AtomicU64,
    chunks: &ChunkedWriter,
) -> io::Result<()> {
    let begun_under = drops.load(Ordering::Relaxed);
    // The comment leaves at once with the head: the browser's `open` event needs no message.
    chunks.send(b": ok\n\n")?;
    chunks.send(&Event { retry: Some(retry), ..Event::default() }.to_bytes())?;
    while drops.load(Ordering::Relaxed) == begun_under {
        let news = feed.wait_after(after, Instant::now() + HEARTBEAT);
        if news.gap != Gap::None {
            chunks.send(&reset(news.gap).to_bytes())?;
        }
        for message in &news.messages {
            chunks.send(&event(message).to_bytes())?;
        }
        if news.is_empty() {
            chunks.send(b": still here\n\n")?;
        }
        after = news.last;
    }
    // Cut as a network cuts: without the last chunk, in the middle of things.
    Err(io::ErrorKind::ConnectionReset.into())
}

/// A message as an event.
fn event(message: &Message) -> Event {
    Event {
        event: Some(message.event.clone()),
        id: Some(message.id.to_string()),
        ..Event::message(&message.data)
    }
}

/// What lies between the client's last id and the log: an event of its own, so that a page can say
/// so. It sets no id.
fn reset(gap: Gap) -> Event {
    Event {
        event: Some("reset".into()),
        ..Event::message(&format!(r#"{{"missed":{}}}"#, json::missed(gap)))
    }
}

/// `POST /drop`: cuts every stream, so that one can see them come back.
fn drop_streams(drops: &AtomicU64) -> Response {
    drops.fetch_add(1, Ordering::Relaxed);
    Response::new(Status::NO_CONTENT)
}
