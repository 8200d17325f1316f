//! The proxy's own page in three browsers: its switches work, by hand and by `curl`, it lists what
//! passes, and it speaks both languages.

use std::io::BufRead;
use std::time::Duration;

use push_by_hand_interop::client::{exchange, open};
use push_by_hand_interop::engines::{Engine, Tab};
use push_by_hand_interop::program::{Address, ONE_PORT, Program};
use push_by_hand_interop::report;

const LIMIT: Duration = Duration::from_secs(60);
const ADDRESSES: &[Address] =
    &[Address { label: "proxy", flag: "--port" }, Address { label: "page", flag: "--page-port" }];

fn text_of(selector: &str) -> String {
    format!("document.querySelector('{selector}').textContent")
}

/// What the proxy itself says of a switch.
fn switch(proxy: &Program, name: &str) -> u64 {
    let answer = exchange("GET", &format!("{}state", proxy.url("page")), &[], b"");
    let state: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    state["switches"][name].as_u64().expect("a number")
}

fn the_page_works(engine: Engine) {
    let hub = Program::start("hub", ONE_PORT, &[]);
    let to = format!("localhost:{}", hub.port("page"));
    let proxy = Program::start("proxy", ADDRESSES, &["--to", &to]);
    let mut tab = engine.start();
    tab.go_to(proxy.url("page"));
    let tab = tab.as_mut();
    wait(tab, "its switches", "document.querySelectorAll('#switches input').length === 9");

    // It names its own addresses, whatever the ports.
    let port = proxy.port("page");
    let command = format!("document.body.textContent.includes(':{port}/set')");
    wait(tab, "the command", &command);
    let there = format!("{} === 'http://localhost:{}/'", text_of("#at a"), proxy.port("proxy"));
    wait(tab, "the way through", &there);

    // A switch turned here is turned there, and one turned there is seen here.
    let nothing = text_of("#effects");
    let before = tab.evaluate(&nothing);
    let delay = "document.querySelector('[name=delay]')";
    tab.evaluate(&format!("({delay}.value = 20, {delay}.dispatchEvent(new Event('change')), 1)"));
    wait(tab, "the delay's effect", &format!("{nothing}.includes('20 ms')"));
    assert_eq!(switch(&proxy, "delay"), 20);
    tab.evaluate("(document.querySelector('[name=upgrade]').click(), 1)");
    wait(tab, "the effect without Upgrade", &format!("{nothing}.includes('426')"));
    assert_eq!(switch(&proxy, "upgrade"), 1);
    let set = format!("{}set", proxy.url("page"));
    assert_eq!(exchange("POST", &set, &[], b"pieces=7").status, 204);
    wait(tab, "by curl", "document.querySelector('[name=pieces]').value === '7'");

    // What passes is listed until it is cut.
    let (head, mut body) = open(&format!("{}events", proxy.url("proxy")), &[]);
    assert_eq!(head.status, 200);
    body.fill_buf().expect("the stream begins");
    let row = format!("{}.includes('GET /events')", text_of("#rows"));
    wait(tab, "the stream in the table", &row);
    tab.screenshot(&report("browser").join(format!("proxy-{engine:?}.png")));
    tab.evaluate("(document.querySelector('#cut').click(), 1)");
    wait(tab, "an empty table", &format!("!{row}"));
    tab.evaluate("(document.querySelector('#off').click(), 1)");
    wait(tab, "nothing wrong", &format!("{nothing} === {before}"));
    assert_eq!((switch(&proxy, "delay"), switch(&proxy, "upgrade")), (0, 0));
    assert_eq!(tab.evaluate(&command), true, "{engine:?}: what was told did not take its place");
    assert_eq!(tab.take_complaints(), [""; 0], "{engine:?}");

    tab.evaluate("(document.querySelector('.language').click(), 1)");
    let chinese = "document.documentElement.lang === 'zh-CN' &&
        document.querySelectorAll('#switches input').length === 9";
    wait(tab, "the page in Chinese", chinese);
    wait(tab, "the command there", &command);
}

fn wait(tab: &mut dyn Tab, what: &str, expression: &str) {
    tab.wait_until(what, LIMIT, expression);
}

#[test]
fn the_proxys_page_works_in_chromium() {
    the_page_works(Engine::Chromium);
}

#[test]
fn the_proxys_page_works_in_firefox() {
    the_page_works(Engine::Firefox);
}

#[test]
fn the_proxys_page_works_in_webkit() {
    the_page_works(Engine::WebKit);
}
