//! A real browser on every lesson's page: news arrives, and goes on arriving after the server has been away.
//!
//! Every page says how many messages it has received (`data-count` of `#messages`) and how its connection is
//! (`data-state` of `#state`). Screenshots are left in `report/browser/` for a person to look at.

use std::io::{BufRead, BufReader, Write};
use std::net::TcpListener;
use std::sync::{Arc, Mutex};
use std::time::Duration;

use proptest::test_runner::{Config, TestCaseError, TestRunner};
use push_by_hand::websocket::{Client, CloseCode, Message, Url};
use push_by_hand_interop::browser::{Browser, ColorScheme, Page};
use push_by_hand_interop::client;
use push_by_hand_interop::program::{Address, DATA_AND_PAGE, ONE_PORT, Program, SOCKET_AND_PAGE};
use push_by_hand_interop::report;
use push_by_hand_interop::streams::{Told, event_streams, ours};
use serde_json::{Value, json};

/// Long enough for a page that waits a few seconds before it tries again, on a busy machine.
const LIMIT: Duration = Duration::from_secs(45);

/// What an expression in the page says of the lesson.
const COUNT: &str = "Number(document.querySelector('#messages').dataset.count)";
const STATE: &str = "document.querySelector('#state').dataset.state";

/// A lesson in a browser, and what its page has complained about.
struct Lesson {
    name: &'static str,
    program: Program,
    /// Makes a piece of news, in a lesson whose server makes none by itself.
    make_news: fn(&Program, &mut Page),
    /// The state in which the page spends its time when all is well.
    at_rest: &'static str,
    page: Page,
    // Last, so that it outlives its page.
    _browser: Browser,
}

impl Lesson {
    fn open(name: &'static str, addresses: &'static [Address], arguments: &[&str]) -> Lesson {
        let program = Program::start(name, addresses, arguments);
        let mut browser = Browser::start();
        let mut page = browser.open_blank();
        page.resize(1280, 900);
        page.prefer(ColorScheme::Light);
        page.go_to(program.url("page"));
        let text = page.evaluate("document.querySelector('#messages') ? '' : document.body.innerText");
        assert_eq!(text, "", "{name} shows another page than its own");
        Lesson { name, program, make_news: |_, _| (), at_rest: "open", page, _browser: browser }
    }

    fn count(&mut self) -> u64 {
        self.page.evaluate(COUNT).as_u64().expect("the page counts its messages")
    }

    /// Waits for this many messages more than there are now.
    fn receives(&mut self, more: u64) {
        let goal = self.count() + more;
        (0..more).for_each(|_| (self.make_news)(&self.program, &mut self.page));
        let what = format!("{}: message number {goal}", self.name);
        self.page.wait_until(&what, LIMIT, &format!("{COUNT} >= {goal}"));
    }

    fn is(&mut self, state: &str) {
        let what = format!("{}: the state is {state:?}", self.name);
        self.page.wait_until(&what, LIMIT, &format!("{STATE} === {state:?}"));
    }

    fn has_not_complained(&mut self) {
        assert_eq!(self.page.take_complaints(), [""; 0], "{}", self.name);
    }

    fn complains_of_lost_connections_only(&mut self) {
        let complaints = self.page.take_complaints();
        let unexpected: Vec<_> = complaints.into_iter().filter(|complaint| !is_a_lost_server(complaint)).collect();
        assert!(unexpected.is_empty(), "{}: {unexpected:?}", self.name);
    }

    /// No message was lost and none came twice, where the page can tell.
    fn has_every_message_once(&mut self) {
        for figure in ["lost", "double", "differ"] {
            let shown = self.page.evaluate(&format!("document.querySelector('#{figure}')?.textContent ?? '0'"));
            assert_eq!(shown, "0", "{}: messages {figure}", self.name);
        }
    }

    /// Four pictures: a desktop and a phone, light and dark. Neither may be wider than its window.
    fn is_pictured(&mut self) {
        for (width, height) in [(1280, 900), (390, 844)] {
            self.page.resize(width, height);
            for (scheme, word) in [(ColorScheme::Light, "light"), (ColorScheme::Dark, "dark")] {
                self.page.prefer(scheme);
                let file = format!("{}-{width}-{word}.png", self.name);
                self.page.screenshot(&report("browser").join(file));
            }
            let wide = self.page.evaluate("document.documentElement.scrollWidth");
            assert!(wide.as_u64() <= Some(width.into()), "{}: {wide} pixels wide in a window of {width}", self.name);
        }
        self.page.resize(1280, 900);
        self.page.prefer(ColorScheme::Light);
    }

