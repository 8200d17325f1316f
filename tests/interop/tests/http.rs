//! Other people's HTTP and EventSource clients at our lessons: they see what our own client sees.

use std::io::{BufRead, BufReader};

use eventsource_client::{Client, ClientBuilder, ReconnectOptions, SSE};
use futures::StreamExt;
use proptest::prelude::*;
use push_by_hand::event_stream::EventReader;
use push_by_hand_interop::client::{self, Answer};
use push_by_hand_interop::program::{DATA_AND_PAGE, ONE_PORT, Program};
use push_by_hand_interop::streams::{Told, next};

/// The same exchange as [`client::exchange`], by a client that is not ours. `ureq` keeps its
/// connections for the next request.
fn foreign_exchange(
    agent: &ureq::Agent,
    method: &str,
    url: &str,
    fields: &[(&str, &str)],
    body: &[u8],
) -> Answer {
    let mut request = ureq::http::Request::builder().method(method).uri(url);
    for (name, value) in fields {
        request = request.header(*name, *value);
    }
    let mut response = match body {
        [] => agent.run(request.body(()).expect("a request")),
        body => agent.run(request.body(body).expect("a request")),
    }
    .expect("an HTTP answer");
    let body = response.body_mut().read_to_vec().expect("a body");
    let fields = response
        .headers()
        .iter()
        .map(|(name, value)| (name.as_str(), value.to_str().expect("visible characters")));
    Answer::new(response.status().as_u16(), fields, body)
}

/// A client that takes every status as an answer and follows nothing.
fn foreign_agent() -> ureq::Agent {
    ureq::Agent::config_builder()
        .http_status_as_error(false)
        .max_redirects(0)
        .timeout_global(Some(client::LIMIT))
        .build()
        .into()
}

#[test]
fn ureq_sees_the_same_files_as_our_client() {
    let lesson = Program::start("polling", DATA_AND_PAGE, &[]);
    let agent = foreign_agent();
    for path in ["", "push.css", "page.js", "no-such-page.html", "%2e%2e/Cargo.toml", "data-origin"]
    {
        let url = format!("{}{path}", lesson.url("page"));
        for method in ["GET", "HEAD", "DELETE"] {
            let theirs = foreign_exchange(&agent, method, &url, &[], b"");
            let ours = client::exchange(method, &url, &[], b"");
            assert_eq!(theirs, ours, "{method} {url}");
            assert_eq!(ours.body.is_empty(), method == "HEAD", "{method} {url}");
        }
    }
}

#[test]
fn ureq_asks_for_changes_only_and_is_answered_304() {
    let lesson = Program::start("polling", DATA_AND_PAGE, &[]);
    let agent = foreign_agent();
    let url = format!("{}push.css", lesson.url("page"));
    let whole = foreign_exchange(&agent, "GET", &url, &[], b"");
    let etag = whole.field("etag").expect("a file has an ETag");
    let theirs = foreign_exchange(&agent, "GET", &url, &[("If-None-Match", etag)], b"");
    let ours = client::exchange("GET", &url, &[("If-None-Match", etag)], b"");
    assert_eq!((whole.status, theirs.status, theirs.body.len()), (200, 304, 0));
    assert_eq!(theirs, ours);
}

#[test]
fn a_hundred_requests_of_ureq_leave_no_byte_between_them() {
    let lesson = Program::start("polling", DATA_AND_PAGE, &[]);
    let agent = foreign_agent();
    for _ in 0..100 {
        let time = foreign_exchange(&agent, "GET", lesson.url("data"), &[], b"");
        assert_eq!((time.status, time.text().len()), (200, "12:34:56".len()), "{time:?}");
    }
}

/// The id and the texts of a long poll's answer, by a JSON parser that is not ours.
fn news(answer: &Answer) -> (String, Vec<String>) {
    assert_eq!(answer.status, 200, "{answer:?}");
    let news: serde_json::Value = serde_json::from_slice(&answer.body).expect("JSON");
    let messages = news["messages"].as_array().expect("a list of messages");
    let texts =
        messages.iter().map(|message| message["data"].as_str().expect("a text").to_string());
    (news["id"].as_str().expect("an id").to_string(), texts.collect())
}

#[test]
fn what_ureq_publishes_answers_the_polls_of_both_clients() {
    let lesson = Program::start("long_polling", ONE_PORT, &[]);
    let agent = foreign_agent();
    let (page, text) = (lesson.url("page"), "服务器回应: \" \\ </script> \u{2028} 👋\r\n");
    let (last, _) = news(&client::exchange("GET", &format!("{page}poll"), &[], b""));
    let url = format!("{page}poll?after={last}");
    std::thread::scope(|scope| {
        // Whether they are held already or come a moment later, they must be told the same.
        let theirs = scope.spawn(|| news(&foreign_exchange(&agent, "GET", &url, &[], b"")));
        let ours = scope.spawn(|| news(&client::exchange("GET", &url, &[], b"")));
        let published =
            foreign_exchange(&agent, "POST", &format!("{page}publish"), &[], text.as_bytes());
        assert_eq!(published.status, 201, "{published:?}");
        let theirs = theirs.join().expect("their poll is answered");
        assert_eq!(theirs.1, [text]);
        assert_eq!(theirs, ours.join().expect("our poll is answered"));
    });
}

