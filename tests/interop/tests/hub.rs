//! The hub with five clients at once, none of them ours: each technique brings every message once,
//! in order, as it was said.

use std::io::{BufRead, BufReader};
use std::net::TcpStream;

use eventsource_client::{Client as _, ClientBuilder, SSE};
use futures::StreamExt;
use push_by_hand_interop::Patient;
use push_by_hand_interop::client::LIMIT;
use push_by_hand_interop::program::{ONE_PORT, Program};
use serde_json::Value;
use tungstenite::Message;

/// How many messages are published while the clients read.
const COUNT: usize = 60;

/// An id and what was said.
type Said = (String, String);

fn get(url: &str) -> ureq::http::Response<ureq::Body> {
    let agent: ureq::Agent =
        ureq::Agent::config_builder().timeout_global(Some(LIMIT)).build().into();
    agent.get(url).call().expect("an HTTP answer")
}

/// Publishes, and returns the id that the hub gave.
fn publish(channel: &str, text: &str) -> String {
    let mut answer = ureq::post(format!("{channel}/publish")).send(text).expect("the hub takes it");
    let answer: Value =
        serde_json::from_str(&answer.body_mut().read_to_string().expect("a body")).expect("JSON");
    answer["id"].as_str().expect("an id").to_string()
}

/// A message of the feed as JSON; `None` is something else, such as a heartbeat.
fn said(message: &Value) -> Option<Said> {
    Some((message["id"].as_str()?.to_string(), message["data"].as_str()?.to_string()))
}

/// By asking again and again, from where the last answer ended.
fn by_asking(channel: &str, path: &str, mut after: String) -> Vec<Said> {
    let mut all = Vec::new();
    while all.len() < COUNT {
        let mut response = get(&format!("{channel}/{path}?after={after}"));
        let news: Value =
            serde_json::from_str(&response.body_mut().read_to_string().expect("a body"))
                .expect("JSON");
        assert_eq!(news["missed"], 0);
        after = news["id"].as_str().expect("an id").to_string();
        all.extend(news["messages"].as_array().expect("a list").iter().filter_map(said));
    }
    all
}

fn by_iframe(channel: &str, after: &str) -> Vec<Said> {
    let body = get(&format!("{channel}/iframe?after={after}")).into_body().into_reader();
    let scripts = BufReader::new(body).lines().map(|line| line.expect("a line"));
    let message = |line: String| {
        let json = line.split_once("parent.push(")?.1.strip_suffix(")</script>")?;
        said(&serde_json::from_str(json).expect("JSON"))
    };
    scripts.filter_map(message).take(COUNT).collect()
}

fn by_event_source(channel: &str, after: &str) -> Vec<Said> {
    let client = ClientBuilder::for_url(&format!("{channel}/events?after={after}"))
        .expect("a URL")
        .build_http();
    let messages = client.stream().filter_map(async |event| match event.expect("an event") {
        SSE::Event(event) => {
            let (id, data) = said(&serde_json::from_str(&event.data).ok()?)?;
            assert_eq!(event.id.as_deref(), Some(id.as_str()));
            Some((id, data))
        }
        SSE::Connected(_) | SSE::Comment(_) => None,
    });
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        tokio::time::timeout(LIMIT, messages.take(COUNT).collect()).await.expect("all come in time")
    })
}

fn by_web_socket(channel: &str, after: &str) -> Vec<Said> {
    let authority = channel.trim_start_matches("http://").split('/').next().unwrap_or_default();
    let stream = TcpStream::connect(authority).expect("the hub accepts connections");
    let url = format!("{}/ws?after={after}", channel.replacen("http", "ws", 1));
    let (mut socket, _) =
        tungstenite::client(url, Patient::new(stream, LIMIT)).expect("the opening handshake");
    let mut all = Vec::new();
    while all.len() < COUNT {
        if let Message::Text(text) = socket.read().expect("the hub sends") {
            all.extend(said(&serde_json::from_str(&text).expect("JSON")));
        }
    }
    all
}

#[test]
fn five_foreign_clients_read_the_same_feed_by_five_techniques() {
    let hub = Program::start("hub", ONE_PORT, &[]);
    let channel = &format!("{}interop", hub.url("page"));
    let first = &publish(channel, "before it all");
    std::thread::scope(|scope| {
        let readers = [
            ("poll", scope.spawn(|| by_asking(channel, "poll", first.clone()))),
            ("long-poll", scope.spawn(|| by_asking(channel, "long-poll", first.clone()))),
            ("iframe", scope.spawn(|| by_iframe(channel, first))),
            ("events", scope.spawn(|| by_event_source(channel, first))),
            ("ws", scope.spawn(|| by_web_socket(channel, first))),
        ];
        let published: Vec<Said> = (0..COUNT)
            .map(|number| {
                let text =
                    format!("{number} 服务器 👋 </script> \" \\ \u{2028} & <!--\r\nid: 7\n\n");
                (publish(channel, &text), text)
            })
            .collect();
        for (technique, reader) in readers {
            let read = reader.join().unwrap_or_else(|_| panic!("{technique} ended early"));
            assert_eq!(read, published, "by {technique}");
        }
    });
}