    /// The server dies and comes back; the page says so, and goes on by itself.
    fn survives_a_restart(&mut self) {
        self.has_not_complained();
        self.program.kill();
        self.is("reconnecting");
        self.page.screenshot(&report("browser").join(format!("{}-reconnecting.png", self.name)));
        self.program.start_again();
        self.is(self.at_rest);
        self.receives(2);
        let unexpected: Vec<_> =
            self.page.take_complaints().into_iter().filter(|complaint| !is_a_lost_server(complaint)).collect();
        assert!(unexpected.is_empty(), "{}: {unexpected:?}", self.name);
        self.receives(1);
        self.has_not_complained();
    }

    /// What holds for every lesson in which the server pushes by itself.
    fn works_and_survives(&mut self) {
        self.receives(2);
        self.is(self.at_rest);
        self.is_pictured();
        self.survives_a_restart();
        self.has_every_message_once();
    }
}

/// What the browser itself reports when a server is gone, or when a page gives up an attempt to reach it. No page can prevent it.
fn is_a_lost_server(complaint: &str) -> bool {
    let errors = ["CONNECTION_REFUSED", "CONNECTION_RESET", "CONNECTION_CLOSED", "EMPTY_RESPONSE", "INCOMPLETE_CHUNKED_ENCODING"];
    errors.iter().any(|error| complaint.contains(&format!("net::ERR_{error}")))
        || complaint.contains("WebSocket is closed before the connection is established")
}

#[test]
fn polling_shows_the_time_and_goes_on_after_a_restart() {
    let mut lesson = Lesson::open("polling", DATA_AND_PAGE, &[]);
    lesson.works_and_survives();
}

#[test]
fn polling_for_changes_crosses_a_preflight_and_is_answered_304() {
    let mut lesson = Lesson::open("polling", DATA_AND_PAGE, &[]);
    lesson.receives(1);
    lesson.page.evaluate("document.querySelector('#conditional').click()");
    lesson.page.evaluate("document.querySelector('#every [value=\"250\"]').click()");
    lesson.page.wait_until("an answer without news", LIMIT, "Number(document.querySelector('#unchanged').textContent) >= 2");
    lesson.receives(2);
    lesson.has_not_complained();
}

#[test]
fn long_polling_shows_each_message_once_also_after_a_restart() {
    let mut lesson = Lesson::open("long_polling", ONE_PORT, &[]);
    lesson.at_rest = "waiting";
    // The first message is there from the beginning.
    lesson.page.wait_until("the first message", LIMIT, &format!("{COUNT} === 1"));
    lesson.make_news = |program, _| {
        let url = format!("{}publish", program.url("page"));
        let answer = client::exchange("POST", &url, &[], "published by hand".as_bytes());
        assert_eq!(answer.status, 201, "{answer:?}");
    };
    lesson.works_and_survives();
}

#[test]
fn what_is_published_on_a_page_comes_back_to_it_as_text() {
    let mut lesson = Lesson::open("long_polling", ONE_PORT, &[]);
    lesson.page.wait_until("the first message", LIMIT, &format!("{COUNT} === 1"));
    lesson.page.evaluate("document.querySelector('#text').value = '你好 <b>\\'\"&</b>'");
    lesson.page.evaluate("document.querySelector('#publish').requestSubmit()");
    let shown = "[...document.querySelectorAll('#messages li')].find(row => row.textContent.includes('你好'))?.textContent";
    let shown = lesson.page.wait_until("the published message", LIMIT, shown);
    assert!(shown.as_str().is_some_and(|row| row.contains("你好 <b>'\"&</b>")), "{shown}");
    assert_eq!(lesson.page.evaluate("document.querySelectorAll('#messages b').length"), 0);
    lesson.has_not_complained();
}

#[test]
fn the_iframe_stream_shows_each_message_once_also_after_a_restart() {
    let mut lesson = Lesson::open("iframe_stream", ONE_PORT, &[]);
    lesson.works_and_survives();
}

#[test]
fn event_source_shows_events_and_goes_on_after_a_restart() {
    let mut lesson = Lesson::open("event_source", ONE_PORT, &[]);
    lesson.works_and_survives();
}

