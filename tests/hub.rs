//! The hub, run as a program: the same messages by all six techniques, cut and resumed, beside
//! readers that never read.

use crate::support;

use push_by_hand::event_stream::EventReader;
use push_by_hand::feed::Id;
use push_by_hand::http::Status;
use push_by_hand::http::chunked::ChunkedReader;
use push_by_hand::websocket::{Client as SocketClient, Message, Url};
use std::collections::BTreeSet;
use std::io::{BufRead, BufReader};
use std::sync::Barrier;
use std::time::{Duration, Instant};
use support::{Client, Program, chunk, connections, eventually, get, request, text, values};

/// How many messages a channel keeps.
const KEPT: usize = 10_000;
const TECHNIQUES: [&str; 6] = ["poll", "long-poll", "iframe", "stream", "events", "ws"];

fn start(flags: &[&str]) -> Program {
    Program::start(env!("CARGO_BIN_EXE_hub"), &[&["--port", "0"], flags].concat())
}

fn publish(port: u16, channel: &str, message: &str) -> String {
    let response = request(port, "POST", &format!("{channel}/publish"), "", message);
    assert_eq!(response.status, Status::CREATED, "{}", text(&response));
    values(text(&response), "id")[0].to_owned()
}

/// What one look at a channel brought: the ids and texts of the messages, and what else was said
/// (`missed`).
#[derive(Default, Debug)]
struct Seen {
    messages: Vec<(Id, String)>,
    missed: Vec<String>,
}

impl Seen {
    /// Takes in a piece of JSON: a message, an answer full of them, or a gap.
    fn take(&mut self, json: &str) {
        // The outer object of a poll's answer has an id, too; messages are the objects with a time.
        for message in json.split("{\"id\":").filter(|part| part.contains("\"time\":")) {
            let message = format!("{{\"id\":{message}");
            self.messages.push((
                values(&message, "id")[0].parse().unwrap(),
                values(&message, "data")[0].to_owned(),
            ));
        }
        if let Some((_, rest)) = json.split_once("\"missed\":") {
            let count = rest.split(['}', ',']).next().unwrap().to_owned();
            if count != "0" {
                self.missed.push(count);
            }
        }
    }

    fn last(&self) -> Option<Id> {
        self.messages.last().map(|(id, _)| *id)
    }
}

/// Reads a channel by a technique from after `id` until `enough`, then leaves without a word.
fn read(
    port: u16,
    channel: &str,
    technique: &str,
    after: &str,
    seen: &mut Seen,
    enough: impl Fn(&Seen) -> bool,
) {
    let target = format!("{channel}/{technique}?after={after}");
    let mut after = after.to_owned();
    match technique {
        "poll" | "long-poll" => {
            let mut client = Client::connect(port);
            while !enough(seen) {
                let response = client.get(&format!("{channel}/{technique}?after={after}"), "");
                if response.status == Status::NO_CONTENT {
                    continue;
                }
                assert_eq!(response.status, Status::OK);
                assert_eq!(response.fields.get("cache-control"), Some("no-store"));
                seen.take(text(&response));
                after = seen.last().map_or(after, |id| id.to_string());
            }
        }
        "iframe" => {
            let mut lines = None;
            while !enough(seen) {
                // The document ends from time to time, and the next goes on where it stopped.
                let document = lines.get_or_insert_with(|| {
                    let after = seen.last().map_or(after.clone(), |id| id.to_string());
                    let mut client = Client::connect(port);
                    client.ask("GET", &format!("{channel}/iframe?after={after}"), "");
                    let head = client.read_through("\r\n\r\n");
                    assert!(head.windows(24).any(|text| text == b"text/html; charset=utf-8"));
                    BufReader::new(ChunkedReader::new(client)).lines()
                });
                let Some(line) = document.next() else {
                    lines = None;
                    continue;
                };
                if let Some(call) = line.unwrap().strip_prefix("<script>parent.") {
                    let (function, argument) = call.split_once('(').unwrap();
                    let argument = argument.strip_suffix(")</script>").expect("a call is one line");
                    match function {
                        "push" => seen.take(argument),
                        "missed" => seen.missed.push(argument.to_owned()),
                        other => assert_eq!(other, "heartbeat"),
                    }
                }
            }
        }
        "stream" => {
            let mut client = Client::connect(port);
            client.ask("GET", &target, "");
            let (head, body) = client.response_in_parts();
            assert_eq!(head.fields.get("content-type"), Some("application/x-ndjson"));
            let mut lines = body.lines();
            while !enough(seen) {
                seen.take(&lines.next().expect("the stream goes on").unwrap());
            }
        }
        "events" => {
            let mut client = Client::connect(port);
            // As a browser does that comes back: the URL is the old one, the field says how far it
            // got.
            client.ask(
                "GET",
                &format!("{channel}/events?after=0-0"),
                &format!("Last-Event-ID: {after}\r\n"),
            );
            let (head, body) = client.response_in_parts();
            assert_eq!(head.fields.get("content-type"), Some("text/event-stream"));
            let mut events = EventReader::new(BufReader::new(body), &after);
            while !enough(seen) {
                let event = events.next_event().unwrap().expect("the stream goes on");
                if event.event.is_none() {
                    assert!(
                        event.data.as_deref().unwrap().contains(&event.id.unwrap()),
                        "the id of the event is the message's"
                    );
                }
                seen.take(&event.data.unwrap());
            }
        }
        _ => {
            let url = Url::parse(&format!("ws://127.0.0.1:{port}{target}")).unwrap();
            let mut client = SocketClient::connect(&url, &[]).unwrap();
            let mut socket = client.socket();
            while !enough(seen) {
                match socket.receive().unwrap() {
                    Some(Message::Text(text)) => seen.take(&text),
                    other => panic!("expected a text; came {other:?}"),
                }
            }
        }
    }
}

