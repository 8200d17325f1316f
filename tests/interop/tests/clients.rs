//! The page's side of each technique as the reference of the book prints it, in a browser.

use std::time::Duration;

use push_by_hand_interop::browser::Browser;
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

/// Starts all six and publishes, before and after the hub has been killed and started again.
#[test]
fn the_clients_of_the_reference_get_every_message_once_and_come_back() {
    let mut hub = Program::start("hub", ONE_PORT, &[]);
    let mut browser = Browser::start();
    let mut page = browser.open_blank();
    page.go_to(&format!("{}health", hub.url("page")));
    publish(&hub, "one");

    let code = std::fs::read_to_string(root().join("docs/clients.js")).expect("the clients");
    page.evaluate(&format!("{code}; Object.assign(window, {{ {} }}); 0", CLIENTS.join(", ")));
    for client in CLIENTS {
        page.evaluate(&format!(
            "window.got_{client} = []; {client}('/news', message => got_{client}.push(message.data)); 0"
        ));
    }
    let mut all_have = |clients: &[&str], texts: &[&str]| {
        for client in clients {
            let mut got = json!(null);
            wait_for(&format!("{client} to have {texts:?}"), LIMIT, || {
                got = page.evaluate(&format!("got_{client}"));
                (got.as_array().map_or(0, Vec::len) >= texts.len()).then_some(())
            });
            assert_eq!(got, json!(texts), "{client}");
        }
    };
    all_have(&CLIENTS, &["one"]);
    publish(&hub, "two");
    publish(&hub, "三");
    all_have(&CLIENTS, &["one", "two", "三"]);

    hub.kill();
    hub.start_again();
    publish(&hub, "four");
    all_have(&CLIENTS, &["one", "two", "三", "four"]);
}