#[test]
fn sse_stream_resumes_without_a_gap_after_a_restart() {
    // The lesson's own reconnection time is 20 s.
    let mut lesson = Lesson::open("sse_stream", ONE_PORT, &["--retry-ms", "500"]);
    lesson.works_and_survives();
}

#[test]
fn a_web_socket_pushes_the_feed_and_is_opened_again_after_a_restart() {
    let mut lesson = Lesson::open("websocket", SOCKET_AND_PAGE, &[]);
    lesson.works_and_survives();
}

#[test]
fn the_browser_gets_text_back_as_text_and_bytes_as_bytes_and_closes_with_a_code() {
    let mut lesson = Lesson::open("websocket", SOCKET_AND_PAGE, &[]);
    lesson.receives(1);
    lesson.page.evaluate("document.querySelector('#path [value=\"/echo\"]').click()");
    lesson.page.wait_until("the echo of the page's greeting", LIMIT, &newest("hello"));
    lesson.page.evaluate("document.querySelector('#text').value = '服务器 <b>👋'");
    lesson.page.evaluate("document.querySelector('#sendText').requestSubmit()");
    lesson.page.wait_until("the text", LIMIT, &newest("服务器 <b>👋"));
    lesson.page.evaluate("document.querySelector('#hex').value = '00 ff 80 0a'");
    lesson.page.evaluate("document.querySelector('#sendBytes').requestSubmit()");
    lesson.page.wait_until("the bytes", LIMIT, &newest("00 ff 80 0a"));
    lesson.page.evaluate("document.querySelector('#code').value = '4321'");
    lesson.page.evaluate("document.querySelector('#close').requestSubmit()");
    lesson.is("closed");
    let row = lesson.page.evaluate("[...document.querySelectorAll('#closes tr:first-child td')].map(cell => cell.textContent)");
    assert_eq!((row[1].as_str(), row[4].as_str()), (Some("4321"), Some("true")), "code and wasClean of {row}");
    lesson.has_not_complained();
}

/// Says whether the newest message (not what was sent) has this text.
fn newest(text: &str) -> String {
    format!("document.querySelector('#messages li:not(.up) .data')?.textContent === {}", json!(text))
}

#[test]
fn raw_websocket_returns_what_was_sent_also_after_a_restart() {
    let mut lesson = Lesson::open("raw_websocket", ONE_PORT, &[]);
    // The page's greeting comes back.
    lesson.page.wait_until("the first message", LIMIT, &format!("{COUNT} === 1"));
    lesson.make_news = |_, page| {
        page.evaluate("document.querySelector('#sendText').requestSubmit()");
    };
    lesson.works_and_survives();
}

#[test]
fn raw_websocket_returns_text_of_every_length_form() {
    let mut lesson = Lesson::open("raw_websocket", ONE_PORT, &[]);
    lesson.page.wait_until("the first message", LIMIT, &format!("{COUNT} === 1"));
    for length in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        let goal = lesson.count() + 1;
        lesson.page.evaluate(&format!("socketText = '.'.repeat({length}); document.querySelector('#text').value = socketText"));
        lesson.page.evaluate("document.querySelector('#sendText').requestSubmit()");
        lesson.page.wait_until(&format!("{length} octets"), LIMIT, &format!("{COUNT} === {goal}"));
        lesson.page.wait_until("the same text", LIMIT, "document.querySelector('#messages li .data').textContent === socketText");
    }
    lesson.has_every_message_once();
    lesson.has_not_complained();
}

/// The hub's five panels, one for each technique.
const PANELS: &str = "[...document.querySelectorAll('.technique')]";

/// Opens the hub and waits until its script has made the panels.
fn open_hub() -> Lesson {
    let mut lesson = Lesson::open("hub", ONE_PORT, &[]);
    lesson.page.wait_until("five panels", LIMIT, &format!("{PANELS}.length === 5"));
    lesson
}

/// Waits until each of the five panels has received so many messages more.
fn each_panel_receives(lesson: &mut Lesson, more: u64) {
    let counts = lesson.page.evaluate(&format!("{PANELS}.map(panel => Number(panel.dataset.count) + {more})"));
    let what = format!("each panel of the hub has received {more} more");
    lesson.page.wait_until(&what, LIMIT, &format!("{PANELS}.every((panel, i) => Number(panel.dataset.count) >= {counts}[i])"));
}