#[test]
fn one_publish_reaches_all_six_techniques_with_the_same_id() {
    let hub = start(&[]);
    let port = hub.port("page");
    let before = values(text(&get(port, "/poll?after=")), "id")[0].to_owned();
    std::thread::scope(|scope| {
        let before = &before;
        let readers = TECHNIQUES.map(|technique| {
            scope.spawn(move || {
                let mut seen = Seen::default();
                read(port, "", technique, before, &mut seen, |seen| !seen.messages.is_empty());
                seen
            })
        });
        let id = publish(port, "", "hello");
        for (technique, reader) in TECHNIQUES.iter().zip(readers) {
            let seen = reader.join().unwrap();
            assert_eq!(seen.messages, [(id.parse().unwrap(), "hello".to_owned())], "{technique}");
            assert!(seen.missed.is_empty(), "{technique}");
        }
    });
}

#[test]
fn a_thousand_messages_come_once_each_through_cuts_at_random() {
    const COUNT: usize = 1000;
    let hub = start(&[]);
    let port = hub.port("page");
    let origin = values(text(&get(port, "/race/poll?after=")), "id")[0].to_owned();
    let begin = Barrier::new(TECHNIQUES.len() + 1);
    std::thread::scope(|scope| {
        let (origin, begin) = (&origin, &begin);
        let readers: Vec<_> = TECHNIQUES
            .iter()
            .enumerate()
            .map(|(n, technique)| {
                scope.spawn(move || {
                    let mut seen = Seen::default();
                    let mut random = n + 1;
                    begin.wait();
                    while seen.messages.len() < COUNT {
                        // A few, or many, and then the connection is cut and another begins where
                        // it stopped.
                        random = random
                            .wrapping_mul(6_364_136_223_846_793_005)
                            .wrapping_add(1_442_695_040_888_963_407);
                        let until = (seen.messages.len() + 1 + (random >> 33) % 100).min(COUNT);
                        let after = seen.last().map_or(origin.clone(), |id| id.to_string());
                        read(port, "/race", technique, &after, &mut seen, |seen| {
                            seen.messages.len() >= until
                        });
                    }
                    seen
                })
            })
            .collect();
        begin.wait();
        let mut publisher = Client::connect(port);
        for n in 0..COUNT {
            let body = n.to_string();
            publisher
                .send(format!("POST /race/publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{body}", body.len()));
            assert_eq!(publisher.response().status, Status::CREATED);
        }
        for (technique, reader) in TECHNIQUES.iter().zip(readers) {
            let seen = reader.join().unwrap();
            let numbers: Vec<u64> = seen.messages.iter().map(|(id, _)| id.seq).collect();
            assert_eq!(numbers, (1..=COUNT as u64).collect::<Vec<_>>(), "{technique}");
            assert!(
                seen.messages.iter().enumerate().all(|(n, (_, text))| *text == n.to_string()),
                "{technique}"
            );
            assert!(seen.missed.is_empty(), "{technique}: {:?}", seen.missed);
        }
    });
}

#[test]
fn a_reader_behind_the_log_is_told_how_many_it_missed() {
    let hub = start(&[]);
    let port = hub.port("page");
    let origin = values(text(&get(port, "/poll?after=")), "id")[0].to_owned();
    let mut publisher = Client::connect(port);
    for _ in 0..10 {
        // A thousand at a time, and 72 more than the log keeps in the end.
        let requests = "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\n\r\nx"
            .repeat(KEPT / 10);
        publisher.send(&requests);
        (0..KEPT / 10).for_each(|_| assert_eq!(publisher.response().status, Status::CREATED));
    }
    (0..72).for_each(|_| drop(publish(port, "", "x")));
    for technique in TECHNIQUES {
        let mut seen = Seen::default();
        read(port, "", technique, &origin, &mut seen, |seen| seen.messages.len() >= KEPT);
        assert_eq!(seen.missed, ["72"], "{technique}");
        assert_eq!((seen.messages[0].0.seq, seen.messages.len()), (73, KEPT), "{technique}");
    }
    // And one that comes from another run cannot be told a number.
    for technique in TECHNIQUES {
        let mut seen = Seen::default();
        read(port, "", technique, "1-1", &mut seen, |seen| !seen.messages.is_empty());
        assert_eq!(seen.missed, ["null"], "{technique}");
    }
}

