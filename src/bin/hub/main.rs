//! The hub: one feed over all six techniques at once, with the wire in view.
//!
//! Its page reads the same messages six times, side by side, and shows what each way costs.
//! Without the page it is a push server for local development: publish with one `curl`, read with
//! another. Read `answer` for the paths, then `readers.rs`: the six differ in how they wait and in
//! how a message is written, and in nothing else.
//!
//! ```text
//! POST /publish ─▶ Feed ─▶ GET /poll        what is new, now
//!                       ─▶ GET /long-poll   what is new, as soon as there is something
//!                       ─▶ GET /iframe      a script a message
//!                       ─▶ GET /stream      a line of JSON a message
//!                       ─▶ GET /events      an event a message
//!                       ─▶ GET /ws          a WebSocket message a message, and the way back
//! ```
//!
//! The same under `/NAME/…` for a channel of that name.

mod channels;
mod control;
mod pace;
mod readers;
mod redis;
mod sockets;
mod technique;
mod views;

use channels::Channels;
use control::control;
use pace::Pace;
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, announce};
use push_by_hand::server::{Responder, Sent, Threads};
use push_by_hand::websocket::Policy;
use push_by_hand::{clock, json, pages, wire};
use readers::read;
use redis::{Redis, Standing};
use std::io;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Instant;
use technique::Technique;
use views::Views;

const LESSON: Lesson = Lesson {
    own: &[("--redis PLACE", "share the log with other hubs: HOST:PORT or redis://…")],
    ..Lesson::new("hub", "one feed over all six techniques at once, with the wire in view", 4000)
};

struct Hub {
    started: Instant,
    channels: Channels,
    views: Arc<Views>,
    /// Who may open a socket: whoever may publish.
    policy: Policy,
    threads: Arc<Threads>,
    /// How many connections read by each technique at present.
    reading: [AtomicUsize; Technique::ALL.len()],
    pace: Pace,
}

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let views = Arc::new(Views::default());
    // Before the server, which prints by a queue: what is in it when this fails would be lost.
    let redis = match options.arguments.all("--redis").last() {
        None => None,
        Some(place) => Some(Redis::start(place.parse()?, options.wire.then(wire::to_terminal))?),
    };
    let server = options.server_with(Some(views.tap()))?;
    let port = options.bind(&server)?;
    let hub = Arc::new(Hub {
        started: Instant::now(),
        channels: Channels::new(clock::unix_millis(), redis),
        views,
        policy: Policy { origins: options.origins.clone(), ..Policy::default() },
        threads: server.threads(),
        reading: Default::default(),
        pace: Pace::default(),
    });
    let ticking = Arc::clone(&hub);
    thread::Builder::new().name("pace".into()).spawn(move || {
        ticking.pace.tick(|| ticking.channels.publish("", &time_of_day()));
    })?;

    let origin = options.origin("http", &port);
    announce("page", &origin);
    options.what_next(
        LESSON.name,
        &format!("curl -N {origin}/events   # open the page, and it speaks"),
    );
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
    let path = request.path().trim_start_matches('/');
    let (channel, last) = path.rsplit_once('/').unwrap_or(("", path));
    match Technique::named(last) {
        Some(technique) if is_read(request) => read(hub, channel, technique, request, responder),
        technique => {
            // A browser uses a connection again, for anything: only what a technique asks counts
            // as the technique's.
            if technique.is_none() {
                hub.views.detach(responder.connection_number());
            }
            if path == "control" && is_read(request) {
                return control(hub, request, responder);
            }
            responder.send(respond(hub, channel, last, request))
        }
    }
}

fn is_read(request: &Request) -> bool {
    matches!(request.method, Method::Get | Method::Head)
}

/// The answer to whatever is answered at once.
fn respond(hub: &Hub, channel: &str, last: &str, request: &Request) -> Response {
    let read = is_read(request);
    match (channel, last) {
        ("", "status") if read => status(hub),
        ("", "health") if read => {
            Response::text(Status::OK, "ok\n").with("Cache-Control", "no-store")
        }
        (_, "publish") if request.method == Method::Post => publish(hub, channel, request),
        (_, "publish") => Response::other_method(request, "POST"),
        ("", "status" | "health" | "control") => Response::other_method(request, "GET, HEAD"),
        _ if Technique::named(last).is_some() => Response::other_method(request, "GET, HEAD"),
        // `/NAME/` is the page of that channel.
        (channel, "") if hub.channels.feed(channel).is_ok() => pages::file(request, "hub.html"),
        _ => pages::answer(request, "hub.html"),
    }
}

/// `POST /publish`. A channel begins only with a message that is accepted.
fn publish(hub: &Hub, channel: &str, request: &Request) -> Response {
    match lesson::text_to_publish(request) {
        Ok(text) => match hub.channels.publish(channel, text) {
            Ok(id) => lesson::published(id),
            Err(refusal) => refusal.response(),
        },
        Err(refusal) => refusal,
    }
}

/// `GET /status`.
#[inline(never)] // See `control`.
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
    let engine = match hub.channels.engine() {
        None => r#"{"kind":"memory"}"#.to_owned(),
        Some(Standing { address, behind, reconnects }) => format!(
            r#"{{"kind":"redis","address":{},"behind":{},"reconnects":{reconnects}}}"#,
            json::string(&address),
            behind.as_millis()
        ),
    };
    let (received, sent) = hub.views.bytes();
    let (uptime, threads) = (hub.started.elapsed().as_secs(), &hub.threads);
    let (live, max, refused) = (threads.live(), threads.max(), threads.refused());
    let (reading, channels) = (reading.join(","), channels.collect::<Vec<_>>().join(","));
    let served = format!(r#""threads":{live},"max_threads":{max},"refused":{refused}"#);
    let crossed = format!(r#""received":{received},"sent":{sent},"reading":{{{reading}}}"#);
    let kept = format!(r#""engine":{engine},"channels":[{channels}]"#);
    let body = format!("{{\"uptime\":{uptime},{served},{crossed},{kept}}}\n");
    Response::json(Status::OK, body).with("Cache-Control", "no-store")
}
