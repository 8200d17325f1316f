//! Takes the pictures of the book from real runs: `cargo run --manifest-path
//! tests/interop/Cargo.toml --bin screenshots`.
//!
//! With names behind it (`-- polling sse_stream`), only these. Each is taken twice, in English for
//! `docs/` and in Chinese for `docs/zh/`.

use std::fs;
use std::thread::sleep;
use std::time::Duration;

use push_by_hand_interop::browser::{Browser, ColorScheme, Page};
use push_by_hand_interop::client;
use push_by_hand_interop::program::{Address, DATA_AND_PAGE, ONE_PORT, Program, SOCKET_AND_PAGE};

/// A lesson, and what happens on its page before the picture is taken.
struct Picture {
    /// The lesson's, and behind a `-` what else is in the picture: then the page comes through the
    /// proxy, and that is the program to which it `happens`.
    name: &'static str,
    addresses: &'static [Address],
    arguments: &'static [&'static str],
    happens: fn(&Program, &mut Page),
}

const PICTURES: &[Picture] = &[
    Picture {
        name: "polling",
        addresses: DATA_AND_PAGE,
        arguments: &[],
        happens: |_, page| wait_for_messages(page, 20),
    },
    Picture {
        name: "long_polling",
        addresses: ONE_PORT,
        arguments: &[],
        happens: publish_now_and_then,
    },
    Picture {
        name: "iframe_stream",
        addresses: ONE_PORT,
        arguments: &[],
        happens: |_, page| wait_for_messages(page, 20),
    },
    Picture {
        name: "fetch_stream",
        addresses: ONE_PORT,
        arguments: &[],
        happens: ask_the_assistant,
    },
    Picture {
        name: "event_source",
        addresses: ONE_PORT,
        arguments: &[],
        happens: |_, page| wait_for_messages(page, 20),
    },
    Picture {
        name: "sse_stream",
        addresses: ONE_PORT,
        arguments: &["--retry-ms", "5000"],
        happens: cut_the_stream,
    },
    Picture {
        name: "websocket",
        addresses: SOCKET_AND_PAGE,
        arguments: &[],
        happens: talk_in_between,
    },
    Picture { name: "raw_websocket", addresses: SOCKET_AND_PAGE, arguments: &[], happens: talk },
    Picture { name: "hub", addresses: ONE_PORT, arguments: &[], happens: fill_the_timetable },
    Picture { name: "hub-held", addresses: ONE_PORT, arguments: &[], happens: hold_back },
    Picture { name: "hub-late", addresses: ONE_PORT, arguments: &[], happens: come_late },
];

const PROXY: &[Address] =
    &[Address { label: "proxy", flag: "--port" }, Address { label: "page", flag: "--page-port" }];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let mut browser = Browser::start();
    for (language, folder) in [("en", "docs/images"), ("zh", "docs/zh/images")] {
        let folder = push_by_hand_interop::root().join(folder);
        fs::create_dir_all(&folder).expect("the folder can be made");
        for picture in PICTURES {
            if !wanted.is_empty() && !wanted.iter().any(|name| name == picture.name) {
                continue;
            }
            let (name, behind) = picture.name.split_once('-').unwrap_or((picture.name, ""));
            let server = Program::start(name, picture.addresses, picture.arguments);
            let to = format!("localhost:{}", server.port(picture.addresses[0].label));
            let proxy =
                (!behind.is_empty()).then(|| Program::start("proxy", PROXY, &["--to", &to]));
            let program = proxy.as_ref().unwrap_or(&server);
            let url = program.url(if proxy.is_some() { "proxy" } else { "page" });
            let mut page = browser.open_blank();
            page.resize(1280, 900);
            page.prefer(ColorScheme::Light);
            page.go_to(url);
            // As the switch in the head of each page does.
            let chosen = format!("localStorage.setItem('push-by-hand-language', '{language}')");
            page.evaluate(&chosen);
            page.go_to(url);
            (picture.happens)(program, &mut page);
            let path = folder.join(picture.name).with_extension("png");
            page.screenshot(&path);
            println!("{}", path.display());
        }
    }
}

fn wait_for_messages(page: &mut Page, count: u32) {
    let enough = format!("document.querySelector('#messages')?.dataset.count >= {count}");
    page.wait_until(&format!("{count} messages"), Duration::from_secs(120), &enough);
}

/// Fills the minute that the page draws with questions that were held for different times.
fn publish_now_and_then(program: &Program, page: &mut Page) {
    wait_for_messages(page, 1);
    let url = format!("{}publish", program.url("page"));
    let news = [
        (9, "hello"),
        (4, "服务器"),
        (13, "<b>not bold</b>"),
        (2, "one"),
        (2, "two"),
        (11, "still here"),
        (7, "再见"),
        (6, "bye"),
    ];
    for (seconds, text) in news {
        sleep(Duration::from_secs(seconds));
        client::exchange("POST", &url, &[], text.as_bytes());
    }
    wait_for_messages(page, 1 + 8);
    sleep(Duration::from_secs(4));
}

/// Long enough to show the panels below the timetable, which a message crosses at the end.
fn fill_the_timetable(_: &Program, page: &mut Page) {
    page.resize(1280, 1500);
    wait_for_messages(page, 6 * 22);
    page.evaluate("document.querySelector('#publish').requestSubmit()");
    wait_for_messages(page, 6 * 24);
}

/// A proxy that collects what it should pass on: some techniques wait for it, some do not notice.
fn hold_back(proxy: &Program, page: &mut Page) {
    page.resize(1280, 1000);
    wait_for_messages(page, 6 * 4);
    client::exchange("POST", &format!("{}set", proxy.url("page")), &[], b"hold=64");
    client::exchange("POST", &format!("{}cut", proxy.url("page")), &[], b"");
    wait_for_messages(page, 6 * 12);
}

/// A long way: a stream is late by one trip, and a poll by as long as it takes to ask again.
fn come_late(proxy: &Program, page: &mut Page) {
    page.resize(1280, 1000);
    wait_for_messages(page, 6 * 3);
    client::exchange("POST", &format!("{}set", proxy.url("page")), &[], b"delay=1000");
    wait_for_messages(page, 6 * 18);
}

/// With pieces cut in the middle of a character, and an answer that is still coming.
fn ask_the_assistant(_: &Program, page: &mut Page) {
    page.resize(1280, 1300);
    wait_for_messages(page, 3);
    page.evaluate("document.querySelector('#cut').click()");
    wait_for_messages(page, 18);
    page.evaluate("document.querySelector('#ask').requestSubmit()");
    wait_for_messages(page, 20);
}

fn cut_the_stream(_: &Program, page: &mut Page) {
    wait_for_messages(page, 12);
    page.evaluate("document.querySelector('#drop').click()");
    wait_for_messages(page, 30);
}

fn talk_in_between(_: &Program, page: &mut Page) {
    for (messages, text) in [(4, "你好, server"), (9, "both at once"), (13, "and again")] {
        wait_for_messages(page, messages);
        say(page, text);
    }
    wait_for_messages(page, 20);
}

fn talk(_: &Program, page: &mut Page) {
    wait_for_messages(page, 1);
    for text in ["Hello", "你好, server", "Hello"] {
        sleep(Duration::from_secs(3));
        say(page, text);
    }
    wait_for_messages(page, 4);
}

/// Types a text and sends it.
fn say(page: &mut Page, text: &str) {
    let text = serde_json::json!(text);
    page.evaluate(&format!(
        "field = document.querySelector('#text'), field.value = {text}, field.dispatchEvent(new Event('input')), 0"
    ));
    page.evaluate("document.querySelector('#sendText').requestSubmit()");
}
