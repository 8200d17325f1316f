//! EventSource: a stream of text blocks that the browser itself reads, and comes back to by itself.
//!
//! The format is so small that a `format!` writes it, so that is what this lesson does;
//! `sse_stream` does the same with a type. Read `stream` first.
//!
//! Left out: `Last-Event-ID`, which is half of what the ids are for. The next lesson reads it.

use push_by_hand::feed::{Feed, Message};
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, announce};
use push_by_hand::pages;
use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

const LESSON: Lesson = Lesson::new("event_source", "text/event-stream, written by hand", 8888);

/// The longest silence. The browser ignores the comment that breaks it; but a proxy sees that the
/// connection is used, and if the client is gone, we learn it from the write that fails.
const HEARTBEAT: Duration = Duration::from_secs(15);
/// How many ticks the log keeps.
const KEPT: usize = 300;

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let server = options.server()?;
    let port = options.bind(&server)?;
    let feed = lesson::ticks(KEPT, |now| now.to_string())?;
    // While this is set, streams end, and whoever comes back is told to stay away.
    let stopped = AtomicBool::new(false);

    let origin = options.origin("http", &port);
    announce("page", &origin);
    options.what_next(LESSON.name, &format!("curl -N {origin}/eventSource"));
    port.serve(move |request, responder| match (request.method, request.path()) {
        // The only way for a server to end an EventSource. Closing the connection only makes the
        // browser come back (HTML, "Server-sent events", "Processing model").
        (Method::Get | Method::Head, "/eventSource") if stopped.load(Ordering::Relaxed) => {
            responder.send(Response::new(Status::NO_CONTENT))
        }
        (Method::Get | Method::Head, "/eventSource") => {
            let head = Response::stream("text/event-stream");
            responder.stream(head, |chunks| stream(&feed, &stopped, chunks))
        }
        (Method::Post, "/stop" | "/start") => responder.send(switch(request, &stopped)),
        (_, "/eventSource") => responder.send(Response::other_method(request, "GET, HEAD")),
        (_, "/stop" | "/start") => responder.send(Response::other_method(request, "POST")),
        _ => responder.send(pages::answer(request, "event_source.html")),
    })?;
    server.wait()
}

/// The lesson: a block for each message, the first at once, so that the browser's `open` event does
/// not wait for a second.
fn stream(feed: &Feed, stopped: &AtomicBool, chunks: &ChunkedWriter) -> io::Result<()> {
    let mut after = feed.before_newest();
    while !stopped.load(Ordering::Relaxed) {
        let news = feed.wait_after(after, Instant::now() + HEARTBEAT);
        for message in &news.messages {
            chunks.send(block(message).as_bytes())?;
            if let Some(named) = named_block(message) {
                chunks.send(named.as_bytes())?;
            }
        }
        if news.is_empty() {
            // A line that begins with a colon is a comment.
            chunks.send(b":\n\n")?;
        }
        after = news.last;
    }
    Ok(())
}

/// One event: three fields, a line each, and the empty line that says "now". The id is the
/// message's place in the one log that all clients read, so each of them sees every number once.
fn block(message: &Message) -> String {
    format!("event:message\nid:{}\ndata:{}\n\n", message.id.seq, message.data)
}

/// Beside the messages, events with a type of their own, which `onmessage` never sees: a tick every
/// 5 messages, news every 20. They set no id, so the last one stays what it was.
fn named_block(message: &Message) -> Option<String> {
    match message.id.seq {
        n if n % 20 == 0 => {
            Some(format!("event:news\ndata:{n} messages since the server started\n\n"))
        }
        n if n % 5 == 0 => Some(format!("event:tick\ndata:message {n}\n\n")),
        _ => None,
    }
}

/// `POST /stop` and `POST /start`. The server has refused the pages of strangers.
fn switch(request: &Request, stopped: &AtomicBool) -> Response {
    stopped.store(request.path() == "/stop", Ordering::Relaxed);
    Response::new(Status::NO_CONTENT)
}
