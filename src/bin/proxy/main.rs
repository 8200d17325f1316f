//! A bad network in a box: stands between a browser and any lesson, passes HTTP/1.1 and WebSocket
//! on, and does to them what networks do, at the turn of a switch.
//!
//! ```text
//! browser ──▶ 4001 ──▶ pass (a request, an answer) ──▶ --to
//!                       │ line (a direction: delay, rate, pieces, silence)
//! browser ──▶ 4002      └ network (the switches, the connections), as a page or by curl
//! ```
//!
//! Read `pass::pass` first, which is all that a proxy must do (RFC 9110 §7.6), then `line`, which
//! is what it should not.
//!
//! Left out: TLS, caching, connections kept open to the server, more than one server.

mod line;
mod network;
mod pass;

use network::{Network, SWITCHES};
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::lesson::{Failure, Lesson, announce};
use push_by_hand::pages;
use push_by_hand::websocket::Url;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

const LESSON: Lesson = Lesson {
    page_port: Some(4002),
    own: &[
        ("--to HOST:PORT", "the server behind it (default localhost:4000)"),
        ("--answer-ms N", "how long that may take to answer (default 60000)"),
        ("--delay N", "milliseconds that everything takes, each way"),
        ("--rate N", "bytes that pass in a second, each way"),
        ("--pieces N", "bytes that are passed on at a time"),
        ("--hold N", "hold each answer back until it is complete or N KiB"),
        ("", "(65536 at most)"),
        ("--idle N", "cut after N milliseconds of silence"),
        ("--upgrade N", "1: drop Upgrade, as an old proxy does"),
        ("--refuse N", "1: answer 502 instead of asking the server"),
        ("--fail N", "cut each N-th request without an answer"),
        ("--silence N", "1: pass nothing on, and close nothing"),
    ],
    ..Lesson::new("proxy", "a bad network in a box, between a browser and any lesson", 4001)
};

/// How often it looks for connections that have been silent too long.
const LOOK: Duration = Duration::from_millis(50);

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let network = Arc::new(network(&options.arguments).unwrap_or_else(|error| LESSON.fail(&error)));
    let server = options.server()?;
    let page = options.bind_page(&server)?;
    let mut port = options.bind(&server)?;
    // Who may read and publish is for the server behind it to say.
    port.cors = None;

    announce("page", &options.origin("http", &page));
    announce("proxy", &options.origin("http", &port));
    let command = format!("curl -d delay=200 {}/set", options.origin("http", &page));
    options.what_next(LESSON.name, &command);
    let cutting = Arc::clone(&network);
    thread::Builder::new().name("idle".into()).spawn(move || {
        loop {
            thread::sleep(LOOK);
            cutting.cut_the_silent();
        }
    })?;
    let (shown, at) = (Arc::clone(&network), port.number);
    page.serve(move |request, responder| responder.send(control(&shown, at, request)))?;
    let threads = server.threads();
    port.serve(move |request, responder| pass::pass(&network, &threads, request, responder))?;
    server.wait()
}

/// The network that the command line describes.
fn network(arguments: &push_by_hand::arguments::Arguments) -> Result<Network, String> {
    let to = arguments.all("--to").last().unwrap_or("localhost:4000");
    let to = Url::parse(&format!("http://{to}/"))?;
    let answer = Duration::from_millis(arguments.number("--answer-ms", 60_000)?);
    let network = Network::new(to, answer);
    for name in SWITCHES {
        network.set(&[(name, arguments.number(&format!("--{name}"), 0)?)]);
    }
    Ok(network)
}

/// The page, and what it asks: `GET /state`, `POST /set` with `delay=200&pieces=1`, `POST /cut`.
fn control(network: &Network, at: u16, request: &Request) -> Response {
    match (request.method, request.path()) {
        (Method::Get | Method::Head, "/state") => {
            Response::json(Status::OK, network.to_json(at) + "\n").with("Cache-Control", "no-store")
        }
        (Method::Post, "/cut") => {
            network.cut_all();
            Response::new(Status::NO_CONTENT)
        }
        (Method::Post, "/set") => set(network, &String::from_utf8_lossy(&request.body)),
        (_, "/state") => Response::other_method(request, "GET, HEAD"),
        (_, "/set" | "/cut") => Response::other_method(request, "POST"),
        _ => pages::answer(request, "proxy.html"),
    }
}

/// Turns switches, all that are named or none.
fn set(network: &Network, form: &str) -> Response {
    let mut wanted = Vec::new();
    for pair in form.trim_end().split('&') {
        let (name, value) = pair.split_once('=').unwrap_or((pair, ""));
        match (SWITCHES.into_iter().find(|known| *known == name), value.parse()) {
            (Some(name), Ok(value)) => wanted.push((name, value)),
            _ => {
                let expected =
                    format!("expected one of {} = a number; came \"{pair}\"", SWITCHES.join(", "));
                return Response::refusal(Status::BAD_REQUEST, &expected);
            }
        }
    }
    network.set(&wanted);
    Response::new(Status::NO_CONTENT)
}