fn no_panel_misses_or_doubles(lesson: &mut Lesson) {
    let panels =
        lesson.page.evaluate(&format!("{PANELS}.map(({{dataset: of}}) => [of.technique, of.missed, of.double].join(' '))"));
    for panel in panels.as_array().expect("a list").iter().map(|panel| panel.as_str().unwrap_or_default()) {
        assert!(panel.ends_with(" 0 0"), "technique, missed, double: {panel}");
    }
}

#[test]
fn the_hub_shows_five_techniques_and_all_go_on_after_a_restart() {
    let mut lesson = open_hub();
    each_panel_receives(&mut lesson, 2);
    lesson.is("open");
    lesson.is_pictured();
    lesson.survives_a_restart();
    each_panel_receives(&mut lesson, 2);
    no_panel_misses_or_doubles(&mut lesson);
}

#[test]
fn what_is_said_on_the_hub_is_heard_by_five_techniques_as_text() {
    let mut lesson = open_hub();
    each_panel_receives(&mut lesson, 1);
    // Else the time would take its place at once.
    lesson.page.evaluate("document.querySelector('#speaks').click()");
    for (way, text) in [("post", "你好 <b>'\"&</b>"), ("ws", "</script> by a frame")] {
        lesson.page.evaluate(&format!("document.querySelector('#way [value={way}]').click()"));
        lesson.page.evaluate(&format!("document.querySelector('#text').value = {}", json!(text)));
        lesson.page.evaluate("document.querySelector('#publish').requestSubmit()");
        let heard = format!("{PANELS}.every(panel => panel.querySelector('.data').textContent === {})", json!(text));
        lesson.page.wait_until(&format!("every panel shows {text}"), LIMIT, &heard);
    }
    assert_eq!(lesson.page.evaluate("document.querySelectorAll('.technique .data *').length"), 0);
    no_panel_misses_or_doubles(&mut lesson);
    lesson.has_not_complained();
}

#[test]
fn nothing_is_lost_when_the_hub_cuts_every_connection() {
    let mut lesson = open_hub();
    each_panel_receives(&mut lesson, 1);
    lesson.page.evaluate(&format!("{PANELS}.forEach(panel => panel.querySelector('.cut').click())"));
    each_panel_receives(&mut lesson, 3);
    lesson.is("open");
    no_panel_misses_or_doubles(&mut lesson);
    lesson.complains_of_lost_connections_only();
}

#[test]
fn the_hub_takes_the_wire_apart() {
    let mut lesson = open_hub();
    lesson.page.evaluate("document.querySelector('#openWire').click()");
    lesson.page.wait_until("ten crossings", LIMIT, "document.querySelectorAll('#crossings > li').length >= 10");
    lesson.page.screenshot(&report("browser").join("hub-wire.png"));
    each_panel_receives(&mut lesson, 1);
    lesson.has_not_complained();
}

