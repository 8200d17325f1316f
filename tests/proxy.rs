//! The proxy, run as a program between the hub and the library's own clients: whatever the network
//! does, every technique that can go on goes on, without a loss and without a double.

use crate::support;

use push_by_hand::connection::{Connection, Writer};
use push_by_hand::event_stream::EventReader;
use push_by_hand::http::body::Body;
use push_by_hand::http::{Response, Status};
use push_by_hand::websocket::{Client as SocketClient, Message, Url};
use std::io::{self, BufRead, Read, Write};
use std::net::{Ipv4Addr, TcpListener};
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Mutex, MutexGuard};
use std::thread;
use std::time::Duration;
use support::{Client, Program, eventually, get, request, text, values};

const TECHNIQUES: [&str; 6] = ["poll", "long-poll", "iframe", "stream", "events", "ws"];
/// How many messages are published under each fault.
const MESSAGES: usize = 4;

fn hub() -> Program {
    Program::start(env!("CARGO_BIN_EXE_hub"), &["--port", "0"])
}

fn proxy(to: u16, flags: &[&str]) -> Program {
    let to = format!("localhost:{to}");
    let ours = ["--port", "0", "--page-port", "0", "--to", &to];
    Program::start(env!("CARGO_BIN_EXE_proxy"), &[&ours, flags].concat())
}

fn set(proxy: &Program, switches: &str) {
    let response = request(proxy.port("page"), "POST", "/set", "", switches);
    assert_eq!(response.status, Status::NO_CONTENT, "{switches}: {}", text(&response));
}

fn state(proxy: &Program) -> String {
    text(&get(proxy.port("page"), "/state")).to_owned()
}

fn publish(hub: u16, channel: &str, message: &str) {
    let response = request(hub, "POST", &format!("/{channel}/publish"), "", message);
    assert_eq!(response.status, Status::CREATED, "{}", text(&response));
}

/// Longer than the least that a proxy holds back: each of them fills it.
fn message(n: usize) -> String {
    format!("消息 {n} 😀{}", ".".repeat(1024))
}

/// One client that comes back by its technique, whatever ends, with the id it saw last.
struct Reader {
    technique: &'static str,
    /// What it has seen, in the order in which it came: numbers and texts.
    seen: Mutex<Vec<(u64, String)>>,
    cursor: Mutex<String>,
    /// How often it had to come back.
    failures: AtomicUsize,
    /// The connection at present, for the watchdog.
    writer: Mutex<Option<Writer>>,
    done: AtomicBool,
}

impl Reader {
    fn new(technique: &'static str, cursor: &str) -> Reader {
        Reader {
            technique,
            seen: Mutex::default(),
            cursor: Mutex::new(cursor.to_owned()),
            failures: AtomicUsize::new(0),
            writer: Mutex::default(),
            done: AtomicBool::new(false),
        }
    }

