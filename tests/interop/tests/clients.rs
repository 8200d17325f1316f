//! The page's side of each technique as the reference of the book prints it, in a browser.

use std::time::Duration;

use push_by_hand_interop::engines::{Engine, Tab};
use push_by_hand_interop::program::{ONE_PORT, Program};
use push_by_hand_interop::{root, wait_for};
use serde_json::json;

/// Longer than an iframe takes to notice that it was cut.
const LIMIT: Duration = Duration::from_secs(90);
const CLIENTS: [&str; 6] =
    ["poll", "longPoll", "iframe", "fetchStream", "eventSource", "webSocket"];

fn publish(hub: &Program, text: &str) {
    ureq::post(format!("{}news/publish", hub.url("page"))).send(text).expect("the hub takes it");
}

/// Starts all six in a page of the hub.
fn start_all(page: &mut dyn Tab, hub: &Program) {
    page.go_to(&format!("{}health", hub.url("page")));
    let code = std::fs::read_to_string(root().join("docs/clients.js")).expect("the clients");
    let names = CLIENTS.join(", ");
    page.evaluate(&format!("(() => {{ {code} Object.assign(window, {{ {names} }}); }})()"));
    for client in CLIENTS {
        page.evaluate(&format!(
            "(window.got_{client} = [], {client}('/news', message => got_{client}.push(message.data)), 0)"
        ));
    }
}

fn all_have(page: &mut dyn Tab, texts: &[&str]) {
    for client in CLIENTS {
        let mut got = json!(null);
        wait_for(&format!("{client} to have {texts:?}"), LIMIT, || {
            got = page.evaluate(&format!("got_{client}"));
            (got.as_array().map_or(0, Vec::len) >= texts.len()).then_some(())
        });
        assert_eq!(got, json!(texts), "{client}");
    }
}

#[test]
fn the_clients_of_the_reference_get_every_message_once_and_come_back() {
    let mut hub = Program::start("hub", ONE_PORT, &[]);
    for engine in Engine::ALL {
        println!("{engine:?}");
        publish(&hub, "one");
        let mut page = engine.start();
        start_all(&mut *page, &hub);
        all_have(&mut *page, &["one"]);
        publish(&hub, "two");
        publish(&hub, "三");
        all_have(&mut *page, &["one", "two", "三"]);
        if engine == Engine::Chromium {
            // Once is enough: an iframe needs most of a minute until it knows.
            hub.start_again();
            publish(&hub, "four");
            all_have(&mut *page, &["one", "two", "三", "four"]);
        }
    }
}