#[test]
#[ignore = "heavy: 1.5 GiB through a hundred connections; cargo test --release"]
fn subscribers_that_never_read_cost_the_others_nothing() {
    const READERS: usize = 90;
    const MESSAGES: usize = 1000;
    let hub = start(&[]);
    let port = hub.port("page");
    let origin = values(text(&get(port, "/poll?after=")), "id")[0].to_owned();
    let silent: Vec<Client> = (0..10)
        .map(|_| {
            let mut client = Client::connect(port);
            client.ask("GET", &format!("/events?after={origin}"), "");
            client
        })
        .collect();
    let big = "x".repeat(16 * 1024);
    std::thread::scope(|scope| {
        let (origin, big) = (&origin, &big);
        let readers: Vec<_> = (0..READERS)
            .map(|n| {
                scope.spawn(move || {
                    // Each keeps up by its own technique; a poll asks again at once.
                    let technique = TECHNIQUES[1 + n % 5];
                    let mut after = origin.clone();
                    let mut count = 0;
                    while count < MESSAGES {
                        let mut seen = Seen::default();
                        read(port, "", technique, &after, &mut seen, |seen| {
                            count + seen.messages.len() >= MESSAGES || seen.messages.len() >= 50
                        });
                        assert!(seen.missed.is_empty(), "{technique}: {:?}", seen.missed);
                        assert!(seen.messages.iter().all(|(_, text)| text == big), "{technique}");
                        count += seen.messages.len();
                        after = seen.last().unwrap().to_string();
                    }
                    (count, after)
                })
            })
            .collect();
        for _ in 0..MESSAGES {
            publish(port, "", big);
        }
        for reader in readers {
            let (count, last) = reader.join().unwrap();
            assert_eq!((count, last.parse::<Id>().unwrap().seq), (MESSAGES, MESSAGES as u64));
        }
    });
    // One log of 16 MiB, what a hundred connections have in hand, and no queue for anybody.
    let resident = hub.resident_kib() / 1024;
    assert!(resident < 128, "{resident} MiB resident");
    drop(silent);
}

