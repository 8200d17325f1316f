//! Long polling: the server holds the request until it has something to say.
//!
//! The half that is usually left out is this one. The page asks at once after every answer; what
//! makes that polite is that here the answer waits. Read `hold` first.

use push_by_hand::feed::{Feed, Id};
use push_by_hand::http::{Method, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, announce};
use push_by_hand::server::{Responder, Sent};
use push_by_hand::{clock, json, pages};
use std::io;
use std::sync::Arc;
use std::time::{Duration, Instant};

const LESSON: Lesson =
    Lesson::new("long_polling", "the server holds the request until there is news", 8080);

/// How long a request is held. Proxies cut a silent connection after 30 or 60 s; the answer must
/// come first.
const HOLD: Duration = Duration::from_secs(25);
/// How often a held request looks whether its client is still there: a thread that sleeps does not
/// see a socket close.
const LOOK: Duration = Duration::from_secs(5);
/// How many messages the log keeps, and how many bytes of text in all.
const KEPT: usize = 1000;
const KEPT_BYTES: usize = 16 << 20;

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let server = options.server()?;
    let port = options.bind(&server)?;
    let feed = Arc::new(Feed::new(clock::unix_millis(), KEPT, KEPT_BYTES));
    // Something to begin with. After that, news is what somebody publishes: rare, as long polling
    // likes it.
    feed.publish(&clock::time_of_day(clock::unix_seconds()));

    let origin = options.origin("http", &port);
    announce("page", &origin);
    options.what_next(LESSON.name, &format!("curl -N {origin}/poll"));
    port.serve(move |request, responder| match (request.method, request.path()) {
        (Method::Get | Method::Head, "/poll") => match lesson::after(request, &feed) {
            Ok(after) => {
                // HEAD asks for the head that an answer would have now.
                let limit = if request.method == Method::Get { HOLD } else { Duration::ZERO };
                hold(&feed, after, limit, responder)
            }
            Err(expected) => responder.send(Response::refusal(Status::BAD_REQUEST, &expected)),
        },
        // News made by hand: curl -d hello http://localhost:8080/publish
        (Method::Post, "/publish") => responder.send(lesson::publish(request, &feed)),
        (_, "/poll") => responder.send(Response::other_method(request, "GET, HEAD")),
        (_, "/publish") => responder.send(Response::other_method(request, "POST")),
        _ => responder.send(pages::answer(request, "long_polling.html")),
    })?;
    server.wait()
}

/// The lesson: look, and if there is nothing, wait. The thread stops in `wait_after`, on a line
/// that says so; a server with callbacks would have to put the response on a list here and remember
/// to take it off again.
fn hold(feed: &Feed, after: Id, limit: Duration, mut responder: Responder) -> io::Result<Sent> {
    let deadline = Instant::now() + limit;
    loop {
        let news = feed.wait_after(after, deadline.min(Instant::now() + LOOK));
        // What was news once must never come from a cache. (Against a second tab that waits for the
        // first, only the page can do something: its request must pass by the browser's cache.)
        if !news.is_empty() {
            return responder.send(
                Response::json(Status::OK, json::news(&news)).with("Cache-Control", "no-store"),
            );
        }
        // A client that only closed its sending half still wants this answer; one that is gone will
        // not mind it.
        if Instant::now() >= deadline || responder.client_has_ended() {
            return responder
                .send(Response::new(Status::NO_CONTENT).with("Cache-Control", "no-store"));
        }
    }
}