#[test]
fn ureq_reads_the_scripts_of_an_endless_document_as_they_come() {
    let lesson = Program::start("iframe_stream", ONE_PORT, &[]);
    let url = format!("{}clock", lesson.url("page"));
    let scripts = |body: &mut dyn BufRead| -> Vec<String> {
        body.lines()
            .map(|line| line.expect("a line"))
            .filter(|line| line.contains("parent.push("))
            .take(5)
            .collect()
    };
    let (theirs, ours) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| {
            let response = foreign_agent().get(&url).call().expect("an HTTP answer");
            assert_eq!(response.headers()["transfer-encoding"], "chunked");
            scripts(&mut BufReader::new(response.into_body().into_reader()))
        });
        let (_, mut body) = client::open(&url, &[]);
        let ours = scripts(&mut body);
        (theirs.join().expect("the other client reads the document"), ours)
    });
    // The two did not begin at the same moment: one may be a message ahead of the other.
    let shared = ours.iter().filter(|script| theirs.contains(script)).count();
    assert!(shared >= 3, "ours: {ours:?}\ntheirs: {theirs:?}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 1000, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn another_json_parser_reads_our_strings(characters in prop::collection::vec(any::<char>(), 0..50)) {
        let text = String::from_iter(characters);
        let json = push_by_hand::json::string(&text);
        prop_assert_eq!(serde_json::from_str::<String>(&json).expect("JSON"), text);
    }
}

/// The first `count` events at `url` after the one that `last_event_id` names, as a client that is
/// not ours tells them.
fn foreign_events(url: &str, last_event_id: &str, count: usize) -> Vec<Told> {
    let mut builder = ClientBuilder::for_url(url)
        .expect("a URL")
        .reconnect(ReconnectOptions::reconnect(false).build());
    if !last_event_id.is_empty() {
        builder = builder.last_event_id(last_event_id.to_string());
    }
    let events =
        builder.build_http().stream().filter_map(async |event| match event.expect("an event") {
            SSE::Event(event) => Some(Told {
                event: event.event_type,
                data: event.data,
                last_event_id: event.id.unwrap_or_default(),
            }),
            SSE::Connected(_) | SSE::Comment(_) => None,
        });
    let runtime =
        tokio::runtime::Builder::new_current_thread().enable_all().build().expect("a runtime");
    runtime.block_on(async {
        let all = events.take(count).collect();
        tokio::time::timeout(client::LIMIT, all).await.expect("the events come in time")
    })
}

/// The same by our own client.
fn our_events(url: &str, last_event_id: &str, count: usize) -> Vec<Told> {
    let mut fields = vec![("Accept", "text/event-stream")];
    if !last_event_id.is_empty() {
        fields.push(("Last-Event-ID", last_event_id));
    }
    let (head, body) = client::open(url, &fields);
    assert_eq!(head.status, 200, "{head:?}");
    let mut reader = EventReader::new(body, last_event_id);
    (0..count).map(|_| next(&mut reader).expect("the stream does not end")).collect()
}

/// Two clients listen at the same time; what both have heard must be the same.
fn assert_both_hear_the_same(url: &str) {
    let (theirs, ours) = std::thread::scope(|scope| {
        let theirs = scope.spawn(|| foreign_events(url, "", 7));
        let ours = our_events(url, "", 7);
        (theirs.join().expect("the other client takes the stream"), ours)
    });
    let shared: Vec<_> = ours
        .iter()
        .filter(|event| theirs.iter().any(|their| their.last_event_id == event.last_event_id))
        .collect();
    assert!(shared.len() >= 4, "ours: {ours:?}\ntheirs: {theirs:?}");
    assert!(
        shared.iter().all(|event| theirs.contains(event)),
        "ours: {ours:?}\ntheirs: {theirs:?}"
    );
}

#[test]
fn another_event_source_hears_what_ours_hears_from_event_source() {
    let lesson = Program::start("event_source", ONE_PORT, &[]);
    assert_both_hear_the_same(&format!("{}eventSource", lesson.url("page")));
}

#[test]
fn another_event_source_hears_what_ours_hears_from_sse_stream() {
    let lesson = Program::start("sse_stream", ONE_PORT, &[]);
    assert_both_hear_the_same(&format!("{}eventSource", lesson.url("page")));
}

#[test]
fn another_event_source_resumes_where_ours_resumes() {
    let lesson = Program::start("sse_stream", ONE_PORT, &[]);
    let url = format!("{}eventSource", lesson.url("page"));
    let before = our_events(&url, "", 5);
    let theirs = foreign_events(&url, &before[1].last_event_id, 3);
    let ours = our_events(&url, &before[1].last_event_id, 3);
    assert_eq!(theirs, before[2..], "what came after the second event");
    assert_eq!(ours, before[2..], "what came after the second event");
}
