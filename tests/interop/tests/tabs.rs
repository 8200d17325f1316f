//! Two tabs of one browser that wait for the same URL, as chapter 3 tells it.

use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::time::Duration;

use push_by_hand_interop::browser::{Browser, Page};
use push_by_hand_interop::wait_for;
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(30);

/// The newest message, and how many requests are held for the next one.
#[derive(Default)]
struct Server {
    state: Mutex<(u32, u32)>,
    changed: Condvar,
}

impl Server {
    fn start() -> (Arc<Server>, String) {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let server = Arc::<Server>::default();
        let shared = Arc::clone(&server);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let server = Arc::clone(&shared);
                std::thread::spawn(move || server.answer(connection));
            }
        });
        (server, format!("http://{address}/"))
    }

    /// `/hold` is answered with the next message, and everything else with an empty page.
    fn answer(&self, mut connection: TcpStream) {
        let mut lines = BufReader::new(&connection).lines().map_while(Result::ok);
        let held = lines.next().is_some_and(|line| line.starts_with("GET /hold "));
        lines.find(|line| line.is_empty());
        let body = if held {
            self.next().to_string()
        } else {
            "<!doctype html><link rel=icon href=data:,>".to_owned()
        };
        // A tab that has gone away has no use for it.
        let _ = write!(
            connection,
            "HTTP/1.1 200 OK\r\nContent-Type: text/html\r\nCache-Control: no-store\r\n\
             Connection: close\r\n\r\n{body}"
        );
    }

    fn next(&self) -> u32 {
        let mut state = self.state.lock().expect("nobody panics with it");
        let newest = state.0;
        state.1 += 1;
        self.changed.notify_all();
        state = self.changed.wait_while(state, |state| state.0 == newest).expect("the same");
        state.0
    }

    /// Publishes when so many requests are held, and lets all of them go.
    fn publish_to(&self, held: u32) {
        let state = self.state.lock().expect("nobody panics with it");
        let (mut state, timeout) = self
            .changed
            .wait_timeout_while(state, LIMIT, |state| state.1 < held)
            .expect("the same");
        assert!(!timeout.timed_out(), "{} requests are held, and not {held}", state.1);
        assert_eq!(state.1, held, "requests held");
        *state = (state.0 + 1, 0);
        self.changed.notify_all();
    }
}

/// Lets a tab ask again after each answer, and remember what it got.
fn poll(tab: &mut Page, url: &str, init: &str) {
    tab.go_to(url);
    tab.evaluate(&format!(
        "window.got = []; (async () => {{
         for (;;) got.push(Number(await (await fetch('hold', {init})).text())); }})(); 0"
    ));
}

/// What each tab got of six messages, each published when so many requests are held.
fn six_messages(init: &str, held: u32) -> [Vec<u64>; 2] {
    let (server, url) = Server::start();
    let mut browser = Browser::start();
    let mut tabs = [browser.open_blank(), browser.open_blank()];
    for tab in &mut tabs {
        poll(tab, &url, init);
    }
    for n in 1..=6 {
        server.publish_to(held);
        wait_for("the message", LIMIT, || {
            let got = tabs.each_mut().map(|tab| tab.evaluate("got.length").as_u64());
            (got.iter().flatten().sum::<u64>() == u64::from(n * held)).then_some(())
        });
    }
    tabs.map(|mut tab| {
        let got = tab.evaluate("got");
        got.as_array().into_iter().flatten().filter_map(Value::as_u64).collect()
    })
}

#[test]
fn two_tabs_that_wait_for_one_url_take_turns_unless_they_pass_by_the_cache() {
    let all = [1, 2, 3, 4, 5, 6];
    // Only which of the two is the first to wait again is chance.
    let [first, second] = six_messages("{}", 1);
    assert!(first.len() >= 2 && second.len() >= 2, "{first:?} {second:?}");
    let mut both = [first, second].concat();
    both.sort_unstable();
    assert_eq!(both, all);

    assert_eq!(six_messages("{cache: 'no-store'}", 2), [all, all]);
}
