//! The hub when it is full: what its page says and does in each browser while every connection that
//! it asks for is answered 503, and that it comes back by itself.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};
use std::time::Duration;

use push_by_hand::websocket::{Client, Url};
use push_by_hand_interop::client::{exchange, open};
use push_by_hand_interop::engines::Engine;
use push_by_hand_interop::program::{ONE_PORT, Program};
use push_by_hand_interop::{report, wait_for};

const LIMIT: Duration = Duration::from_secs(60);
/// The page holds seven connections or eight; a few more are for whoever takes the others.
const MOST: &str = "12";

/// Takes every place that is free or falls free, and holds them until it is dropped.
struct Crowd {
    stop: Arc<AtomicBool>,
    taking: Option<JoinHandle<()>>,
}

impl Crowd {
    fn before(url: &str) -> Crowd {
        let stop = Arc::new(AtomicBool::new(false));
        let (stopped, events) = (Arc::clone(&stop), format!("{url}events"));
        let taking = thread::spawn(move || {
            let mut taken = Vec::new();
            while !stopped.load(Ordering::Relaxed) {
                let (head, body) = open(&events, &[]);
                match head.status {
                    200 => taken.push(body),
                    _ => thread::sleep(Duration::from_millis(20)), // the hub has had enough
                }
            }
        });
        Crowd { stop, taking: Some(taking) }
    }
}

impl Drop for Crowd {
    fn drop(&mut self) {
        self.stop.store(true, Ordering::Relaxed);
        let outcome = self.taking.take().map(JoinHandle::join);
        assert!(thread::panicking() || outcome.is_some_and(|outcome| outcome.is_ok()));
    }
}

fn panel(technique: &str) -> String {
    format!("document.querySelector('[data-technique=\"{technique}\"]')")
}

fn is_full_and_has_room_again(engine: Engine) {
    let hub = Program::start("hub", ONE_PORT, &["--max-threads", MOST]);
    let url = hub.url("page").to_owned();
    // Publishes while nobody can connect any more.
    let mut speaker = Client::connect(
        &Url::parse(&format!("ws://127.0.0.1:{}/ws", hub.port("page"))).expect("a URL"),
        &[],
    )
    .expect("a WebSocket");
    let mut tab = engine.start();
    tab.go_to(&url);
    let all = "[...document.querySelectorAll('[data-technique]')]";
    tab.wait_until(
        "six panels with news",
        LIMIT,
        &format!("({all}).length === 6 && ({all}).every(each => each.dataset.count > 0)"),
    );

    // What asks again and again would pass its connection on to the others.
    for technique in ["poll", "long-poll"] {
        tab.evaluate(&format!("({}.querySelector('.hold').click(), 1)", panel(technique)));
    }
    let crowd = Crowd::before(&url);
    let refused = || {
        let answer = exchange("GET", &url, &[], b"");
        (answer.status == 503).then(|| answer.field("retry-after").map(str::to_owned))
    };
    let retry_after = wait_for("the hub is full", LIMIT, refused);
    assert_eq!(retry_after.as_deref(), Some("1"));
    // The hub cuts the streams. Whoever comes back finds no room, unless the browser has an old
    // connection left over: then it is cut once more.
    for (technique, words) in [("events", "a new EventSource in"), ("stream", "503")] {
        let panel = panel(technique);
        let cut =
            format!("{panel}.dataset.state === 'open' && {panel}.querySelector('.cut').click()");
        let says = format!("{panel}.querySelector('.state').textContent.includes('{words}')");
        let what = format!("{engine:?}: {technique} says why");
        tab.wait_until(&what, LIMIT, &format!("({cut}, {says})"));
    }
    speaker.socket().sender().send_text("said while it was full").expect("the hub takes it");
    tab.evaluate(&format!("({}.scrollIntoView(), 1)", panel("events")));
    tab.screenshot(&report("browser").join(format!("hub-full-{engine:?}.png")));
    drop(crowd);

    // Everything comes, what was said meanwhile included: nothing is lost, and nothing comes twice.
    for technique in ["poll", "long-poll"] {
        tab.evaluate(&format!("({}.querySelector('.hold').click(), 1)", panel(technique)));
    }
    tab.evaluate("(document.querySelector('#speaks:checked')?.click(), 1)");
    let publish = format!("{url}publish");
    wait_for("the hub has room again", LIMIT, || {
        (exchange("POST", &publish, &[], b"the last").status == 201).then_some(())
    });
    let heard =
        format!("({all}).every(each => each.querySelector('.data').textContent === 'the last')");
    tab.wait_until(&format!("{engine:?}: the last on every panel"), LIMIT, &heard);
    let figures =
        tab.evaluate(&format!("({all}).map(each => [each.dataset.missed, each.dataset.double])"));
    let none = serde_json::json!(["0", "0"]);
    let each = figures.as_array().expect("a list");
    assert!(each.iter().all(|panel| *panel == none), "{engine:?}, missed and double: {figures}");
}

#[test]
fn a_page_of_a_full_hub_comes_back_by_itself_in_chromium() {
    is_full_and_has_room_again(Engine::Chromium);
}

#[test]
fn a_page_of_a_full_hub_comes_back_by_itself_in_firefox() {
    is_full_and_has_room_again(Engine::Firefox);
}

#[test]
fn a_page_of_a_full_hub_comes_back_by_itself_in_webkit() {
    is_full_and_has_room_again(Engine::WebKit);
}
