//! A real browser on every lesson's page: news arrives, and goes on arriving after the server has
//! been away.
//!
//! Every page says how many messages it has received (`data-count` of `#messages`) and how its
//! connection is (`data-state` of `#state`). Screenshots are left in `report/browser/` for a person
//! to look at.

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

/// Whether the page has its texts and its head.
const FURNISHED: &str = "document.body && 'furnished' in document.body.dataset";

/// A lesson in a browser, and what its page has complained about.
struct Lesson {
    name: &'static str,
    program: Program,
    /// Makes a piece of news, in a lesson whose server makes none by itself.
    make_news: fn(&Program, &mut Page),
    /// The state in which the page spends its time when all is well.
    at_rest: &'static str,
    restarted: bool,
    page: Page,
    // Last, so that it outlives its page.
    browser: Browser,
}

impl Lesson {
    fn open(name: &'static str, addresses: &'static [Address], arguments: &[&str]) -> Lesson {
        let program = Program::start(name, addresses, arguments);
        let mut browser = Browser::start();
        let mut page = browser.open_blank();
        page.resize(1280, 900);
        page.prefer(ColorScheme::Light);
        page.go_to(program.url("page"));
        page.wait_until(name, LIMIT, FURNISHED);
        assert_eq!(page.evaluate("document.body.dataset.lesson"), name);
        Lesson {
            name,
            program,
            make_news: |_, _| (),
            at_rest: "open",
            restarted: false,
            page,
            browser,
        }
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

    /// No message was lost and none came twice, where the page can tell. After a restart of the
    /// server it cannot, and says so.
    fn has_every_message_once(&mut self) {
        for figure in ["lost", "double", "differ"] {
            let shown = self
                .page
                .evaluate(&format!("document.querySelector('#{figure}')?.textContent ?? '0'"));
            let unknown = figure == "lost" && self.restarted && shown == "0 + ?";
            assert!(shown == "0" || unknown, "{}: messages {figure}: {shown}", self.name);
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
            assert!(
                wide.as_u64() <= Some(width.into()),
                "{}: {wide} pixels wide in a window of {width}",
                self.name
            );
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
        self.restarted = true;
        self.is(self.at_rest);
        self.receives(2);
        let unexpected: Vec<_> = self
            .page
            .take_complaints()
            .into_iter()
            .filter(|complaint| !is_a_lost_server(complaint))
            .collect();
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

/// What the browser itself reports when a server is gone, or when a page gives up an attempt to
/// reach it. No page can prevent it.
fn is_a_lost_server(complaint: &str) -> bool {
    let errors = [
        "CONNECTION_REFUSED",
        "CONNECTION_RESET",
        "CONNECTION_CLOSED",
        "EMPTY_RESPONSE",
        "INCOMPLETE_CHUNKED_ENCODING",
    ];
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
    lesson.page.wait_until(
        "an answer without news",
        LIMIT,
        "Number(document.querySelector('#unchanged').textContent) >= 2",
    );
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
fn the_fetch_stream_shows_each_message_once_however_it_is_cut_also_after_a_restart() {
    let mut lesson = Lesson::open("fetch_stream", ONE_PORT, &[]);
    lesson.page.evaluate("document.querySelector('#cut').click()");
    let cut = "Number(document.querySelector('#inCharacter').textContent) >= 2";
    lesson.page.wait_until("pieces cut in a character", LIMIT, cut);
    let careless = "document.querySelector('#careless').textContent.includes('\\ufffd')";
    assert_eq!(lesson.page.evaluate(careless), true);
    let now = lesson.page.evaluate("document.querySelector('#messages li').textContent");
    assert!(now.as_str().is_some_and(|row| row.contains('秒')), "{now}");
    lesson.page.evaluate("document.querySelector('#ask').requestSubmit()");
    let words = "document.querySelector('#words').textContent.endsWith('is free.')";
    lesson.page.wait_until("the whole answer", LIMIT, words);
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
    let row = lesson.page.evaluate(
        "[...document.querySelectorAll('#closes tr:first-child td')].map(cell => cell.textContent)",
    );
    assert_eq!(
        (row[1].as_str(), row[4].as_str()),
        (Some("4321"), Some("true")),
        "code and wasClean of {row}"
    );
    // A code is no amount: 4,321 would be one.
    let state = lesson.page.evaluate("document.querySelector('#state').textContent");
    assert!(state.as_str().is_some_and(|state| state.contains("4321")), "{state}");
    lesson.has_not_complained();
}

/// Says whether the newest message (not what was sent) has this text.
fn newest(text: &str) -> String {
    format!(
        "document.querySelector('#messages li:not(.up) .data')?.textContent === {}",
        json!(text)
    )
}

#[test]
fn raw_websocket_returns_what_was_sent_also_after_a_restart() {
    let mut lesson = Lesson::open("raw_websocket", SOCKET_AND_PAGE, &[]);
    // The page's greeting comes back.
    lesson.page.wait_until("the first message", LIMIT, &format!("{COUNT} === 1"));
    lesson.make_news = |_, page| {
        page.evaluate("document.querySelector('#sendText').requestSubmit()");
    };
    lesson.works_and_survives();
}

#[test]
fn raw_websocket_returns_text_of_every_length_form() {
    let mut lesson = Lesson::open("raw_websocket", SOCKET_AND_PAGE, &[]);
    lesson.page.wait_until("the first message", LIMIT, &format!("{COUNT} === 1"));
    for length in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        let goal = lesson.count() + 1;
        lesson.page.evaluate(&format!(
            "socketText = '.'.repeat({length}); document.querySelector('#text').value = socketText"
        ));
        lesson.page.evaluate("document.querySelector('#sendText').requestSubmit()");
        lesson.page.wait_until(&format!("{length} bytes"), LIMIT, &format!("{COUNT} === {goal}"));
        lesson.page.wait_until(
            "the same text",
            LIMIT,
            "document.querySelector('#messages li .data').textContent === socketText",
        );
    }
    lesson.has_every_message_once();
    lesson.has_not_complained();
}

/// The hub's panels, by the last part of the path that each of them reads.
const TECHNIQUES: [&str; 6] = ["poll", "long-poll", "iframe", "stream", "events", "ws"];

/// What the hub's page says on each of its panels, in the order of `TECHNIQUES`.
fn panels(lesson: &mut Lesson, expression: &str) -> Vec<Value> {
    let list =
        format!("[...document.querySelectorAll('[data-technique]')].map(panel => {expression})");
    lesson.page.evaluate(&list).as_array().expect("a list").clone()
}

/// Waits until this is true on every panel.
fn every_panel(lesson: &mut Lesson, what: &str, expression: &str) {
    // Before the page's script has run there are no panels, of which everything would be true.
    let all = format!(
        "(panels => panels.length === {} && panels.every(panel => {expression}))([...document.querySelectorAll('[data-technique]')])",
        TECHNIQUES.len()
    );
    lesson.page.wait_until(what, LIMIT, &all);
}

/// How many messages each panel has received, once all of them have the newest one and the hub says
/// nothing more.
fn counts_at_rest(lesson: &mut Lesson) -> Vec<u64> {
    lesson.page.evaluate(
        "document.querySelector('#speaks').checked && document.querySelector('#speaks').click()",
    );
    // A message of our own is the last one, when all panels have it.
    let last = format!("last of {}", lesson.count());
    let url = format!("{}publish", lesson.program.url("page"));
    assert_eq!(client::exchange("POST", &url, &[], last.as_bytes()).status, 201);
    every_panel(
        lesson,
        "the last message on every panel",
        &format!("panel.querySelector('.data').textContent === {}", json!(last)),
    );
    let counts = panels(lesson, "Number(panel.dataset.count)");
    counts.iter().map(|count| count.as_u64().expect("a count")).collect()
}

/// Lets the hub speak so often: a position of the slider.
fn speak(lesson: &mut Lesson, position: u32) {
    lesson.page.evaluate(&format!(
        "rate = document.querySelector('#rate'), rate.value = {position}, rate.dispatchEvent(new Event('input')), 0"
    ));
}

fn has_every_message_once_on_every_panel(lesson: &mut Lesson) {
    for (technique, panel) in TECHNIQUES.iter().zip(panels(lesson, "({...panel.dataset})")) {
        assert_eq!(panel["technique"], *technique);
        assert_eq!(
            (panel["missed"].as_str(), panel["double"].as_str()),
            (Some("0"), Some("0")),
            "{panel}"
        );
    }
}

#[test]
fn the_hub_brings_every_message_to_six_panels_also_after_a_restart() {
    let mut lesson = Lesson::open("hub", ONE_PORT, &[]);
    every_panel(&mut lesson, "two messages on every panel", "panel.dataset.count >= 2");
    every_panel(
        &mut lesson,
        "what they cost",
        "Number(panel.querySelector('.down-bytes').textContent.replace(/\\D/g, '')) > 100",
    );
    lesson.works_and_survives();
    let before = counts_at_rest(&mut lesson);
    lesson.page.evaluate("document.querySelector('#text').value = '你好 <b>all</b>'");
    lesson.page.evaluate("document.querySelector('#publish').requestSubmit()");
    every_panel(
        &mut lesson,
        "the text, as text",
        "panel.querySelector('.data').textContent === '你好 <b>all</b>'",
    );
    lesson.page.wait_until(
        "the six delays",
        LIMIT,
        "[...document.querySelectorAll('#race dd')].every(late => / ms$/.test(late.textContent))",
    );
    let after = panels(&mut lesson, "Number(panel.dataset.count)");
    assert!(
        before.iter().zip(&after).all(|(before, after)| after.as_u64() == Some(before + 1)),
        "{before:?} {after:?}"
    );
    has_every_message_once_on_every_panel(&mut lesson);
    lesson.has_not_complained();
}

#[test]
fn each_panel_of_the_hub_recovers_from_a_cut_with_nothing_lost() {
    let mut lesson = Lesson::open("hub", ONE_PORT, &[]);
    every_panel(&mut lesson, "a message on every panel", "panel.dataset.count >= 1");
    let before = counts_at_rest(&mut lesson);
    let requests = panels(&mut lesson, "Number(panel.querySelector('.requests').textContent)");
    speak(&mut lesson, 12); // 5 a second
    every_panel(&mut lesson, "news", "panel.querySelector('.data').textContent.includes(':')");
    lesson.page.evaluate("document.querySelectorAll('.cut').forEach(button => button.click())");
    lesson.page.wait_until(
        "a panel says that it was cut",
        LIMIT,
        "document.querySelector('[data-technique=events]').dataset.state === 'reconnecting'",
    );
    lesson.page.screenshot(&report("browser").join("hub-cut.png"));
    for (i, technique) in TECHNIQUES.iter().enumerate() {
        let what = format!("{technique} asks again");
        let panel = format!("document.querySelector('[data-technique={technique}]')");
        lesson.page.wait_until(
            &what,
            LIMIT,
            &format!("Number({panel}.querySelector('.requests').textContent) > {}", requests[i]),
        );
    }
    // One panel is paused by hand meanwhile, and goes on where it was.
    lesson.page.evaluate("document.querySelector('[data-technique=ws] .hold').click()");
    lesson.page.wait_until(
        "the pause is shown",
        LIMIT,
        "document.querySelector('[data-technique=ws]').dataset.state === 'closed'",
    );
    lesson.receives(40);
    lesson.page.evaluate("document.querySelector('[data-technique=ws] .hold').click()");
    let after = counts_at_rest(&mut lesson);
    let came: Vec<_> = before.iter().zip(&after).map(|(before, after)| after - before).collect();
    assert!(came[0] > 20 && came.iter().all(|count| *count == came[0]), "received since: {came:?}");
    has_every_message_once_on_every_panel(&mut lesson);
    let unexpected: Vec<_> = lesson
        .page
        .take_complaints()
        .into_iter()
        .filter(|complaint| !is_a_lost_server(complaint))
        .collect();
    assert!(unexpected.is_empty(), "{unexpected:?}");
}

/// The frame that the wire shows, read back from the figure: its first two bytes, what follows up
/// to the payload, the payload as far as it is drawn, and what the page says it is without its
/// mask.
const FIGURE: &str = "(() => {
    const cells = name => [...document.querySelectorAll(`.bitgrid [data-field=\"${name}\"]`)];
    const text = cell => cell.querySelector('b').textContent;
    const bits = ['FIN', 'RSV1-3', 'opcode', 'MASK', 'payload length'].map(name => text(cells(name)[0]));
    const bytes = name => cells(name).map(cell => parseInt(text(cell), 16));
    return { bits, head: parseInt(bits.join(''), 2), longer: bytes('extended payload length'), key: bytes('masking-key'),
             payload: bytes('payload'), clear: [...document.querySelectorAll('.cells .clear')].map(byte => parseInt(byte.textContent, 16)),
             title: document.querySelector('#crossing h3').textContent };
 })()";

#[test]
fn the_wire_shows_a_frames_fields_and_they_are_those_of_the_message_just_sent() {
    let mut lesson = Lesson::open("hub", ONE_PORT, &[]);
    every_panel(&mut lesson, "a message on every panel", "panel.dataset.count >= 1");
    counts_at_rest(&mut lesson);
    lesson.page.evaluate("document.querySelector('[data-technique=ws] .look').click()");
    lesson.page.evaluate("document.querySelector('#way [value=ws]').click()");
    let bytes = |figure: &Value, name: &str| -> Vec<u64> {
        figure[name]
            .as_array()
            .expect("a list")
            .iter()
            .map(|byte| byte.as_u64().expect("a byte"))
            .collect()
    };
    let up = "Number(document.querySelector('[data-technique=ws] .up-bytes').textContent.replace(/\\D/g, ''))";
    lesson.page.wait_until("its handshake counted", LIMIT, &format!("{up} > 0"));
    for text in ["héllo 你好", &"long ".repeat(60)] {
        let counted = lesson.page.evaluate(up).as_u64().expect("a number");
        lesson.page.evaluate(&format!("document.querySelector('#text').value = {}", json!(text)));
        lesson.page.evaluate("document.querySelector('#publish').requestSubmit()");
        let row = format!(
            "[...document.querySelectorAll('#crossings .up')].find(row => row.textContent.includes({}))",
            json!(&text[..10])
        );
        lesson.page.wait_until(
            "the frame on the wire",
            LIMIT,
            &format!("({row}) && (({row}).click(), true)"),
        );
        lesson.page.wait_until(
            "the frame bit by bit",
            LIMIT,
            &format!("({row}).hasAttribute('aria-current')"),
        );
        let figure = lesson.page.evaluate(FIGURE);

        let length = text.len() as u64;
        let (short, longer) =
            if length < 126 { (length, vec![]) } else { (126, vec![length >> 8, length & 255]) };
        let size = 2 + longer.len() as u64 + 4 + length;
        assert_eq!(
            figure["head"],
            json!(0b1000_0001_1000_0000 | short),
            "FIN, text, MASK and the length: {figure}"
        );
        assert_eq!(bytes(&figure, "longer"), longer);
        let (key, payload, clear) =
            (bytes(&figure, "key"), bytes(&figure, "payload"), bytes(&figure, "clear"));
        assert_eq!((key.len(), payload.len() as u64), (4, length.min(24)));
        for (i, byte) in payload.iter().enumerate() {
            assert_eq!(
                byte ^ key[i % 4],
                u64::from(text.as_bytes()[i]),
                "byte {i} without its mask: {figure}"
            );
        }
        assert_eq!(clear.len() as u64, length.min(32));
        assert!(
            clear.iter().zip(text.bytes()).all(|(shown, sent)| *shown == u64::from(sent)),
            "{figure}"
        );
        assert!(
            figure["title"]
                .as_str()
                .is_some_and(|title| title.ends_with(&format!(", {size} bytes"))),
            "{figure}"
        );
        lesson.page.wait_until("its bytes counted", LIMIT, &format!("{up} === {}", counted + size));

        lesson.page.evaluate(
            "document.querySelector('.unmasking .steps [aria-label=\"the next byte\"]').click()",
        );
        let sum = lesson.page.evaluate("document.querySelector('.unmasking .sum').textContent");
        let steps = [payload[1], key[1], u64::from(text.as_bytes()[1])]
            .map(|byte| format!("{byte:02x}  {:04b} {:04b}", byte >> 4, byte & 15));
        assert!(
            steps.iter().all(|step| sum.as_str().is_some_and(|sum| sum.contains(step))),
            "{steps:?} in {sum}"
        );
    }
    for (width, height) in [(1600, 1000), (1280, 900), (390, 844)] {
        lesson.page.resize(width, height);
        for (scheme, word) in [(ColorScheme::Light, "light"), (ColorScheme::Dark, "dark")] {
            lesson.page.prefer(scheme);
            lesson.page.screenshot(&report("browser").join(format!("hub-wire-{width}-{word}.png")));
        }
        let wide = lesson.page.evaluate("document.documentElement.scrollWidth");
        assert!(wide.as_u64() <= Some(width.into()), "{wide} pixels wide in a window of {width}");
    }
    lesson.has_not_complained();
}

#[test]
fn the_wire_can_be_paused_stepped_through_and_cleared() {
    let mut lesson = Lesson::open("hub", ONE_PORT, &[]);
    every_panel(&mut lesson, "a message on every panel", "panel.dataset.count >= 1");
    lesson.page.evaluate("document.querySelector('#openWire').click()");
    let rows = "document.querySelectorAll('#crossings li').length";
    lesson.page.wait_until(
        "crossings of all six",
        LIMIT,
        "new Set([...document.querySelectorAll('#crossings .mark')].map(mark => mark.ariaLabel)).size === 6",
    );
    lesson.page.evaluate("document.querySelector('#wirePause').click()");
    let shown = lesson.page.evaluate(rows).as_u64().expect("a count");
    lesson.page.wait_until(
        "a crossing that waits",
        LIMIT,
        "!document.querySelector('#wireStep').disabled",
    );
    for step in 1..=3 {
        lesson.page.wait_until(
            "a crossing to step to",
            LIMIT,
            "!document.querySelector('#wireStep').disabled",
        );
        lesson.page.evaluate("document.querySelector('#wireStep').click()");
        assert_eq!(lesson.page.evaluate(rows), shown + step, "paused, one step shows one crossing");
    }
    lesson.page.evaluate("document.querySelector('#wireClear').click()");
    assert_eq!(lesson.page.evaluate(rows), 0);
    lesson.page.evaluate("document.querySelector('#wirePause').click()");
    lesson.page.wait_until("what crosses from now on", LIMIT, &format!("{rows} > 0"));
    lesson.page.evaluate("document.querySelector('#wireClose').click()");
    assert_eq!(lesson.page.evaluate("document.querySelector('#wire').hidden"), true);
    lesson.has_not_complained();
}

#[test]
fn a_pace_becomes_a_point_of_the_chart() {
    let mut lesson = Lesson::open("hub", ONE_PORT, &[]);
    every_panel(&mut lesson, "a message on every panel", "panel.dataset.count >= 1");
    for (position, words) in [(12, "5 a second"), (15, "50 a second")] {
        speak(&mut lesson, position);
        let row = format!(
            "[...document.querySelectorAll('#points tr')].find(row => row.firstChild.textContent === '{words}')"
        );
        let full = format!("({row}) && [...({row}).cells].every(cell => cell.textContent !== '–')");
        lesson.page.wait_until(&format!("six points at {words}"), LIMIT, &full);
        let marks = lesson.page.evaluate("document.querySelectorAll('#bytesPlot path.now').length");
        assert_eq!(marks, 6, "at {words}");
    }
    has_every_message_once_on_every_panel(&mut lesson);
    lesson.has_not_complained();
}

#[test]
fn two_tabs_hold_all_six_connections_and_each_says_why_it_waits() {
    let mut lesson = Lesson::open("hub", ONE_PORT, &[]);
    every_panel(&mut lesson, "a message on every panel", "panel.dataset.count >= 1");
    let mut second = lesson.browser.open_blank();
    second.go_to(lesson.program.url("page"));
    let tabs = "document.querySelector('#slotWords').textContent.startsWith('2 tabs want 8')";
    lesson.page.wait_until("the other tab is known", LIMIT, tabs);
    second.wait_until("the other tab is known", LIMIT, tabs);
    second.wait_until(
        "messages in the second tab",
        LIMIT,
        "Number(document.querySelector('#messages').dataset.count) >= 5",
    );
    second.evaluate("document.querySelector('#speaks').click()");
    let in_line =
        "document.querySelector('[data-technique=poll] .state').textContent.startsWith('in line')";
    second.wait_until("a poll waits in line", LIMIT, in_line);
    second.resize(1280, 900);
    second.evaluate("document.querySelector('.limit').scrollIntoView({ block: 'end' })");
    second.screenshot(&report("browser").join("hub-second-tab.png"));
    // Eight are wanted and six there are: three have to go before one is free.
    for technique in ["iframe", "stream", "events"] {
        let hold = format!("document.querySelector('[data-technique={technique}] .hold').click()");
        second.evaluate(&hold);
    }
    second.wait_until(
        "a connection is free again",
        LIMIT,
        "document.querySelector('[data-technique=poll]').dataset.state === 'open'",
    );
    assert_eq!(second.take_complaints(), [""; 0]);
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
    let mut runner =
        TestRunner::new(Config { cases: 400, failure_persistence: None, ..Config::default() });
    let outcome = runner.run(&event_streams(), |bytes| {
        *stream.lock().expect("the server does not panic") = bytes.clone();
        let events = page.borrow_mut().evaluate("read()");
        let text_at = |event: &Value, i: usize| event[i].as_str().unwrap_or_default().to_string();
        let theirs: Vec<_> = events
            .as_array()
            .expect("a list of events")
            .iter()
            .map(|event| Told {
                event: text_at(event, 0),
                data: text_at(event, 1),
                last_event_id: text_at(event, 2),
            })
            .collect();
        let ours = ours(bytes.as_slice());
        if ours == theirs {
            Ok(())
        } else {
            Err(TestCaseError::fail(format!(
                "{}\nours: {ours:?}\nthe browser's: {theirs:?}",
                bytes.escape_ascii()
            )))
        }
    });
    outcome.unwrap_or_else(|error| panic!("{error}"));
}

/// A browser is a server too: its debugging protocol begins with HTTP.
#[test]
fn our_http_client_understands_the_server_inside_the_browser() {
    let browser = Browser::start();
    let (authority, _) =
        browser.endpoint().trim_start_matches("ws://").split_once('/').expect("a path");
    let answer = client::exchange("GET", &format!("http://{authority}/json/version"), &[], b"");
    let version: Value = serde_json::from_slice(&answer.body).expect("JSON");
    assert_eq!(
        (answer.status, version["webSocketDebuggerUrl"].as_str()),
        (200, Some(browser.endpoint())),
        "{answer:?}"
    );
    let refusal =
        client::exchange("GET", &format!("http://{authority}/json/no-such-page"), &[], b"");
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
        let command =
            json!({"id": id, "method": "Runtime.evaluate", "params": {"expression": expression}});
        socket.send_text(&command.to_string()).expect("the browser reads");
        let Some(Message::Text(answer)) = socket.receive().expect("the browser answers") else {
            panic!("no text came")
        };
        let answer: Value = serde_json::from_str(&answer).expect("JSON");
        assert_eq!(answer["id"], id);
        assert!(
            answer["result"]["result"]["value"].as_str() == Some(&"服".repeat(length)),
            "{length} characters"
        );
    }
    socket.close(CloseCode::NORMAL, "").expect("the browser answers a Close");
}

/// Serves an empty page, and at `/stream` whatever is in `stream` at that moment, in one answer
/// that ends by closing.
fn serve_stream(stream: Arc<Mutex<Vec<u8>>>) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let origin =
        format!("http://{}/", listener.local_addr().expect("a bound listener has an address"));
    std::thread::spawn(move || {
        for mut connection in listener.incoming().map_while(Result::ok) {
            let mut lines = BufReader::new(&connection).lines().map_while(Result::ok);
            let wants_stream = lines.next().is_some_and(|line| line.starts_with("GET /stream "));
            lines.find(String::is_empty);
            let (kind, body) = match wants_stream {
                true => (
                    "text/event-stream",
                    stream.lock().expect("no test panics while it holds this").clone(),
                ),
                false => {
                    ("text/html", b"<title>stream</title><link rel=icon href=data:,>".to_vec())
                }
            };
            let head =
                format!("HTTP/1.1 200 OK\r\nContent-Type: {kind}\r\nConnection: close\r\n\r\n");
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
    assert_eq!(
        page.evaluate("getComputedStyle(document.body).backgroundColor"),
        "rgba(0, 0, 0, 0)"
    );
}

/// What is visible on a Chinese page beside code: Latin words stand there one at a time, as names.
const ENGLISH: &str = "(() => {
    const walker = document.createTreeWalker(document.body, NodeFilter.SHOW_TEXT), found = [];
    for (let node = walker.nextNode(); node; node = walker.nextNode()) {
        const place = node.parentElement;
        if (place.closest('code, pre, script, template, .data, .clock, .wordmark, .bitgrid, #zone')) continue;
        if (/[A-Za-z]{2,} [A-Za-z]{2,}/.test(node.textContent)) found.push(node.textContent);
    }
    return found;
})()";

#[test]
fn a_chinese_page_says_nothing_in_english() {
    for (name, addresses) in [
        ("polling", DATA_AND_PAGE),
        ("long_polling", ONE_PORT),
        ("iframe_stream", ONE_PORT),
        ("event_source", ONE_PORT),
        ("sse_stream", ONE_PORT),
        ("websocket", SOCKET_AND_PAGE),
        ("raw_websocket", SOCKET_AND_PAGE),
        ("hub", ONE_PORT),
    ] {
        let mut lesson = Lesson::open(name, addresses, &[]);
        let switched = "(document.querySelector('.language').click(), \
             localStorage.getItem('push-by-hand-language'))";
        assert_eq!(lesson.page.evaluate(switched), "zh", "{name}");
        let url = lesson.program.url("page").to_string();
        lesson.page.go_to(&url); // what was chosen is remembered
        let chinese = format!("document.documentElement?.lang === 'zh-CN' && {FURNISHED}");
        lesson.page.wait_until(&format!("{name} in Chinese"), LIMIT, &chinese);
        lesson.page.wait_until("a message", LIMIT, &format!("{COUNT} >= 1"));
        assert_eq!(lesson.page.evaluate(ENGLISH), json!([]), "{name}");
        lesson.has_not_complained();
        for (width, height) in [(320, 700), (1600, 1000)] {
            lesson.page.resize(width, height);
            lesson.page.screenshot(&report("browser").join(format!("{name}-{width}-zh.png")));
            let wide = lesson.page.evaluate("document.documentElement.scrollWidth");
            assert!(wide.as_u64() <= Some(width.into()), "{name}: {wide} in a window of {width}");
        }
    }
}

#[test]
fn a_page_says_how_long_a_frozen_server_is_quiet_and_gives_it_up() {
    for name in ["event_source", "sse_stream", "iframe_stream"] {
        let mut lesson = Lesson::open(name, ONE_PORT, &[]);
        lesson.receives(1);
        lesson.program.freeze();
        let quiet =
            "document.querySelector('#state').textContent.startsWith('open, but quiet for')";
        lesson.page.wait_until(&format!("{name} is quiet"), LIMIT, quiet);
        let given_up = "document.querySelector('#state').textContent.match(/connect|loading/)";
        lesson.page.wait_until(&format!("{name} is given up"), LIMIT, &format!("!!{given_up}"));
        lesson.program.thaw();
        lesson.is("open");
        lesson.receives(1);
        lesson.has_every_message_once();
    }
}

#[test]
fn a_page_under_another_name_is_told_why_the_browser_keeps_the_answer() {
    let mut lesson = Lesson::open("polling", DATA_AND_PAGE, &[]);
    let url = lesson.program.url("page").replace("localhost", "127.0.0.1");
    lesson.page.go_to(&url);
    let link = "document.querySelector('#zone a')?.href";
    let shown = lesson.page.wait_until("the explanation", LIMIT, link);
    assert_eq!(shown, lesson.program.url("page"));
}

#[test]
fn a_channel_of_the_hub_has_a_page() {
    let mut lesson = Lesson::open("hub", ONE_PORT, &[]);
    let channel = format!("{}kitchen/", lesson.program.url("page"));
    lesson.page.go_to(&channel);
    lesson.page.wait_until("the channel's page", LIMIT, FURNISHED);
    every_panel(&mut lesson, "six readers", "['open', 'waiting'].includes(panel.dataset.state)");
    let answer = client::exchange("POST", &format!("{channel}publish"), &[], "饭好了".as_bytes());
    assert_eq!(answer.status, 201, "{answer:?}");
    let heard =
        "panel.querySelector('.data').textContent === '饭好了' && panel.dataset.count === '1'";
    every_panel(&mut lesson, "the message on every panel", heard);
    lesson.has_not_complained();
}
