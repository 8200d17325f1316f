//! Pages behind our proxy, while the network is silent or a reader does not read: each page that
//! keeps a connection gives it up, comes back and has lost nothing; and bytes wait where they
//! should.

use std::time::Duration;

use push_by_hand_interop::browser::{Browser, Page};
use push_by_hand_interop::client::exchange;
use push_by_hand_interop::program::{Address, ONE_PORT, Program, SOCKET_AND_PAGE};
use push_by_hand_interop::wait_for;
use serde_json::Value;

const PROXY: &[Address] =
    &[Address { label: "proxy", flag: "--port" }, Address { label: "page", flag: "--page-port" }];
/// The slowest page asks after 30 s of silence, and gives up 30 s later; the machine may be busy.
const LIMIT: Duration = Duration::from_secs(150);
const COUNT: &str = "Number(document.querySelector('#messages')?.dataset.count ?? 0)";
/// From now on a page's sockets lead through the proxy: `{port}` is its.
const DETOUR: &str = "(Real => { window.WebSocket = class extends Real {
    constructor(url) { const to = new URL(url); to.port = {port}; super(to); }
}; })(WebSocket)";

/// A server behind a proxy of its own.
struct Behind {
    name: &'static str,
    server: Program,
    proxy: Program,
}

impl Behind {
    fn start(name: &'static str, addresses: &'static [Address]) -> Behind {
        let server = Program::start(name, addresses, &[]);
        let to = format!("localhost:{}", server.port(addresses[0].label));
        let proxy = Program::start("proxy", PROXY, &["--to", &to]);
        Behind { name, server, proxy }
    }

    fn set(&self, switches: &str) {
        let url = format!("{}set", self.proxy.url("page"));
        assert_eq!(exchange("POST", &url, &[], switches.as_bytes()).status, 204);
    }

    fn state(&self) -> Value {
        let answer = exchange("GET", &format!("{}state", self.proxy.url("page")), &[], b"");
        serde_json::from_str(answer.text()).expect("the proxy sends JSON")
    }

    fn requests(&self) -> u64 {
        self.state()["requests"].as_u64().expect("a number")
    }

    /// The lesson's page, with its connection through the proxy.
    fn open(&self, browser: &mut Browser) -> Page {
        let mut page = browser.open_blank();
        let is_open = format!("{COUNT} >= 1");
        if !matches!(self.name, "websocket" | "raw_websocket") {
            page.go_to(self.proxy.url("proxy"));
            page.wait_until(&format!("{} works", self.name), LIMIT, &is_open);
            return page;
        }
        page.go_to(self.server.url("page"));
        page.wait_until(&format!("{} works", self.name), LIMIT, &is_open);
        let before = self.requests();
        page.evaluate(&DETOUR.replace("{port}", &self.proxy.port("proxy").to_string()));
        if self.name == "raw_websocket" {
            page.evaluate("document.querySelector('#close').click()");
        }
        page.wait_until("it may connect", LIMIT, "!document.querySelector('#connect').disabled");
        page.evaluate("document.querySelector('#connect').click()");
        wait_for("the detour is taken", LIMIT, || (self.requests() > before).then_some(()));
        page.wait_until(
            "it is open",
            LIMIT,
            "document.querySelector('#state').dataset.state === 'open'",
        );
        page
    }
}

#[test]
fn every_page_gives_up_a_silent_connection_and_comes_back_with_nothing_lost() {
    let lessons = [
        ("long_polling", ONE_PORT),
        ("iframe_stream", ONE_PORT),
        ("fetch_stream", ONE_PORT),
        ("event_source", ONE_PORT),
        ("sse_stream", ONE_PORT),
        ("websocket", SOCKET_AND_PAGE),
        ("raw_websocket", SOCKET_AND_PAGE),
        ("hub", ONE_PORT),
    ];
    let lessons = lessons.map(|(name, addresses)| Behind::start(name, addresses));
    let mut browser = Browser::start();
    let mut pages: Vec<_> = lessons.iter().map(|lesson| lesson.open(&mut browser)).collect();
    let before: Vec<_> = lessons
        .iter()
        .map(|lesson| {
            lesson.set("silence=1");
            lesson.requests()
        })
        .collect();
    let publish = |lesson: &Behind, text: &str| {
        if matches!(lesson.name, "long_polling" | "hub") {
            let url = format!("{}publish", lesson.server.url("page"));
            assert_eq!(exchange("POST", &url, &[], text.as_bytes()).status, 201);
        }
    };
    for ((lesson, page), before) in lessons.iter().zip(&mut pages).zip(before) {
        publish(lesson, "said into the silence");
        // Each of the hub's panels, and the socket that counts for them, asks again; a poll does so
        // several times.
        let wanted = if lesson.name == "hub" { before + 7 } else { before + 1 };
        wait_for(&format!("{} asks again", lesson.name), LIMIT, || {
            (lesson.requests() >= wanted).then_some(())
        });
        let count = page.evaluate(COUNT).as_u64().expect("a number");
        lesson.set("silence=0");
        publish(lesson, "said afterwards");
        if lesson.name == "raw_websocket" {
            page.wait_until(
                "it is open",
                LIMIT,
                "document.querySelector('#state').dataset.state === 'open'",
            );
        }
        page.wait_until(&format!("{} goes on", lesson.name), LIMIT, &format!("{COUNT} > {count}"));
        for figure in ["#lost", "#double", "#differ", ".missed", ".double"] {
            let shown = page.evaluate(&format!(
                "[...document.querySelectorAll('main {figure}')]
                    .every(at => at.textContent === '0')"
            ));
            assert_eq!(shown, true, "{}: {figure}", lesson.name);
        }
    }
}