#[test]
fn what_is_no_channel_no_id_and_no_method_is_refused_in_words() {
    let hub = start(&[]);
    let port = hub.port("page");
    for (method, target, status, says) in [
        ("GET", "/a%20b/poll", 400, "expected a channel name"),
        ("GET", "/poll?after=x", 400, "expected an id"),
        ("GET", "/events?after=-1", 400, "expected an id"),
        ("POST", "/poll", 405, "expected GET"),
        ("GET", "/publish", 405, "expected POST"),
        ("GET", "/nowhere", 404, "expected a path"),
        ("GET", "/ws", 426, "expected"),
        ("GET", "/control?view=abcdefgh", 426, "expected"),
        ("GET", "/control?view=short", 400, "expected a key"),
    ] {
        let response = request(port, method, target, "", "");
        assert_eq!(response.status.code(), status, "{method} {target}: {}", text(&response));
        assert!(text(&response).contains(says), "{method} {target}: {}", text(&response));
    }
    let long = request(port, "POST", "/publish", "", &"x".repeat(64 * 1024 + 1));
    assert_eq!(long.status, Status::CONTENT_TOO_LARGE);
    assert!(
        text(&get(port, "/poll?after=")).contains(r#""missed":0,"messages":[]"#),
        "nothing of that was published"
    );
}

#[test]
fn other_origins_are_let_in_only_by_flag() {
    let origin = "Origin: http://app.example\r\n";
    let closed = start(&[]);
    let port = closed.port("page");
    assert_eq!(request(port, "POST", "/publish", origin, "x").status, Status::FORBIDDEN);
    let mut client = Client::connect(port);
    assert_eq!(client.get("/poll", origin).fields.get("access-control-allow-origin"), None);

    let open = start(&["--allow-origin", "http://app.example"]);
    let port = open.port("page");
    let published = request(port, "POST", "/publish", origin, "x");
    assert_eq!(published.status, Status::CREATED);
    assert_eq!(published.fields.get("access-control-allow-origin"), Some("http://app.example"));
    let preflight = request(
        port,
        "OPTIONS",
        "/publish",
        &format!("{origin}Access-Control-Request-Method: POST\r\n"),
        "",
    );
    assert_eq!(preflight.status, Status::NO_CONTENT);
    let upgrade = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";
    for (port, expected) in
        [(closed.port("page"), Status::FORBIDDEN), (port, Status::SWITCHING_PROTOCOLS)]
    {
        let mut client = Client::connect(port);
        client.ask("GET", "/ws", &format!("{upgrade}{origin}"));
        assert_eq!(client.response_in_parts().0.status, expected);
    }
}

#[test]
fn a_channel_has_a_page_whose_files_are_the_hubs_own() {
    let hub = start(&[]);
    let port = hub.port("page");
    let page = get(port, "/kitchen/");
    assert_eq!((page.status, &page.body), (Status::OK, &get(port, "/").body));
    for file in ["/push.css", "/hub.css", "/hub.js"] {
        assert!(text(&page).contains(&format!("=\"{file}\"")), "{file} is asked for by its path");
        assert_eq!(get(port, file).status, Status::OK, "{file}");
    }
    for none in ["/kitchen", "/two/names/", "/.hidden/", "/a%20b/"] {
        assert_eq!(get(port, none).status, Status::NOT_FOUND, "{none}");
    }
}

#[test]
fn a_socket_publishes_too() {
    let hub = start(&[]);
    let port = hub.port("page");
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/news/ws")).unwrap();
    let mut client = SocketClient::connect(&url, &[]).unwrap();
    let mut socket = client.socket();
    socket.send_text("from a socket").unwrap();
    let mut texts = Vec::new();
    while texts.len() < 2 {
        match socket.receive().unwrap() {
            Some(Message::Text(text)) => texts.push(text),
            other => panic!("expected a text; came {other:?}"),
        }
    }
    // The message itself, and the word that it was published, in whichever order the two threads
    // came to it.
    texts.sort_by_key(|text| text.contains("published"));
    assert!(texts[0].contains(r#""data":"from a socket""#), "{texts:?}");
    assert_eq!(values(&texts[1], "published"), values(&texts[0], "id"));
    assert!(text(&get(port, "/news/poll")).contains("from a socket"));
}

#[test]
fn status_counts_who_reads_and_notices_who_leaves() {
    let hub = start(&[]);
    let port = hub.port("page");
    assert_eq!(text(&get(port, "/health")), "ok\n");
    let mut clients: Vec<Client> = ["events", "stream", "iframe", "long-poll"]
        .iter()
        .map(|technique| {
            let mut client = Client::connect(port);
            client.ask("GET", &format!("/{technique}?after="), "");
            client
        })
        .collect();
    let reading = |what: &str| text(&get(port, "/status")).contains(what);
    eventually("all four read", || {
        reading(r#""reading":{"poll":0,"long-poll":1,"iframe":1,"stream":1,"events":1,"ws":0}"#)
    });
    assert!(
        reading(r#""max_threads":"#)
            && reading(r#""refused":0"#)
            && reading(r#""channels":[{"name":"""#)
    );
    clients.clear();
    // A write tells a stream that its reader is gone: the second at the latest.
    eventually("nobody reads", || {
        publish(port, "", "are you there?");
        reading(r#""reading":{"poll":0,"long-poll":0,"iframe":0,"stream":0,"events":0,"ws":0}"#)
    });
}

#[test]
fn a_page_sees_what_its_own_connections_cost_and_can_cut_them() {
    let hub = start(&[]);
    let port = hub.port("page");
    let key = "abcdefgh1";
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/control?view={key}")).unwrap();
    let mut client = SocketClient::connect(&url, &[]).unwrap();
    let mut control = client.socket();
    // Whoever does not receive next sends at once.
    let wish = control.sender();
    let next = |control: &mut push_by_hand::websocket::WebSocket<'_>, what: &str| loop {
        match control.receive().unwrap() {
            Some(Message::Text(text)) if text.contains(what) => return text,
            Some(_) => {}
            None => panic!("the control socket ended before {what}"),
        }
    };
    next(&mut control, r#""rate":1000"#);
    for words in ["rate off", "show events", "nonsense"] {
        wish.send_text(words).unwrap();
    }
    assert!(next(&mut control, "refused").contains(r#"came \"nonsense\""#));

    let request = format!("GET /events?after=&view={key} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut reader = Client::connect(port);
    reader.send(&request);
    let head = reader.read_through("\r\n\r\n");
    let opening = reader.read_through(": ok\n\n\r\n");
    let crossing = next(&mut control, "request-line");
    assert!(crossing.contains(r#""technique":"events","direction":"up""#), "{crossing}");
    let totals = next(
        &mut control,
        &format!(
            r#""events":{{"requests":1,"up":{},"down":{}"#,
            request.len(),
            head.len() + opening.len()
        ),
    );
    assert!(
        totals.contains(r#""poll":{"requests":0,"up":0,"down":0,"messages":0,"useful":0}"#),
        "{totals}"
    );

    publish(port, "", "seven!!");
    let block = reader.read_through("seven!!\"}\n\n\r\n");
    let down = head.len() + opening.len() + block.len();
    next(&mut control, &format!(r#""down":{down},"messages":1,"useful":7"#));

    wish.send_text("cut events").unwrap();
    assert_eq!(reader.rest_until_gone(), b"", "cut, and without a last chunk");
    // The control socket shows nothing of itself, and a connection without a key belongs to no
    // page.
    get(port, "/poll");
    wish.send_text("rate 2000").unwrap();
    let totals = next(&mut control, r#""rate":2000"#);
    assert!(
        totals.contains(r#""ws":{"requests":0"#) && totals.contains(r#""poll":{"requests":0"#),
        "{totals}"
    );
}

#[test]
fn what_else_crosses_a_polls_connection_is_not_counted_as_polling() {
    let hub = start(&[]);
    let port = hub.port("page");
    let key = "abcdefgh2";
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/control?view={key}")).unwrap();
    let mut client = SocketClient::connect(&url, &[]).unwrap();
    let mut control = client.socket();
    control.sender().send_text("rate off").unwrap();

    let poll = format!("GET /poll?view={key} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let mut browser = Client::connect(port);
    browser.send(&poll);
    let answer = browser.read_through("]}");
    browser.send("POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello");
    browser.read_through("\"}");
    browser.send("GET /health HTTP/1.1\r\nHost: localhost\r\n\r\n");
    browser.read_through("ok\n");

    control.sender().send_text("rate 2000").unwrap();
    let totals = loop {
        match control.receive().unwrap() {
            Some(Message::Text(text)) if text.contains(r#""rate":2000"#) => break text,
            other => assert!(other.is_some(), "the control socket ended"),
        }
    };
    let counted = format!(r#""poll":{{"requests":1,"up":{},"down":{}"#, poll.len(), answer.len());
    assert!(totals.contains(&counted), "{counted} in {totals}");

    // No poll is held between two of them, so the next one is cut, and nobody is told so who is not
    // there any more.
    control.sender().send_text("cut poll").unwrap();
    let refused = |text: &str| text.contains("refused");
    control.sender().send_text("after the cut").unwrap();
    while !matches!(control.receive().unwrap(), Some(Message::Text(text)) if refused(&text)) {}
    browser.send(&poll);
    assert_eq!(browser.rest_until_gone(), b"", "cut, and without an answer");
    get(port, "/health");
    assert_eq!(hub.log(), [""; 0]);
}

#[test]
#[ignore = "heavy: 10,000 connections and as many threads; cargo test --release"]
fn one_publish_answers_five_thousand_long_polls_and_five_thousand_streams() {
    const EACH: usize = 5_000;
    // The default leaves no room for the publisher.
    let hub = start(&["--max-threads", "10100"]);
    let port = hub.port("page");
    let origin = values(text(&get(port, "/poll?after=")), "id")[0].to_owned();
    let park = |technique: &str| -> Vec<Client> {
        let target = format!("/{technique}?after={origin}");
        (0..EACH)
            .map(|_| {
                let mut client = Client::connect(port);
                client.ask("GET", &target, "");
                client
            })
            .collect()
    };
    // Streams are confirmed by their first bytes, long polls by the count: a poll is held for 25 s,
    // so all of them have to be here before the first gives up.
    let mut streams = park("events");
    for stream in &mut streams {
        stream.read_through(": ok\n\n\r\n");
    }
    let mut polls = park("long-poll");
    eventually("all are held", || {
        text(&get(port, "/status"))
            .contains(&format!(r#""long-poll":{EACH},"iframe":0,"stream":0,"events":{EACH}"#))
    });
    let resident = hub.resident_kib();

    let published = Instant::now();
    publish(port, "", "to all of you");
    for poll in &mut polls {
        let response = poll.response();
        assert!(
            text(&response).contains("to all of you"),
            "{:?} {}",
            response.status,
            text(&response)
        );
    }
    let polled = published.elapsed();
    for stream in &mut streams {
        stream.read_through("to all of you\"}\n\n\r\n");
    }
    println!(
        "{} connections, {} KiB each; publish to last long poll {polled:?}, to last stream {:?}",
        2 * EACH,
        resident / (2 * EACH as u64),
        published.elapsed()
    );
    assert!(text(&get(port, "/status")).contains(r#""refused":0"#));
    assert!(published.elapsed() < Duration::from_secs(60), "the clients' own time-out");
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

#[test]
fn who_reads_or_is_refused_creates_no_channel() {
    let hub = start(&["--max-threads", "200"]);
    let port = hub.port("page");
    let channels = || text(&get(port, "/status")).matches(r#""name":"#).count();
    let foreign = format!("{UPGRADE}Origin: http://evil.example\r\n");
    for n in 0..40 {
        assert_eq!(get(port, &format!("/evil{n}/poll")).status, Status::OK);
        let refused = [
            ("GET", format!("/evil{n}/poll?after=x"), "", 400),
            ("GET", format!("/evil{n}/ws"), "", 426),
            ("GET", format!("/evil{n}/ws"), &foreign, 403),
            ("POST", format!("/evil{n}/publish"), "Origin: http://evil.example\r\n", 403),
            ("POST", format!("/evil{n}/events"), "", 405),
        ];
        for (method, target, fields, status) in refused {
            let response = request(port, method, &target, fields, "");
            assert_eq!(response.status.code(), status, "{method} {target}: {}", text(&response));
        }
    }
    let long = request(port, "POST", "/evil/publish", "", &"x".repeat(64 * 1024 + 1));
    assert_eq!(long.status, Status::CONTENT_TOO_LARGE);
    assert_eq!(channels(), 1, "the unnamed one");
    for n in 0..32 {
        publish(port, &format!("/good{n}"), "x");
    }
    let full = request(port, "POST", "/one-more/publish", "", "x");
    assert_eq!(full.status, Status::SERVICE_UNAVAILABLE);
    assert_eq!(full.fields.get("retry-after"), Some("60"));
    assert_eq!(channels(), 33);
    assert_eq!(get(port, "/one-more/poll").status, Status::OK, "reading needs no place");
}

#[test]
fn a_reader_of_a_channel_that_does_not_exist_yet_gets_its_first_message() {
    let hub = start(&[]);
    let port = hub.port("page");
    std::thread::scope(|scope| {
        let readers = ["long-poll", "iframe", "stream", "events", "ws"].map(|technique| {
            scope.spawn(move || {
                let mut seen = Seen::default();
                read(port, "/later", technique, "", &mut seen, |seen| !seen.messages.is_empty());
                seen
            })
        });
        eventually("all five wait", || {
            text(&get(port, "/status"))
                .contains(r#"{"poll":0,"long-poll":1,"iframe":1,"stream":1,"events":1,"ws":1}"#)
        });
        let id = publish(port, "/later", "first");
        for reader in readers {
            let seen = reader.join().unwrap();
            assert_eq!(seen.messages, [(id.parse().unwrap(), "first".to_owned())]);
        }
    });
}

#[test]
fn an_id_of_another_server_is_answered_with_a_reset_and_not_with_an_error() {
    let hub = start(&[]);
    let port = hub.port("page");
    publish(port, "", "kept");
    for id in ["17", "urn:uuid:1", "99999999999999999999", "-1"] {
        for (target, fields) in [
            ("/events".to_owned(), format!("Last-Event-ID: {id}\r\n")),
            (format!("/events?lastEventId={id}"), String::new()),
            (format!("/events?last-event-id={id}"), String::new()),
        ] {
            let mut client = Client::connect(port);
            client.ask("GET", &target, &fields);
            let head = client.read_through("\r\n\r\n");
            assert!(head.starts_with(b"HTTP/1.1 200 OK\r\n"), "{target} {fields}");
            client.read_through("event: reset\ndata: {\"missed\":null}\n\n\r\n");
            client.read_through("\"data\":\"kept\"}\n\n\r\n");
        }
    }
}

#[test]
fn every_path_says_which_methods_it_has() {
    let hub = start(&["--allow-origin", "http://app.example"]);
    let port = hub.port("page");
    for (path, allow) in [
        ("/poll", "GET, HEAD, OPTIONS"),
        ("/news/events", "GET, HEAD, OPTIONS"),
        ("/status", "GET, HEAD, OPTIONS"),
        ("/health", "GET, HEAD, OPTIONS"),
        ("/control", "GET, HEAD, OPTIONS"),
        ("/publish", "POST, OPTIONS"),
    ] {
        let options = request(port, "OPTIONS", path, "", "");
        assert_eq!(options.status, Status::NO_CONTENT, "{path}");
        assert_eq!(options.fields.get("allow"), Some(allow), "{path}");
        let other = request(port, "DELETE", path, "", "");
        assert_eq!(other.status, Status::METHOD_NOT_ALLOWED, "{path}");
        assert_eq!(other.fields.get("allow"), Some(allow), "{path}");
    }
}

#[test]
fn head_gets_the_head_that_get_would_get() {
    let hub = start(&[]);
    let port = hub.port("page");
    publish(port, "", "x");
    for path in ["/poll", "/long-poll", "/iframe", "/events", "/status", "/health", "/"] {
        let mut client = Client::connect(port);
        client.ask("HEAD", path, "");
        let head = client.response_to_head();
        assert_eq!(head.status, Status::OK, "{path}");
        // The next answer on the connection follows at once: there was no content.
        client.ask("GET", "/health", "");
        assert_eq!(text(&client.response()), "ok\n", "{path}");
    }
}

#[test]
fn a_page_that_may_read_may_read_refusals_too() {
    let origin = "Origin: http://app.example\r\n";
    let hub = start(&["--allow-origin", "http://app.example"]);
    let port = hub.port("page");
    let long = "x".repeat(64 * 1024 + 1);
    for (method, target, body, status) in [
        ("GET", "/nowhere", "", 404),
        ("PUT", "/publish", "", 405),
        ("POST", "/poll", "", 405),
        ("POST", "/publish", long.as_str(), 413),
        ("POST", "/a%20b/publish", "x", 400),
        ("GET", "/a%20b/poll", "", 400),
        ("GET", "/poll?after=x", "", 400),
        ("GET", "/status", "", 200),
        ("GET", "/health", "", 200),
        ("GET", "/ws", "", 426),
        ("GET", "/control?view=abcdefgh", "", 426),
    ] {
        let response = request(port, method, target, origin, body);
        assert_eq!(response.status.code(), status, "{method} {target}: {}", text(&response));
        assert_eq!(
            response.fields.get("access-control-allow-origin"),
            Some("http://app.example"),
            "{method} {target}"
        );
    }
}

#[test]
fn a_page_may_read_the_servers_own_refusals_too() {
    let hub = start(&["--allow-origin", "http://app.example"]);
    for fields in ["Content-Length: 2000000\r\n", "Transfer-Encoding: chunked\r\n"] {
        let mut client = Client::connect(hub.port("page"));
        client.ask("POST", "/publish", &format!("Origin: http://app.example\r\n{fields}"));
        if fields.starts_with('T') {
            client.send("x\r\n");
        }
        let refusal = client.response();
        assert!(refusal.status == Status::CONTENT_TOO_LARGE || fields.starts_with('T'));
        let shared = refusal.fields.get("access-control-allow-origin");
        assert_eq!(shared, Some("http://app.example"), "{fields}: {}", text(&refusal));
    }
}

#[test]
fn a_refused_handshake_opens_no_view_and_a_head_is_refused_as_get_is() {
    let hub = start(&[]);
    let port = hub.port("page");
    let mut page = Client::connect(port);
    page.ask("GET", "/control?view=abcdefgh5", UPGRADE);
    assert_eq!(page.response_in_parts().0.status, Status::SWITCHING_PROTOCOLS);
    // A second view of this key would be one too many; but none is asked for.
    for path in ["/control?view=abcdefgh5", "/ws?view=abcdefgh5"] {
        assert_eq!(get(port, path).status, Status::UPGRADE_REQUIRED, "{path}");
        let mut client = Client::connect(port);
        for fields in ["", UPGRADE] {
            client.ask("HEAD", path, fields);
            assert_eq!(client.response_to_head().status, Status::UPGRADE_REQUIRED, "{path}");
        }
    }
}

#[test]
fn a_stream_tells_proxies_not_to_hold_it_back() {
    let hub = start(&[]);
    for path in ["/iframe", "/events"] {
        let mut client = Client::connect(hub.port("page"));
        client.ask("GET", path, "");
        let head = client.response_in_parts().0;
        for (name, value) in [
            ("cache-control", "no-store, no-transform"),
            ("x-accel-buffering", "no"),
            ("x-content-type-options", "nosniff"),
        ] {
            assert_eq!(head.fields.get(name), Some(value), "{path}");
        }
    }
}

#[test]
fn each_event_stream_is_told_another_time_to_come_back_after() {
    let hub = start(&[]);
    let told: BTreeSet<u64> = (0..8)
        .map(|_| {
            let mut client = Client::connect(hub.port("page"));
            client.ask("GET", "/events", "");
            client.read_through("\r\n\r\n");
            let opening = String::from_utf8(chunk(&mut client)).unwrap();
            let digits = opening.strip_prefix("retry: ").unwrap().strip_suffix("\n: ok\n\n");
            digits.unwrap().parse().unwrap()
        })
        .collect();
    assert_eq!(told.len(), 8, "{told:?}");
    assert!(told.iter().all(|retry| (2000..=4000).contains(retry)), "{told:?}");
    assert!(told.last().unwrap() - told.first().unwrap() > 1000, "{told:?}");
}

#[test]
fn a_refused_page_leaves_a_line_that_names_the_flag_and_with_it_the_hub_is_whole() {
    // A proxy in front names the server as it knows it, and the page as the browser does.
    let origin = "Origin: http://localhost:8080\r\n";
    let closed = start(&[]);
    let open = start(&["--allow-origin", "http://localhost:8080"]);
    for (method, target, fields, refused, let_in) in [
        ("POST", "/publish", "", 403, 201),
        ("GET", "/ws", UPGRADE, 403, 101),
        ("GET", "/control?view=abcdefgh3", UPGRADE, 403, 101),
    ] {
        for (hub, status) in [(&closed, refused), (&open, let_in)] {
            let mut client = Client::connect(hub.port("page"));
            client.ask(method, target, &format!("{fields}{origin}Content-Length: 0\r\n"));
            assert_eq!(client.response_in_parts().0.status.code(), status, "{target}");
        }
        let line = closed.log_line("--allow-origin");
        assert!(line.contains("http://localhost:8080"), "{line}");
    }
}

#[test]
fn behind_a_proxy_that_calls_it_by_another_name_the_hub_is_whole_with_two_flags() {
    let closed = start(&[]);
    let flags = ["--allow-host", "hub", "--allow-origin", "localhost:8080/"];
    let open = start(&flags);
    for (method, target, fields, let_in) in [
        ("GET", "/", "", 200),
        ("GET", "/poll", "", 200),
        ("POST", "/publish", "Content-Length: 0\r\n", 201),
        ("GET", "/ws", UPGRADE, 101),
        ("GET", "/control?view=abcdefgh6", UPGRADE, 101),
    ] {
        for (hub, status) in [(&closed, 421), (&open, let_in)] {
            let mut client = Client::connect(hub.port("page"));
            client.send(format!(
                "{method} {target} HTTP/1.1\r\nHost: hub\r\nOrigin: http://localhost:8080\r\n{fields}\r\n"
            ));
            assert_eq!(client.response_in_parts().0.status.code(), status, "{target}");
        }
    }
    let line = closed.log_line("--allow-host");
    assert!(line.starts_with("421 ") && line.contains("came Host \"hub\""), "{line}");
}

#[test]
fn a_socket_takes_no_more_than_a_message_may_have_and_says_little_back() {
    let hub = start(&[]);
    let port = hub.port("page");
    // A header that announces one byte more than there may be: the bytes need not come first.
    let heads = [b"\x81\xff\0\0\0\0\0\x01\0\x01\0\0\0\0".as_slice(), b"\x81\xfe\x04\x01\0\0\0\0"];
    for (target, head) in ["/ws", "/control?view=abcdefgh4"].into_iter().zip(heads) {
        let mut client = support::frames::open(port, target);
        client.send(head);
        let (code, reason) = loop {
            let frame = support::frames::next(&mut client);
            if frame.opcode == push_by_hand::websocket::Opcode::Close {
                break (
                    u16::from_be_bytes([frame.payload[0], frame.payload[1]]),
                    String::from_utf8_lossy(&frame.payload[2..]).into_owned(),
                );
            }
        };
        assert_eq!(code, 1009, "{target}: {reason}");
    }
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/control?view=abcdefgh5")).unwrap();
    let mut client = SocketClient::connect(&url, &[]).unwrap();
    let mut control = client.socket();
    control.sender().send_text(&format!("show {}", "x".repeat(1000))).unwrap();
    let refused = loop {
        match control.receive().unwrap() {
            Some(Message::Text(text)) if text.contains("refused") => break text,
            other => assert!(other.is_some(), "the control socket ended"),
        }
    };
    assert!(refused.len() < 120, "{refused}");
}

#[test]
fn a_poll_that_is_far_behind_is_answered_piece_by_piece() {
    let hub = start(&[]);
    let port = hub.port("page");
    let origin = values(text(&get(port, "/poll?after=")), "id")[0].to_owned();
    // Each of these is written as six characters.
    let message = "\u{1}".repeat(8 * 1024);
    (0..20).for_each(|_| drop(publish(port, "", &message)));
    let (mut after, mut answers, mut came) = (origin, 0, 0);
    while came < 20 {
        let response = get(port, &format!("/poll?after={after}"));
        let length = response.body.len();
        assert!(length <= 64 * 1024, "{length} bytes in one answer");
        came += text(&response).matches("\"time\":").count();
        after = values(text(&response), "id")[0].to_owned();
        answers += 1;
    }
    assert_eq!((came, answers), (20, 20), "each is as much as may be");
}

#[test]
#[ignore = "heavy: 40 connections that are sent more than they take, six times"]
fn a_reader_that_never_reads_holds_at_most_64_kib() {
    const READERS: usize = 40;
    for technique in TECHNIQUES {
        let hub = start(&[]);
        let port = hub.port("page");
        let origin = values(text(&get(port, "/poll?after=")), "id")[0].to_owned();
        let mut publisher = Client::connect(port);
        let message = "x".repeat(4 * 1024);
        let publish = format!(
            "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{message}",
            message.len()
        );
        for _ in 0..3_000 {
            publisher.send(&publish);
            assert_eq!(publisher.response().status, Status::CREATED);
        }
        // The log is full. What comes now is the readers'.
        let before = hub.resident_kib();
        let readers: Vec<Client> = (0..READERS)
            .map(|_| {
                let mut client = Client::connect(port);
                // What ends is asked for again: an answer to a poll, a document of the iframe.
                let ends = matches!(technique, "poll" | "long-poll" | "iframe");
                for _ in 0..if ends { 400 } else { 1 } {
                    let upgrade = if technique == "ws" { UPGRADE } else { "" };
                    client.ask("GET", &format!("/{technique}?after={origin}"), upgrade);
                }
                client
            })
            .collect();
        let mut sent = String::new();
        eventually("nothing more can be sent", || {
            let status = get(port, "/status");
            // Without what these looks themselves are sent.
            let now = values_of_number(text(&status), "sent") / (1 << 20);
            // Blocked where it answers, or behind it, where what it has answered leaves.
            let still = connections(&hub) >= READERS;
            let same = sent == now.to_string();
            sent = now.to_string();
            still && same && now > READERS as u64
        });
        let each = (hub.resident_kib() - before) / READERS as u64;
        println!("{technique}: {each} KiB for each reader that never reads; {sent} MiB sent");
        assert!(each <= 64 + 32, "{technique}: {each} KiB, parked cost and all");
        drop(readers);
    }
}

fn values_of_number(json: &str, name: &str) -> u64 {
    let (_, rest) = json.split_once(&format!("\"{name}\":")).unwrap();
    rest.split([',', '}']).next().unwrap().parse().unwrap()
}
