//! The hub: one feed over all five techniques at once, with the wire in view.
//!
//! Its page reads the same messages five times, side by side, and shows what each way costs.
//! Without the page it is a push server for local development: publish with one `curl`, read with
//! another. Read `answer` for the paths, then the five readers below it: they differ in how they
//! wait and in how a message is written, and in nothing else.
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

use push_by_hand::channels::Channels;
use push_by_hand::cors::{Cors, refuse_foreign_page};
use push_by_hand::event_stream::Event;
use push_by_hand::feed::{Feed, Gap, Id, News};
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, announce};
use push_by_hand::server::{Load, Responder, Sent};
use push_by_hand::views::{Technique, View, Views};
use push_by_hand::websocket::{self, CloseCode, Sender, WebSocket};
use push_by_hand::{clock, json, pages};
use std::io;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

const LESSON: Lesson = Lesson {
    takes_origins: true,
    ..Lesson::new("hub", "one feed over all five techniques at once, with the wire in view", 4000)
};

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
/// How often a page is told its totals, at most.
const TOTALS: Duration = Duration::from_millis(250);

struct Hub {
    started: Instant,
    channels: Channels,
    views: Arc<Views>,
    cors: Cors,
    load: Load,
    /// How many connections read by each technique at present.
    reading: [AtomicUsize; 5],
    pace: Pace,
}

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let views = Arc::new(Views::default());
    let server = options.server_with(Some(views.tap()));
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
        load: server.load(),
        reading: Default::default(),
        pace: Pace::default(),
    });
    let ticking = Arc::clone(&hub);
    thread::Builder::new()
        .name("pace".into())
        .spawn(move || {
            ticking.pace.tick(|| ticking.channels.get("").map(|feed| feed.publish(&time_of_day())))
        })
        .expect("a first thread starts because none has been started yet");

    announce("page", &options.origin("http", &port));
    port.serve(move |request, responder| answer(&hub, request, responder));
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
fn read(
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
            &reader.hub.load.clone(),
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
fn both_ways(
    load: &Load,
    socket: &mut WebSocket,
    push: impl FnOnce(&Sender, &AtomicBool) -> Result<(), websocket::Error> + Send,
    hear: impl Fn(&Sender, &str) -> Result<(), websocket::Error>,
) -> Result<(), websocket::Error> {
    // The second thread counts like any other: the process must not run out of them.
    let Some(_reserved) = load.reserve() else {
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

/// The page's own socket: its totals and what crosses its connections down, its wishes up. It is
/// attached to no view, so it shows and counts nothing of itself.
///
/// A wish is a few words: `rate 1000` (milliseconds between messages; `rate off`), `show all`,
/// `show events`, `show none`, `cut events`.
fn control(hub: &Hub, request: &Request, responder: Responder) -> io::Result<Sent> {
    let open = match hub.views.open(&request.query("view").unwrap_or_default()) {
        Ok(open) => open,
        Err(expected) => return responder.send(Response::refusal(Status::BAD_REQUEST, &expected)),
    };
    websocket::serve(request, responder, &websocket::Policy::default(), |socket| {
        let _page = hub.pace.page();
        let view = &open.view;
        both_ways(
            &hub.load,
            socket,
            |sender, ended| {
                let (mut after, mut told) = (view.crossings.newest(), String::new());
                while !ended.load(Ordering::Relaxed) {
                    let news = view.crossings.wait_after(after, Instant::now() + TOTALS);
                    after = news.last;
                    if !news.is_empty() {
                        let crossings: Vec<&str> =
                            news.messages.iter().map(|message| message.data.as_str()).collect();
                        let missed = json::missed(news.gap);
                        sender.send_text(&format!(
                            r#"{{"missed":{missed},"crossings":[{}]}}"#,
                            crossings.join(",")
                        ))?;
                    }
                    let totals = format!(
                        r#"{{"totals":{},"rate":{}}}"#,
                        view.totals_to_json(),
                        hub.pace.milliseconds()
                    );
                    if totals != told {
                        sender.send_text(&totals)?;
                        told = totals;
                    }
                }
                Ok(())
            },
            |sender, wish| match obey(hub, view, wish) {
                Ok(()) => Ok(()),
                Err(expected) => {
                    sender.send_text(&format!(r#"{{"refused":{}}}"#, json::string(&expected)))
                }
            },
        )
    })
}

/// Does what a page wishes.
///
/// # Errors
/// What was expected and what came.
fn obey(hub: &Hub, view: &View, wish: &str) -> Result<(), String> {
    let technique = |name: &str| {
        Technique::named(name).ok_or_else(|| format!("expected a technique; came \"{name}\""))
    };
    match wish.split_once(' ').unwrap_or((wish, "")) {
        ("rate", "off") => hub.pace.set(None),
        ("rate", milliseconds) => match milliseconds.parse() {
            Ok(number @ 20..=3_600_000) => hub.pace.set(Some(Duration::from_millis(number))),
            _ => {
                return Err(format!(
                    "expected 20 to 3600000 milliseconds, or off; came \"{milliseconds}\""
                ));
            }
        },
        ("show", "all") => view.show(|_| true),
        ("show", "none") => view.show(|_| false),
        ("show", name) => {
            let shown = technique(name)?;
            view.show(|technique| technique == shown);
        }
        ("cut", name) => view.cut(technique(name)?),
        (other, _) => return Err(format!("expected rate, show or cut; came \"{other}\"")),
    }
    Ok(())
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
        hub.load.threads(),
        hub.load.max_threads(),
        hub.load.refused(),
        reading.join(","),
        channels.collect::<Vec<_>>().join(","),
    );
    Response::json(Status::OK, body + "\n").with("Cache-Control", "no-store")
}

/// How often the hub itself says something: as often as the page that spoke last wants, and not at
/// all while no page is open.
struct Pace {
    state: Mutex<PaceState>,
    changed: Condvar,
}

struct PaceState {
    pages: usize,
    interval: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            state: Mutex::new(PaceState { pages: 0, interval: Some(Duration::from_secs(1)) }),
            changed: Condvar::new(),
        }
    }
}

impl Pace {
    fn lock(&self) -> MutexGuard<'_, PaceState> {
        self.state.lock().expect("nothing panics under this lock because it only counts")
    }

    fn set(&self, interval: Option<Duration>) {
        self.lock().interval = interval;
        self.changed.notify_all();
    }

    /// As the page reads it: milliseconds, or `null`.
    fn milliseconds(&self) -> String {
        self.lock().interval.map_or("null".into(), |interval| interval.as_millis().to_string())
    }

    /// Counts a page in until the guard is dropped.
    fn page(&self) -> Page<'_> {
        self.lock().pages += 1;
        self.changed.notify_all();
        Page(self)
    }

    /// Calls `tick` at this pace, for ever.
    fn tick<T>(&self, tick: impl Fn() -> T) {
        let mut due = Instant::now();
        let mut state = self.lock();
        loop {
            let poisoned = "nothing panics under this lock because it only counts";
            let Some(interval) = state.interval.filter(|_| state.pages > 0) else {
                state = self.changed.wait(state).expect(poisoned);
                due = Instant::now();
                continue;
            };
            // A pace that has been changed counts from the last tick; one that was missed is not
            // made up for.
            let next = due + interval;
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                due = next.max(Instant::now() - interval);
                drop(state);
                tick();
                state = self.lock();
            } else {
                (state, _) = self.changed.wait_timeout(state, left).expect(poisoned);
            }
        }
    }
}

/// One open page.
struct Page<'a>(&'a Pace);

impl Drop for Page<'_> {
    fn drop(&mut self) {
        self.0.lock().pages -= 1;
    }
}