    fn seen(&self) -> MutexGuard<'_, Vec<(u64, String)>> {
        self.seen.lock().unwrap()
    }

    fn is_done(&self) -> bool {
        self.done.load(Ordering::Relaxed)
    }

    /// What a page's watchdog does after twice the heartbeat.
    fn give_up(&self) {
        if let Some(writer) = &*self.writer.lock().unwrap() {
            writer.cut();
        }
    }

    fn read(&self, port: u16, channel: &str) {
        while !self.is_done() {
            if self.attempt(port, channel).is_err() && !self.is_done() {
                self.failures.fetch_add(1, Ordering::Relaxed);
                // The pause that every client makes before it comes back.
                thread::sleep(Duration::from_millis(5));
            }
        }
    }

    /// Takes in whatever messages a piece of JSON holds.
    fn take(&self, json: &str) -> io::Result<()> {
        assert!(!json.contains("\"missed\":") || json.contains("\"missed\":0"), "{json}");
        for part in json.split("{\"id\":\"").skip(1).filter(|part| part.contains("\"time\":")) {
            let (id, rest) = part.split_once('"').unwrap();
            let number = id.split_once('-').unwrap().1.parse().unwrap();
            self.seen().push((number, values(rest, "data")[0].to_owned()));
            *self.cursor.lock().unwrap() = id.to_owned();
        }
        if self.is_done() { Err(io::ErrorKind::Interrupted.into()) } else { Ok(()) }
    }

    /// One connection, until it ends.
    fn attempt(&self, port: u16, channel: &str) -> io::Result<()> {
        let limit = Duration::from_secs(5);
        let mut connection = Connection::connect((Ipv4Addr::LOCALHOST, port), limit, None)?;
        *self.writer.lock().unwrap() = Some(connection.writer());
        let technique = self.technique;
        let target = || {
            let cursor = self.cursor.lock().unwrap();
            format!("/{channel}/{technique}?after={cursor}")
        };
        if technique == "ws" {
            let url = Url::parse(&format!("ws://127.0.0.1:{port}{}", target())).unwrap();
            let mut client = SocketClient::over(connection, &url, &[])?;
            let mut socket = client.socket();
            while let Some(Message::Text(text)) = socket.receive().map_err(io::Error::other)? {
                self.take(&text)?;
            }
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
        loop {
            let head = format!("GET {} HTTP/1.1\r\nHost: localhost\r\n\r\n", target());
            connection.writer().append(|out| out.extend_from_slice(head.as_bytes()))?;
            if technique.ends_with("poll") {
                let response = Response::read_from(&mut connection, false, 1 << 20)?;
                match response.status {
                    Status::OK => self.take(text(&response))?,
                    Status::NO_CONTENT => self.take("")?,
                    other => return Err(io::Error::other(other.to_string())),
                }
                if technique == "poll" {
                    thread::sleep(Duration::from_millis(5));
                }
                continue;
            }
            let (response, framing) = Response::read_head_from(&mut connection, false)?;
            if response.status != Status::OK {
                return Err(io::Error::other(response.status.to_string()));
            }
            let body = Body::new(&mut connection, framing);
            if technique == "events" {
                let mut events = EventReader::new(body, "");
                while let Some(event) = events.next_event()? {
                    self.take(&event.data.unwrap_or_default())?;
                }
            } else {
                body.lines().try_for_each(|line| self.take(&line?))?;
            }
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
}

/// What the network does while a message is published.
#[derive(Clone, Copy, PartialEq)]
enum Act {
    /// What its switches say, all the time.
    Nothing,
    /// Every connection is cut at once.
    Cut,
    /// It falls silent, until every client has given up.
    Silence,
    /// It refuses everybody, until every client has been refused.
    Refuse,
    /// Every connection that waits is cut because it does.
    WaitForIdle,
}

#[test]
fn every_technique_recovers_from_every_fault_without_a_loss_or_a_double() {
    let hub = hub();
    let hub_port = hub.port("page");
    let faults: [(&str, &[&str], Act); 11] = [
        ("delay", &["--delay", "20"], Act::Nothing),
        ("rate", &["--rate", "20000"], Act::Nothing),
        ("pieces", &["--pieces", "1"], Act::Nothing),
        ("hold", &["--hold", "1"], Act::Nothing),
        ("upgrade", &["--upgrade", "1"], Act::Nothing),
        ("fail", &["--fail", "2"], Act::Cut),
        ("cut", &[], Act::Cut),
        ("silence", &[], Act::Silence),
        ("refuse", &[], Act::Refuse),
        ("idle", &["--idle", "50"], Act::WaitForIdle),
        ("all", &["--delay", "5", "--pieces", "7", "--fail", "3", "--idle", "2000"], Act::Silence),
    ];
    thread::scope(|scope| {
        for (fault, flags, act) in faults {
            scope.spawn(move || {
                let proxy = proxy(hub_port, flags);
                suffer(hub_port, &proxy, fault, act);
            });
        }
    });
}

/// Publishes a few messages while the network does what it does, and compares what came.
fn suffer(hub: u16, proxy: &Program, fault: &str, act: Act) {
    let origin = text(&get(hub, &format!("/{fault}/poll?after="))).to_owned();
    // Without Upgrade there is no WebSocket: that has a test of its own.
    let techniques = if fault == "upgrade" { &TECHNIQUES[..5] } else { &TECHNIQUES };
    let readers = techniques.iter().map(|each| Reader::new(each, values(&origin, "id")[0]));
    let readers: Vec<_> = readers.collect();
    let port = proxy.port("proxy");
    // A message may come in two pieces. What holds back lets go of the first when it has enough, and
    // of the second with the next message.
    let behind = usize::from(fault == "hold");
    thread::scope(|scope| {
        for reader in &readers {
            scope.spawn(move || reader.read(port, fault));
        }
        let outcome = catch_unwind(AssertUnwindSafe(|| {
            for n in 1..=MESSAGES + behind {
                disturb(proxy, act, &readers, || publish(hub, fault, &message(n)));
                eventually(&format!("{fault}: message {n} by every technique"), || {
                    readers.iter().all(|reader| reader.seen().len() + behind >= n)
                });
            }
        }));
        // Also where it failed: the readers would go on for ever.
        for reader in &readers {
            reader.done.store(true, Ordering::Relaxed);
            reader.give_up();
        }
        // Whoever is being connected just now is given up, too.
        set(proxy, "silence=0&refuse=0&idle=20");
        outcome.unwrap_or_else(|panic| resume_unwind(panic));
    });
    let expected: Vec<_> = (1..=MESSAGES + behind).map(|n| (n as u64, message(n))).collect();
    for reader in &readers {
        let (seen, technique) = (reader.seen(), reader.technique);
        assert_eq!(Some(&seen[..]), expected.get(..seen.len()), "{fault}, {technique}");
    }
}

fn disturb(proxy: &Program, act: Act, readers: &[Reader], publish: impl Fn()) {
    let before = readers.iter().map(|reader| reader.failures.load(Ordering::Relaxed));
    let before: Vec<_> = before.collect();
    // A poll is answered at once, and no connection of it waits.
    let waits = |reader: &Reader| act != Act::WaitForIdle || reader.technique != "poll";
    let all_failed = || {
        let mut each = readers.iter().zip(&before).filter(|(reader, _)| waits(reader));
        each.all(|(reader, before)| reader.failures.load(Ordering::Relaxed) > *before)
    };
    let cut = || request(proxy.port("page"), "POST", "/cut", "", "").status;
    match act {
        Act::Nothing => {}
        Act::Cut => assert_eq!(cut(), Status::NO_CONTENT),
        Act::Silence => {
            set(proxy, "silence=1");
            publish();
            eventually("every client has given up", || {
                readers.iter().for_each(Reader::give_up);
                all_failed()
            });
            return set(proxy, "silence=0");
        }
        Act::Refuse => {
            set(proxy, "refuse=1");
            cut();
            publish();
            eventually("every client has been refused", all_failed);
            return set(proxy, "refuse=0");
        }
        Act::WaitForIdle => eventually("every client that waits has been cut", all_failed),
    }
    publish();
}

/// What a proxy holds back looks to its client like a server that says nothing. Answers that end
/// and sockets are not held.
#[test]
fn a_proxy_that_holds_answers_back_keeps_streams_late_and_nothing_else() {
    let hub = hub();
    let proxy = proxy(hub.port("page"), &["--hold", "4"]);
    let port = proxy.port("proxy");
    let origin = values(text(&get(port, "/poll?after=")), "id")[0].to_owned();
    let mut streams = ["iframe", "stream", "events"].map(|technique| {
        let mut client = Client::connect(port);
        client.ask("GET", &format!("/{technique}?after={origin}"), "");
        client
    });
    publish(hub.port("page"), "", "early");
    let taken = || state(&proxy).matches(r#""doing":"holding""#).count();
    eventually("all streams are held", || taken() == streams.len());
    for client in &streams {
        client.stream().set_nonblocking(true).unwrap();
        assert_eq!(client.stream().peek(&mut [0]).unwrap_err().kind(), io::ErrorKind::WouldBlock);
        client.stream().set_nonblocking(false).unwrap();
    }
    for technique in ["poll", "long-poll"] {
        let news = get(port, &format!("/{technique}?after={origin}"));
        assert_eq!(values(text(&news), "data"), ["early"], "{technique}");
    }
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/ws?after={origin}")).unwrap();
    let mut socket = SocketClient::connect(&url, &[]).unwrap();
    let Some(Message::Text(text)) = socket.socket().receive().unwrap() else { panic!("a text") };
    assert_eq!(values(&text, "data"), ["early"]);
    // Late, and not lost: it comes with whatever fills the buffer.
    publish(hub.port("page"), "", &"x".repeat(8 * 1024));
    for client in &mut streams {
        let came = client.read_through("early");
        assert!(came.starts_with(b"HTTP/1.1 200 OK\r\n"));
    }
}

#[test]
fn without_upgrade_a_web_socket_is_told_that_it_has_none_and_the_others_go_on() {
    let hub = hub();
    let proxy = proxy(hub.port("page"), &["--upgrade", "1"]);
    let port = proxy.port("proxy");
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/ws")).unwrap();
    let error = SocketClient::connect(&url, &[]).err().unwrap().to_string();
    assert!(error.contains("came 426 Upgrade Required"), "{error}");
    publish(hub.port("page"), "", "hello");
    let mut client = Client::connect(port);
    client.ask("GET", "/events", "");
    client.read_through("hello");
    set(&proxy, "upgrade=0");
    assert!(SocketClient::connect(&url, &[]).is_ok());
}

/// A server of one answer, and what it was asked.
fn origin(answer: &'static [u8]) -> (u16, thread::JoinHandle<String>) {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let port = listener.local_addr().unwrap().port();
    let asked = thread::spawn(move || {
        let (mut stream, _) = listener.accept().unwrap();
        let mut asked = Vec::new();
        while !asked.ends_with(b"\r\n\r\n") {
            let mut byte = [0];
            stream.read_exact(&mut byte).unwrap();
            asked.push(byte[0]);
        }
        // Nothing to say is to wait until the proxy has had enough.
        if answer.is_empty() {
            stream.read_to_end(&mut asked).unwrap();
        }
        stream.write_all(answer).unwrap();
        String::from_utf8(asked).unwrap()
    });
    (port, asked)
}

#[test]
fn fields_for_one_hop_end_there_in_both_directions() {
    let (port, asked) = origin(
        b"HTTP/1.1 200 OK\r\nContent-Length: 2\r\nDate: yesterday\r\nConnection: X-Hop, close\r\n\
          X-Hop: 1\r\nKeep-Alive: timeout=5\r\nX-End: 2\r\n\r\nok",
    );
    let proxy = proxy(port, &[]);
    let mut client = Client::connect(proxy.port("proxy"));
    let answer = client.get(
        "/",
        "Connection: keep-alive, X-Mine, Host\r\nX-Mine: 1\r\nTE: trailers\r\nUpgrade: h2c\r\n\
         Proxy-Connection: x\r\nX-End: 1\r\nVia: 1.0 other\r\n",
    );
    assert_eq!(
        asked.join().unwrap(),
        "GET / HTTP/1.1\r\nHost: localhost\r\nX-End: 1\r\nVia: 1.0 other\r\n\
         Via: 1.1 push-by-hand\r\nConnection: close\r\n\r\n"
    );
    let fields: Vec<_> = answer.fields.iter().collect();
    assert_eq!(
        fields,
        [
            ("Content-Length", "2"),
            ("Date", "yesterday"),
            ("X-End", "2"),
            ("Via", "1.1 push-by-hand")
        ]
    );
    // The client's connection goes on, though the server's did not.
    client.ask("GET", "/", "");
    assert_eq!(client.response().status.code(), 502);
}

/// What a client gets for this request through a proxy, until the text `end`; and what the server
/// was asked.
fn through(answer: &'static [u8], request: &str, end: &str) -> (String, String) {
    let (port, asked) = origin(answer);
    let proxy = proxy(port, &[]);
    let mut client = Client::connect(proxy.port("proxy"));
    client.send(request);
    let came = client.read_through(end);
    (String::from_utf8_lossy(&came).into_owned(), asked.join().unwrap())
}

#[test]
fn an_answer_before_the_answer_and_a_coded_one_come_through() {
    let said = b"HTTP/1.1 103 Early Hints\r\nLink: </a>\r\nConnection: X\r\nX: 1\r\n\r\n\
        HTTP/1.1 200 OK\r\nContent-Encoding: gzip\r\nContent-Length: 3\r\n\r\nend";
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nAccept-Encoding: gzip\r\n\r\n";
    let (came, asked) = through(said, request, "end");
    assert!(asked.contains("\r\nAccept-Encoding: gzip\r\n"), "{asked}");
    let early = "HTTP/1.1 103 \r\nLink: </a>\r\n\r\nHTTP/1.1 200 OK\r\n";
    assert!(came.starts_with(early) && came.contains("\r\nContent-Encoding: gzip\r\n"), "{came}");
    // HTTP/1.0 knows one answer a request.
    let (came, _) = through(said, "GET / HTTP/1.0\r\n\r\n", "end");
    assert!(came.starts_with("HTTP/1.1 200 OK\r\n"), "{came}");
}

#[test]
fn a_head_says_no_length_that_the_server_did_not_say() {
    let said = b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
    let (came, _) = through(said, "HEAD / HTTP/1.1\r\nHost: localhost\r\n\r\n", "\r\n\r\n");
    assert!(!came.contains("Content-Length"), "{came}");
}

#[test]
fn http_1_0_upgrades_to_nothing() {
    let request = "GET / HTTP/1.0\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\r\n";
    let (_, asked) = through(b"HTTP/1.1 204 No Content\r\n\r\n", request, "\r\n\r\n");
    assert!(!asked.contains("Upgrade"), "{asked}");
}

#[test]
fn a_question_goes_as_many_hops_as_it_may() {
    let options = |left: &str| {
        format!("OPTIONS / HTTP/1.1\r\nHost: localhost\r\nMax-Forwards: {left}\r\n\r\n")
    };
    let said = b"HTTP/1.1 204 No Content\r\n\r\n";
    let (_, asked) = through(said, &options("3"), "\r\n\r\n");
    assert!(asked.contains("\r\nMax-Forwards: 2\r\n"), "{asked}");
    let proxy = proxy(1, &[]);
    let mut client = Client::connect(proxy.port("proxy"));
    client.send(options("0"));
    let answer = client.response();
    assert_eq!(answer.status, Status::NO_CONTENT);
    assert_eq!(answer.fields.get("Allow"), Some("GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
}

#[test]
fn whoever_leaves_a_silent_stream_is_not_kept() {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap();
    let proxy = proxy(listener.local_addr().unwrap().port(), &[]);
    let mut client = Client::connect(proxy.port("proxy"));
    client.ask("GET", "/", "");
    let (mut server, _) = listener.accept().unwrap();
    server.write_all(b"HTTP/1.1 200 OK\r\n\r\nonce").unwrap();
    client.read_through("once");
    drop(client);
    // All of the request, and then the end: nobody waits any more for what never comes.
    server.set_read_timeout(Some(support::PATIENCE)).unwrap();
    server.read_to_end(&mut Vec::new()).unwrap();
    eventually("nothing passes", || state(&proxy).contains(r#""passing":[]"#));
}

#[test]
fn a_switch_that_is_turned_back_frees_what_it_held_and_no_number_is_too_high() {
    let hub = hub();
    let proxy = proxy(hub.port("page"), &[]);
    for most in ["delay", "rate", "pieces", "hold", "idle"] {
        set(&proxy, &format!("{most}={}", u64::MAX));
        let mut client = Client::connect(proxy.port("proxy"));
        client.ask("GET", "/health", "");
        if most == "delay" {
            eventually("it waits", || state(&proxy).contains("GET /health"));
            set(&proxy, "delay=0");
        }
        assert_eq!(text(&client.response()), "ok\n", "{most}");
        set(&proxy, &format!("{most}=0"));
    }
}

#[test]
fn requests_are_neither_joined_nor_split() {
    let (port, asked) = origin(b"HTTP/1.1 204 No Content\r\n\r\n");
    let proxy = proxy(port, &["--allow-host", "other"]);
    let port = proxy.port("proxy");
    // The same bytes are one request to who believes the length, and two to who believes the
    // chunks: nobody behind is asked.
    for (head, status) in [
        ("Content-Length: 35\r\nTransfer-Encoding: chunked\r\n", 400),
        ("Content-Length: 5\r\nContent-Length: 35\r\n", 400),
        ("Transfer-Encoding: chunked, identity\r\n", 400),
        ("Transfer-Encoding : chunked\r\n", 400),
        ("X: 1\n\rTransfer-Encoding: chunked\r\n", 400),
    ] {
        let mut client = Client::connect(port);
        client.send(format!("POST / HTTP/1.1\r\nHost: localhost\r\n{head}\r\n0\r\n\r\nGET /admin HTTP/1.1\r\nHost: localhost\r\n\r\n"));
        assert_eq!(client.response().status.code(), status, "{head}");
        client.rest_until_gone();
    }
    assert!(!asked.is_finished(), "nothing of it came to the server");
    // What came in chunks leaves with a length, and what follows is another request.
    let mut client = Client::connect(port);
    client.send("GET http://other/x HTTP/1.1\r\nHost: localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n");
    assert_eq!(client.response().status.code(), 204);
    let asked = asked.join().unwrap();
    assert!(
        asked.starts_with("GET /x HTTP/1.1\r\n") && asked.contains("Host: other\r\n"),
        "{asked}"
    );
    assert!(!asked.contains("/2"), "{asked}");
}

#[test]
fn a_server_that_is_not_there_is_502_and_one_that_never_answers_504() {
    let dead = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).unwrap().local_addr().unwrap().port();
    let answer = get(proxy(dead, &[]).port("proxy"), "/");
    assert_eq!(answer.status.code(), 502);
    assert!(text(&answer).starts_with("expected an answer from the server"), "{}", text(&answer));
    for (said, status) in [
        (b"".as_slice(), 504),
        (b"nonsense\r\n\r\n", 502),
        (b"HTTP/1.1 200 OK\r\nContent-Length: 1, 2\r\n\r\n", 502),
        (b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: x\r\n\r\n", 502),
    ] {
        let (port, asked) = origin(said);
        let answer = get(proxy(port, &["--answer-ms", "100"]).port("proxy"), "/");
        assert_eq!(answer.status.code(), status, "{}", said.escape_ascii());
        asked.join().unwrap();
    }
}

#[test]
fn an_answer_that_is_cut_short_does_not_look_whole() {
    for said in [
        b"HTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nhalf".as_slice(),
        b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n4\r\nhalf\r\n",
    ] {
        let (port, _asked) = origin(said);
        let proxy = proxy(port, &[]);
        let mut client = Client::connect(proxy.port("proxy"));
        client.ask("GET", "/", "");
        let rest = String::from_utf8(client.rest_until_gone()).unwrap();
        assert!(rest.contains("half") && !rest.ends_with("0\r\n\r\n"), "{rest}");
    }
    // Where only the close ends it, the close is the end.
    let (port, _asked) = origin(b"HTTP/1.1 200 OK\r\n\r\nwhole");
    let proxy = proxy(port, &[]);
    assert_eq!(text(&get(proxy.port("proxy"), "/")), "whole");
}

#[test]
fn a_head_without_an_end_and_too_long_a_body_never_reach_the_server() {
    let (port, asked) = origin(b"");
    let proxy = proxy(port, &[]);
    let port = proxy.port("proxy");
    for (request, status) in [
        (format!("GET / HTTP/1.1\r\n{}", "X: y\r\n".repeat(200)), 431),
        (format!("GET /{} HTTP/1.1\r\n", "a".repeat(9000)), 414),
        ("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\n\r\n".into(), 413),
    ] {
        let mut client = Client::connect(port);
        client.send(&request);
        assert_eq!(client.response().status.code(), status);
    }
    assert!(!asked.is_finished());
}

#[test]
fn what_is_for_a_name_that_somebody_else_owns_is_not_passed_on() {
    let (port, asked) = origin(b"");
    let proxy = proxy(port, &[]);
    let mut client = Client::connect(proxy.port("proxy"));
    for request in [
        "GET / HTTP/1.1\r\nHost: evil.example\r\n\r\n",
        "GET http://evil.example/ HTTP/1.1\r\nHost: localhost\r\n\r\n",
    ] {
        client.send(request);
        assert_eq!(client.response().status, Status::MISDIRECTED_REQUEST, "{request}");
    }
    assert!(!asked.is_finished());
}

#[test]
fn only_its_own_page_turns_the_switches() {
    let proxy = proxy(1, &[]);
    let page = proxy.port("page");
    let foreign = "Origin: http://evil.example\r\n";
    assert_eq!(request(page, "POST", "/set", foreign, "silence=1").status, Status::FORBIDDEN);
    assert_eq!(request(page, "POST", "/cut", foreign, "").status, Status::FORBIDDEN);
    assert_eq!(get(page, "/set").status, Status::METHOD_NOT_ALLOWED);
    for wrong in ["silence=1&x=2", "silence", "silence=-1", "delay=soon", ""] {
        let refusal = request(page, "POST", "/set", "", wrong);
        assert_eq!(refusal.status, Status::BAD_REQUEST, "{wrong}");
        assert!(text(&refusal).starts_with("expected one of delay,"), "{}", text(&refusal));
    }
    assert!(state(&proxy).contains(r#""silence":0"#), "all or nothing");
    set(&proxy, "silence=1&delay=7\n");
    assert!(state(&proxy).contains(r#""delay":7"#));
    // The page is not behind the switches.
    assert_eq!(get(page, "/").status, Status::OK);
}

#[test]
fn a_reader_that_does_not_read_fills_the_buffers_and_the_page_says_which() {
    let hub = hub();
    let proxy = proxy(hub.port("page"), &[]);
    let mut client = Client::connect(proxy.port("proxy"));
    client.ask("GET", "/events?after=0-0", "");
    client.read_through(": ok");
    // Whoever waits, waits in a kernel: the last of the four numbers is what has come for us.
    let unread = || {
        let state = state(&proxy);
        let (_, kernel) = state.rsplit_once("\"kernel\":[").unwrap();
        let numbers = kernel.split(']').next().unwrap().split(", ");
        numbers.map(|number| number.parse().unwrap()).collect::<Vec<u64>>()
    };
    publish(hub.port("page"), "", &"x".repeat(60_000));
    eventually("the client's kernel holds it", || unread()[3] > 50_000);
    client.read_through("xx\"}\n\n");
    eventually("it has been read", || unread()[3] < 9000);
}
