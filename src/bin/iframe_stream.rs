//! The iframe stream: an HTML document that never ends, and a `<script>` in it for each message.
//!
//! A browser runs scripts while the document is still loading. In a hidden frame that is a way to
//! push, and it was one long before browsers had another. Read `stream` first.

use push_by_hand::feed::{Feed, Gap, Id};
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Method, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, announce};
use push_by_hand::{clock, json, pages};
use std::io;
use std::time::{Duration, Instant};

const LESSON: Lesson =
    Lesson::new("iframe_stream", "one endless HTML answer, a script a message", 8080);

/// The longest silence. Each heartbeat calls a function of the page, so that its script can tell a
/// quiet stream from a dead one: a browser says nothing at all when a document is cut in the
/// middle. And a write is the only way for us to learn that the client is gone.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// After so many bytes the document ends and the page opens the next: a document keeps every
/// script it has run.
const ROTATE: usize = 128 * 1024;
/// What some browsers want to see of a document before they show or run any of it, in bytes.
const PADDING: usize = 1024;
/// How many ticks the log keeps: five minutes of them.
const KEPT: usize = 300;

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let server = options.server()?;
    let port = options.bind(&server)?;
    let feed = lesson::ticks(KEPT, |now| clock::time_of_day(now / 1000))?;

    let origin = options.origin("http", &port);
    announce("page", &origin);
    options.what_next(LESSON.name, &format!("curl -N {origin}/clock"));
    port.serve(move |request, responder| match (request.method, request.path()) {
        (Method::Get | Method::Head, "/clock") => match lesson::after(request, &feed) {
            Ok(after) => {
                let padded = request.query("padding").as_deref() != Some("off");
                // To see a document end without waiting for it: /clock?rotate=1
                let rotate = request
                    .query("rotate")
                    .and_then(|bytes| bytes.parse().ok())
                    .unwrap_or(ROTATE)
                    .min(ROTATE);
                let head = Response::stream("text/html; charset=utf-8");
                responder.stream(head, |chunks| stream(&feed, after, padded, rotate, chunks))
            }
            Err(expected) => responder.send(Response::refusal(Status::BAD_REQUEST, &expected)),
        },
        (_, "/clock") => responder.send(Response::other_method(request, "GET, HEAD")),
        _ => responder.send(pages::answer(request, "iframe_stream.html")),
    })?;
    server.wait()
}

/// The lesson: a document that begins, and then goes on for as long as there is news. When the
/// client leaves, `send` fails, `?` returns, and the thread is free; no timer is left behind that
/// would have to be found and stopped.
fn stream(
    feed: &Feed,
    mut after: Id,
    padded: bool,
    rotate: usize,
    chunks: &ChunkedWriter,
) -> io::Result<()> {
    let mut text =
        String::from("<!doctype html>\n<meta charset=\"utf-8\">\n<title>stream</title>\n");
    if padded {
        text.push_str(&format!("<!-- {} -->\n", ".".repeat(PADDING)));
    }
    let mut sent = 0;
    // The document begins at once, with what there is; only then does it wait.
    let mut patience = Duration::ZERO;
    while sent < rotate {
        let news = feed.wait_after(after, Instant::now() + patience);
        if news.gap != Gap::None {
            text.push_str(&json::call("missed", &json::missed(news.gap)));
        }
        // The page decides what `push` does: the server knows its name and nothing else of the
        // page.
        for message in &news.messages {
            text.push_str(&json::call("push", &json::message(message)));
        }
        if text.is_empty() {
            text.push_str(&json::call("heartbeat", ""));
        }
        chunks.send(text.as_bytes())?;
        sent += text.len();
        text.clear();
        after = news.last;
        patience = HEARTBEAT;
    }
    Ok(())
}
