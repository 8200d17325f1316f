//! Every lesson's page in three browsers: it loads without a complaint, receives, says so when the
//! server is gone, and goes on after it has come back.

use std::time::Duration;

use push_by_hand_interop::client;
use push_by_hand_interop::engines::{Engine, Tab};
use push_by_hand_interop::program::{Address, DATA_AND_PAGE, ONE_PORT, Program, SOCKET_AND_PAGE};
use push_by_hand_interop::report;

const LIMIT: Duration = Duration::from_secs(60);
const COUNT: &str = "Number(document.querySelector('#messages').dataset.count)";
const STATE: &str = "document.querySelector('#state').dataset.state";

/// A lesson, how to start it, and whether the page must make its own news.
struct Lesson {
    name: &'static str,
    addresses: &'static [Address],
    arguments: &'static [&'static str],
    makes_news: bool,
}

const LESSONS: [Lesson; 9] = [
    Lesson { name: "polling", addresses: DATA_AND_PAGE, arguments: &[], makes_news: true },
    Lesson { name: "long_polling", addresses: ONE_PORT, arguments: &[], makes_news: false },
    Lesson { name: "iframe_stream", addresses: ONE_PORT, arguments: &[], makes_news: true },
    Lesson { name: "fetch_stream", addresses: ONE_PORT, arguments: &[], makes_news: true },
    Lesson { name: "event_source", addresses: ONE_PORT, arguments: &[], makes_news: true },
    Lesson {
        name: "sse_stream",
        addresses: ONE_PORT,
        arguments: &["--retry-ms", "500"],
        makes_news: true,
    },
    Lesson { name: "websocket", addresses: SOCKET_AND_PAGE, arguments: &[], makes_news: true },
    Lesson { name: "raw_websocket", addresses: SOCKET_AND_PAGE, arguments: &[], makes_news: false },
    Lesson { name: "hub", addresses: ONE_PORT, arguments: &[], makes_news: true },
];

/// Waits for `more` messages, and makes them where the server does not.
fn receives(tab: &mut dyn Tab, lesson: &Lesson, program: &Program, more: u64) {
    let goal = tab.evaluate(COUNT).as_u64().expect("a count") + more;
    for _ in 0..more {
        match lesson.name {
            "long_polling" => {
                let url = format!("{}publish", program.url("page"));
                assert_eq!(client::exchange("POST", &url, &[], b"by hand").status, 201);
            }
            "raw_websocket" => {
                tab.evaluate("(document.querySelector('#sendText').requestSubmit(), 1)");
            }
            _ => assert!(lesson.makes_news),
        }
    }
    tab.wait_until(
        &format!("{}: message {goal}", lesson.name),
        LIMIT,
        &format!("{COUNT} >= {goal}"),
    );
}

/// Every page in one browser, one after the other.
fn every_page_works(engine: Engine) {
    let mut tab = engine.start();
    for lesson in &LESSONS {
        let name = lesson.name;
        let mut program = Program::start(name, lesson.addresses, lesson.arguments);
        tab.go_to(program.url("page"));
        tab.wait_until(name, LIMIT, "document.body?.dataset.furnished === ''");
        tab.wait_until(&format!("{name}: a first message"), LIMIT, &format!("{COUNT} >= 1"));
        receives(tab.as_mut(), lesson, &program, 2);
        assert_eq!(tab.take_complaints(), [""; 0], "{engine:?}: {name}");
        tab.screenshot(&report("browser").join(format!("{name}-{engine:?}.png")));

        program.kill();
        let gone = format!("{STATE} === 'reconnecting' || {STATE} === 'closed'");
        tab.wait_until(&format!("{engine:?}: {name} says that it is gone"), LIMIT, &gone);
        program.start_again();
        // Where a browser gives its EventSource up, the page says so and offers a button.
        tab.evaluate("(document.querySelector('#start:enabled')?.click(), 1)");
        let back = format!("{STATE} === 'open' || {STATE} === 'waiting'");
        tab.wait_until(&format!("{engine:?}: {name} is back"), LIMIT, &back);
        receives(tab.as_mut(), lesson, &program, 2);
        tab.go_to("about:blank");
        tab.take_complaints(); // of a server that was gone
    }
}

#[test]
fn every_page_works_in_chromium() {
    every_page_works(Engine::Chromium);
}

#[test]
fn every_page_works_in_firefox() {
    every_page_works(Engine::Firefox);
}

#[test]
fn every_page_works_in_webkit() {
    every_page_works(Engine::WebKit);
}

/// The helper itself is tried: a complaint is heard in each browser, and nothing else is.
#[test]
fn the_console_is_heard_in_every_browser() {
    for engine in Engine::ALL {
        let mut tab = engine.start();
        tab.go_to("data:text/html,<p>hello");
        tab.evaluate(
            "(setTimeout(() => {
                console.log('fine'); console.error('bad'); document.title = 'said';
            }), 1)",
        );
        tab.wait_until("the page's timer", LIMIT, "document.title === 'said'");
        let complaints = tab.take_complaints();
        assert_eq!(complaints.len(), 1, "{engine:?}: {complaints:?}");
        assert!(complaints[0].contains("bad"), "{engine:?}: {complaints:?}");
    }
}