#[test]
fn the_hubs_page_says_in_the_readers_words_what_it_cannot_get_through() {
    let faults = [
        ("hold=64", "events", "no answer for", "3 of 6 open"),
        (
            "upgrade=1",
            "ws",
            "no handshake: the hub is gone or full, or a proxy drops Upgrade",
            "no WebSocket",
        ),
        ("silence=1", "events", "no answer for", "the hub does not answer"),
        ("refuse=1", "events", "closed for good, a new EventSource in", "the hub does not answer"),
    ];
    for (switches, technique, panel, all) in faults {
        let hub = Behind::start("hub", ONE_PORT);
        let mut browser = Browser::start();
        let mut page = hub.open(&mut browser);
        hub.set(switches);
        exchange("POST", &format!("{}cut", hub.proxy.url("page")), &[], b"");
        let state = format!("document.querySelector('[data-technique={technique}] .state')");
        for (what, at) in [(panel, state.as_str()), (all, "document.querySelector('#state')")] {
            let says = format!("{at}.textContent.includes('{what}')");
            page.wait_until(&format!("{switches}: {what}"), LIMIT, &says);
        }
    }
}

#[test]
fn what_a_page_does_not_read_waits_in_the_kernel_and_what_it_sends_waits_in_the_browser() {
    let hub = Behind::start("hub", ONE_PORT);
    let mut browser = Browser::start();
    let mut page = browser.open_blank();
    page.go_to(hub.proxy.url("proxy"));
    let publish = format!("{}publish", hub.server.url("page"));
    let long = "x".repeat(60_000);
    page.evaluate("fetch('stream').then(answer => { window.unread = answer; return 1; })");
    let flow = |what: &str| {
        let state = hub.state();
        let passing = state["passing"].as_array().expect("a list").clone();
        passing.into_iter().find(|each| each["what"] == what).expect("it is passing")
    };
    let taken = || flow("GET /stream")["down"][0].as_u64().expect("a number");
    let (mut last, mut published) = (0, 0);
    wait_for("nobody takes any more", LIMIT, || {
        (0..20).for_each(|_| drop(exchange("POST", &publish, &[], long.as_bytes())));
        published += 20 * 60_000;
        std::thread::sleep(Duration::from_millis(500));
        let now = taken();
        let is_full = now == last && now > 0;
        last = now;
        is_full.then_some(())
    });
    println!("published {published}, of a stream that is not read: {}", flow("GET /stream"));
    assert!(taken() < published);
    page.evaluate("window.unread.body.cancel()");

    hub.set("rate=100000");
    page.evaluate("window.ws = new WebSocket('ws://' + location.host + '/ws'), 0");
    page.wait_until("it is open", LIMIT, "ws.readyState === WebSocket.OPEN");
    let begun = page.evaluate(
        "(() => { const begun = performance.now(), text = 'x'.repeat(60000);
            for (let i = 0; i < 100; i++) ws.send(text);
            return [Math.round(performance.now() - begun), ws.bufferedAmount]; })()",
    );
    std::thread::sleep(Duration::from_secs(2));
    let later = page.evaluate("ws.bufferedAmount");
    println!(
        "100 messages of 60000 in {begun} [ms, bufferedAmount], 2 s later {later}: {}",
        flow("GET /ws")
    );
    // `send` has returned, and everything waits here; what has left since may still be on its way.
    assert_eq!(begun[1], 100 * 60_000);
    assert!(later.as_u64() < begun[1].as_u64());
}