/// The browser's own EventSource is the judge of what an event stream means.
#[test]
fn our_reader_finds_the_same_events_as_the_browser() {
    let stream = Arc::new(Mutex::new(Vec::new()));
    let origin = serve_stream(Arc::clone(&stream));
    let mut browser = Browser::start();
    let mut page = browser.open_blank();
    page.go_to(&origin);
    page.evaluate(
        "read = async () => {
            const source = new EventSource('/stream'), events = [];
            for (const type of ['message', 'tick', 'notice'])
                source.addEventListener(type, e => events.push([e.type, e.data, e.lastEventId]));
            await new Promise(ended => source.addEventListener('error', ended));
            source.close();
            return events;
         }, 0",
    );
    let page = std::cell::RefCell::new(page);
    let mut runner = TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&event_streams(), |bytes| {
        *stream.lock().expect("the server does not panic") = bytes.clone();
        let events = page.borrow_mut().evaluate("read()");
        let text_at = |event: &Value, i: usize| event[i].as_str().unwrap_or_default().to_string();
        let theirs: Vec<_> = events
            .as_array()
            .expect("a list of events")
            .iter()
            .map(|event| Told { event: text_at(event, 0), data: text_at(event, 1), last_event_id: text_at(event, 2) })
            .collect();
        let ours = ours(bytes.as_slice());
        if ours == theirs {
            Ok(())
        } else {
            Err(TestCaseError::fail(format!("{}\nours: {ours:?}\nthe browser's: {theirs:?}", bytes.escape_ascii())))
        }
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// A browser is a server too: its debugging protocol begins with HTTP.
#[test]
fn our_http_client_understands_the_server_inside_the_browser() {
    let browser = Browser::start();
    let (authority, _) = browser.endpoint().trim_start_matches("ws://").split_once('/').expect("a path");
    let answer = client::exchange("GET", &format!("http://{authority}/json/version"), &[], b"");
    let version: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!((answer.status, version["webSocketDebuggerUrl"].as_str()), (200, Some(browser.endpoint())), "{answer:?}");
    let refusal = client::exchange("GET", &format!("http://{authority}/json/no-such-page"), &[], b"");
    assert_eq!(refusal.status, 404, "{refusal:?}");
}

/// And then it is a WebSocket, which sends text of any length.
#[test]
fn our_web_socket_client_gives_the_browser_commands() {
    let mut browser = Browser::start();
    let page = browser.open_blank();
    let url = Url::parse(page.endpoint()).expect("a URL");
    let mut client = Client::connect(&url, &[]).expect("the opening handshake");
    let mut socket = client.socket();
    for (id, length) in [0, 1, 125, 126, 65_535, 65_536, 1 << 20].into_iter().enumerate() {
        let expression = format!("'服'.repeat({length})");
        let command = json!({"id": id, "method": "Runtime.evaluate", "params": {"expression": expression}});
        socket.send_text(&command.to_string()).expect("the browser reads");
        let Some(Message::Text(answer)) = socket.receive().expect("the browser answers") else { panic!("no text came") };
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["id"], id);
        assert!(answer["result"]["result"]["value"].as_str() == Some(&"服".repeat(length)), "{length} characters");
    }
    socket.close(CloseCode::NORMAL, "").expect("the browser answers a Close");
}

/// Serves an empty page, and at `/stream` whatever is in `stream` at that moment, in one answer that ends by closing.
fn serve_stream(stream: Arc<Mutex<Vec<u8>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let origin = format!("http://{}/", listener.local_addr().expect("a bound listener has an address"));
    std::thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&connection).lines().map_while(Result::ok);
            let wants_stream = lines.next().is_some_and(|line| line.starts_with("GET /stream "));
            lines.find(String::is_empty);
            let (kind, body) = match wants_stream {
                true => ("text/event-stream", stream.lock().expect("no test panics while it holds this").clone()),
                false => ("text/html", b"<title>stream</title><link rel=icon href=data:,>".to_vec()),
            };
            let head = format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n");
            // A browser that has gone away has no use for the rest.
            let _ = connection.write_all(&[head.as_bytes(), &body].concat());
        }
    });
    origin
}

/// The helper itself is tried: it must hear what a page complains about, and only that.
#[test]
fn the_console_of_a_page_is_heard() {
    let mut browser = Browser::start();
    let mut page = browser.open_blank();
    page.go_to(
        "data:text/html,<p>hello</p><script>console.log('fine'); console.error('bad', 7); console.warn('careful');
         setTimeout(() => { document.title = 'late'; nowhere() }, 50)</script>",
    );
    page.wait_until("the page's timer", LIMIT, "document.title === 'late'");
    let complaints = page.take_complaints();
    assert_eq!(complaints.len(), 3, "{complaints:?}");
    assert_eq!(complaints[0], "console: bad 7");
    assert_eq!(complaints[1], "console: careful");
    assert!(complaints[2].contains("nowhere is not defined"), "{complaints:?}");
    assert!(page.take_complaints().is_empty());
}

#[test]
fn sizes_and_colours_are_emulated() {
    let mut browser = Browser::start();
    let mut page = browser.open_blank();
    page.resize(390, 844);
    page.prefer(ColorScheme::Dark);
    page.go_to(
        "data:text/html,<meta name=viewport content='width=device-width'>
         <style>@media (prefers-color-scheme: dark) { body { background: black } }</style>",
    );
    assert_eq!(page.evaluate("innerWidth"), 390);
    assert_eq!(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgb(0, 0, 0)");
    page.prefer(ColorScheme::Light);
    assert_eq!(page.evaluate("getComputedStyle(document.body).backgroundColor"), "rgba(0, 0, 0, 0)");
}
