//! The fetch stream: an answer that goes on, and a script that reads it piece by piece.
//!
//! The request is a script's own, with any method, fields and body, so it can bring a login and say
//! where to go on. What the browser hands over is bytes as they come: lines, characters, silence
//! and coming back are the script's business. Read `clock` first.

use push_by_hand::cors::Cors;
use push_by_hand::feed::{Feed, Gap, Id};
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, announce};
use push_by_hand::{clock as time, json, pages};
use std::io;
use std::thread;
use std::time::{Duration, Instant};

const LESSON: Lesson =
    Lesson::new("fetch_stream", "an endless answer to a POST, a line a message", 8090);

/// The login, for demonstration only: a password that everybody can read here is none. What counts
/// is the place: a field of the request, which neither an iframe nor an EventSource can set.
const TOKEN: &str = "open-sesame";
/// The longest silence. The line that breaks it reaches the page's script.
const HEARTBEAT: Duration = Duration::from_secs(5);
/// How many ticks the log keeps: five minutes of them.
const KEPT: usize = 300;
/// With `?cut=on` a piece ends so many bytes before its line: behind the first of the three bytes
/// of 秒, and before `"}` and the line feed.
const CUT: usize = 5;
/// The pause between two words of the assistant.
const PAUSE: Duration = Duration::from_millis(60);

const ENGLISH: &str = "I am no assistant: these words stand in src/bin/fetch_stream.rs, and \
    everybody is told the same. What you see is how they come: a line of JSON for each, in an \
    answer that is not complete yet, and the page puts them together. Press Stop: my next write \
    fails, and the thread that speaks to you is free.";
const CHINESE: &str = "我不是真的助手：这些话就写在 src/bin/fetch_stream.rs 里，对谁都一样。你看到的\
    是它们怎样到来：每个字是一行 JSON，响应还没有写完，页面边收边拼。按“停止”，我的下一次写就会失败，\
    对你说话的这个线程就空出来了。";

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let server = options.server()?;
    let mut port = options.bind(&server)?;
    let feed = lesson::ticks(KEPT, tick)?;
    port.cors = Some(Cors {
        origins: options.origins.clone(),
        methods: "POST",
        request_fields: "Authorization",
        response_fields: "",
    });

    let origin = options.origin("http", &port);
    announce("page", &origin);
    let command = format!("curl -N -d '' -H 'Authorization: Bearer {TOKEN}' {origin}/clock");
    options.what_next(LESSON.name, &command);
    port.serve(move |request, responder| {
        let head = || Response::stream("application/x-ndjson");
        match (request.method, request.path()) {
            (Method::Post, "/clock" | "/assistant") if !may_read(request) => {
                let expected = "expected the field Authorization as this page sends it";
                let refusal = Response::refusal(Status::UNAUTHORIZED, expected);
                // RFC 9110 §11.6.1: a 401 says which kind of login would do.
                responder.send(refusal.with("WWW-Authenticate", "Bearer"))
            }
            (Method::Post, "/clock") => match cursor(request, &feed) {
                Ok(after) => {
                    let cut = request.query("cut").as_deref() == Some("on");
                    responder.stream(head(), |chunks| clock(&feed, after, cut, chunks))
                }
                Err(refusal) => responder.send(refusal),
            },
            (Method::Post, "/assistant") => match lesson::refuse_coded(request) {
                Some(refusal) => responder.send(refusal),
                None => responder.stream(head(), |chunks| assistant(request, chunks)),
            },
            (_, "/clock" | "/assistant") => responder.send(Response::other_method(request, "POST")),
            _ => responder.send(pages::answer(request, "fetch_stream.html")),
        }
    })?;
    server.wait()
}

fn may_read(request: &Request) -> bool {
    let login = request.fields.get("authorization").and_then(|login| login.split_once(' '));
    // RFC 9110 §11.1: the kind of login is named in small letters or capitals.
    login.is_some_and(|(kind, token)| kind.eq_ignore_ascii_case("bearer") && token == TOKEN)
}

/// Where to go on: the body of the request says it.
fn cursor(request: &Request, feed: &Feed) -> Result<Id, Response> {
    if let Some(refusal) = lesson::refuse_coded(request) {
        return Err(refusal);
    }
    // No id is as long as this, and what is none is said back.
    let body = &request.body[..request.body.len().min(64)];
    match &*String::from_utf8_lossy(body) {
        "" => Ok(feed.before_newest()),
        id => id.parse().map_err(|why: String| Response::refusal(Status::BAD_REQUEST, &why)),
    }
}

/// The time in Chinese: its characters are three bytes each, and can be cut in two.
fn tick(now: u64) -> String {
    let time = time::time_of_day(now / 1000);
    format!("{}点{}分{}秒", &time[..2], &time[3..5], &time[6..])
}

/// The lesson: a line of JSON for each message, for as long as the client reads. Whatever else is
/// to be said is a line too, and so the script hears it.
fn clock(feed: &Feed, mut after: Id, cut: bool, chunks: &ChunkedWriter) -> io::Result<()> {
    let mut text = Vec::new();
    // The answer begins at once, with what there is; only then does it wait.
    let mut patience = Duration::ZERO;
    loop {
        let news = feed.wait_after(after, Instant::now() + patience);
        if news.gap != Gap::None {
            text.extend(format!("{{\"missed\":{}}}\n", json::missed(news.gap)).bytes());
        }
        for message in &news.messages {
            text.extend((json::message(message) + "\n").bytes());
        }
        if news.is_empty() {
            text.extend(b"{\"heartbeat\":true}\n");
        }
        // Any network may cut like this; here the rest comes a second later, with the next line.
        let held_back = if cut { CUT } else { 0 };
        let piece = text.len() - held_back;
        chunks.send(&text[..piece])?;
        text.drain(..piece);
        after = news.last;
        patience = HEARTBEAT;
    }
}

/// What everybody knows such answers from: word by word, in Chinese character by character.
fn assistant(request: &Request, chunks: &ChunkedWriter) -> io::Result<()> {
    let text = if request.body.is_ascii() { ENGLISH } else { CHINESE };
    for word in text.split_inclusive(|c: char| c == ' ' || !c.is_ascii()) {
        chunks.send(format!("{{\"word\":{}}}\n", json::string(word)).as_bytes())?;
        thread::sleep(PAUSE);
    }
    chunks.send(b"{\"done\":true}\n")
}
