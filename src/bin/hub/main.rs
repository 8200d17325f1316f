//! The hub: one feed over all five techniques at once, with the wire in view.
//!
//! Its page reads the same messages five times, side by side, and shows what each way costs.
//! Without the page it is a push server for local development: publish with one `curl`, read with
//! another. Read `answer` for the paths, then `readers.rs`: the five differ in how they wait and in
//! how a message is written, and in nothing else.
//!
//! ```text
//! POST /publish ─▶ Feed ─▶ GET /poll        what is new, now
//!                       ─▶ GET /long-poll   what is new, as soon as there is something
//!                       ─▶ GET /iframe      a script a message
//!                       ─▶ GET /events      an event a message
//!                       ─▶ GET /ws          a WebSocket message a message, and the way back
//! ```
//!
//! The same under `/NAME/…` for a channel of that name.

mod channels;
mod control;
mod pace;
mod readers;
mod technique;
mod views;

use channels::Channels;
use control::control;
use pace::Pace;
use push_by_hand::cors::{Cors, refuse_foreign_page};
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, announce};
use push_by_hand::server::{Responder, Sent, Threads};
use push_by_hand::{clock, json, pages};
use readers::read;
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;
use technique::Technique;
use views::Views;

const LESSON: Lesson = Lesson {
    takes_origins: true,
    ..Lesson::new("hub", "one feed over all five techniques at once, with the wire in view", 4000)
};

struct Hub {
    started: Instant,
    channels: Channels,
    views: Arc<Views>,
    cors: Cors,
    threads: Arc<Threads>,
    /// How many connections read by each technique at present.
    reading: [AtomicUsize; 5],
    pace: Pace,
}

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let views = Arc::new(Views::default());
    let server = options.server_with(Some(views.tap()))?;
    let port = options.bind(&server)?;
    let hub = Arc::new(Hub {
        started: Instant::now(),
        channels: Channels::new(clock::unix_millis()),
        views,
        cors: Cors {
            origins: options.origins.clone(),
            methods: "GET, HEAD, POST",
            request_fields: "Content-Type, Last-Event-ID",
            response_fields: "",
        },
        threads: server.threads(),
        reading: Default::default(),
        pace: Pace::default(),
    });
    let ticking = Arc::clone(&hub);
    thread::Builder::new().name("pace".into()).spawn(move || {
        ticking.pace.tick(|| ticking.channels.get("").map(|feed| feed.publish(&time_of_day())))
    })?;

    announce("page", &options.origin("http", &port));
    port.serve(move |request, responder| answer(&hub, request, responder))?;
    server.wait()
}

/// The time to the millisecond: what the hub says when nobody else says anything.
fn time_of_day() -> String {
    let now = clock::unix_millis();
    format!("{}.{:03}", clock::time_of_day(now / 1000), now % 1000)
}

/// What is asked for: the last part of the path says what, the part before it of which channel.
fn answer(hub: &Hub, request: &Request, responder: Responder) -> io::Result<Sent> {
    if let Some(preflight) = hub.cors.answer_preflight(request) {
        return responder.send(preflight);
    }
    let path = request.path().trim_start_matches('/');
    let (channel, last) = path.rsplit_once('/').unwrap_or(("", path));
    // A browser uses a connection again, for anything: only what a technique asks counts as the
    // technique's.
    if Technique::named(last).is_none() {
        hub.views.detach(responder.connection_number());
    }
    match (request.method, last) {
        (Method::Get | Method::Head, "status") if channel.is_empty() => responder.send(status(hub)),
        (Method::Get | Method::Head, "health") if channel.is_empty() => {
            responder.send(Response::text(Status::OK, "ok\n").with("Cache-Control", "no-store"))
        }
        (Method::Get, "control") if channel.is_empty() => control(hub, request, responder),
        (Method::Post, "publish") => {
            let foreign = refuse_foreign_page(request, &hub.cors.origins);
            let response = foreign.unwrap_or_else(|| match hub.channels.get(channel) {
                Ok(feed) => lesson::publish(request, &feed),
                Err(expected) => Response::refusal(Status::BAD_REQUEST, &expected),
            });
            responder.send(hub.cors.share(request, response))
        }
        (_, "publish") => responder.send(Response::method_not_allowed(request, "POST")),
        (Method::Get, last) if let Some(technique) = Technique::named(last) => {
            read(hub, channel, technique, request, responder)
        }
        (_, last) if Technique::named(last).is_some() => {
            responder.send(Response::method_not_allowed(request, "GET"))
        }
        _ => responder.send(pages::answer(request, "hub.html")),
    }
}

/// `GET /status`.
fn status(hub: &Hub) -> Response {
    let reading = Technique::ALL.map(|technique| {
        format!(
            r#""{}":{}"#,
            technique.path(),
            hub.reading[technique as usize].load(Ordering::Relaxed)
        )
    });
    let channels = hub.channels.all().into_iter().map(|(name, feed)| {
        let (messages, bytes) = feed.size();
        format!(
            r#"{{"name":{},"newest":"{}","messages":{messages},"bytes":{bytes}}}"#,
            json::string(&name),
            feed.newest()
        )
    });
    let (received, sent) = hub.views.bytes();
    let body = format!(
        r#"{{"uptime":{},"threads":{},"max_threads":{},"refused":{},"received":{received},"sent":{sent},"reading":{{{}}},"channels":[{}]}}"#,
        hub.started.elapsed().as_secs(),
        hub.threads.live(),
        hub.threads.max(),
        hub.threads.refused(),
        reading.join(","),
        channels.collect::<Vec<_>>().join(","),
    );
    Response::json(Status::OK, body + "\n").with("Cache-Control", "no-store")
}
