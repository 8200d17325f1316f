//! A hub for a long time: readers by every technique that join, leave, are cut, come back and
//! publish. Each must be told every message once and in order, and when all have left, the hub must
//! be what it was.
//!
//! Ten minutes, or `SOAK_SECONDS`: `cargo test --release --test soak -- --ignored --nocapture`.

#![allow(clippy::unwrap_used)] // A test that panics has found something.

mod support;

use push_by_hand::connection::Connection;
use push_by_hand::event_stream::EventReader;
use push_by_hand::http::Response;
use push_by_hand::http::body::Body;
use push_by_hand::websocket::{self, CloseCode, Message, Url};
use std::io::{self, BufRead, Write};
use std::sync::{Condvar, Mutex};
use std::thread;
use std::time::{Duration, Instant};
use support::{PATIENCE, Program, eventually, get, id, request, text, values};

/// How many readers each technique has.
const EACH: usize = 10;
const TECHNIQUES: [&str; 6] = ["poll", "long-poll", "iframe", "stream", "events", "ws"];
const READERS: usize = EACH * TECHNIQUES.len();
/// Everybody publishes: the sockets by themselves, the others with a POST.
const PUBLISHERS: usize = READERS + 2;
/// How far the slowest reader may be behind before the two that only publish wait for it: a tenth
/// of what the channel keeps.
const BEHIND: u64 = 1_000;
/// What the channel keeps: when it is full, the hub has all the memory that it needs.
const KEPT: u64 = 10_000;
/// How much more memory the hub may have in the end, in KiB: what an allocator keeps for itself.
const MORE_KIB: u64 = 8 * 1024;
/// How long the hub may hold on to those who have left.
const GONE: Duration = Duration::from_secs(60);
/// The message after which everybody goes.
const END: &str = "end";

#[test]
#[ignore = "heavy: ten minutes, or SOAK_SECONDS; cargo test --release"]
fn nothing_is_lost_or_doubled_and_nothing_stays_behind() {
    let seconds = std::env::var("SOAK_SECONDS").map_or(600, |seconds| seconds.parse().unwrap());
    let hub = Program::start(env!("CARGO_BIN_EXE_hub"), &["--port", "0"]);
    let port = hub.port("page");
    let start = id(values(text(&get(port, "/soak/poll?after=")), "id")[0]);
    eventually("the first client is gone", || support::connections(&hub) == 0);
    let (threads, files) = (hub.threads(), hub.open_files());
    // A stream whose reader has left without a word finds out with its second heartbeat.
    let is_back = |when: &str| {
        let since = Instant::now();
        while (hub.threads(), hub.open_files()) != (threads, files) {
            let (more, open) = (hub.threads(), hub.open_files());
            assert!(
                since.elapsed() < GONE,
                "{when}: {more} threads, not {threads}; {open} files, not {files}"
            );
            thread::sleep(Duration::from_millis(100));
        }
    };

    // Once until its log is full, and then for as long as was asked for.
    let soak = Soak::new(port, start);
    soak.run(|published| published > KEPT);
    is_back("after the first round");
    let (full, before) = (hub.resident_kib(), soak.count());
    let end = Instant::now() + Duration::from_secs(seconds);
    soak.run(|_| Instant::now() >= end);
    is_back("in the end");
    eventually("memory is back", || hub.resident_kib() <= full + MORE_KIB);
    let (published, delivered, visits) = soak.count();
    println!(
        "soak: {seconds} s, {} published, {} deliveries in {} visits, none lost or doubled; {threads} threads and \
         {files} files as at the start, memory {full} KiB before and {} KiB after",
        published - before.0,
        delivered - before.1,
        visits - before.2,
        hub.resident_kib(),
    );
}

/// What all share.
struct Soak {
    port: u16,
    epoch: u64,
    state: Mutex<State>,
    moved: Condvar,
}

struct State {
    /// The number of the newest message that is known to be published.
    published: u64,
    /// How many messages each publisher has had accepted.
    accepted: Vec<u64>,
    /// What each reader has seen.
    readers: Vec<Seen>,
    visits: u64,
    /// How many messages are sent and not yet accepted, and whether more may be: the end is last.
    under_way: usize,
    closing: bool,
}

#[derive(Clone)]
struct Seen {
    /// The number of the last message.
    seq: u64,
    /// How many of each publisher.
    of: Vec<u64>,
}

impl Soak {
    fn new(port: u16, (epoch, seq): (u64, u64)) -> Soak {
        let seen = Seen { seq, of: vec![0; PUBLISHERS] };
        let state = State {
            published: seq,
            accepted: vec![0; PUBLISHERS],
            readers: vec![seen; READERS],
            visits: 0,
            under_way: 0,
            closing: false,
        };
        Soak { port, epoch, state: Mutex::new(state), moved: Condvar::new() }
    }

    /// How many messages were published and delivered, and how often a reader came.
    fn count(&self) -> (u64, u64, u64) {
        let state = self.state.lock().unwrap();
        let delivered = state.readers.iter().map(|reader| reader.seq).sum();
        (state.published, delivered, state.visits)
    }

    /// Lets everybody read and publish until `is_over`, and then read to the end.
    fn run(&self, is_over: impl Fn(u64) -> bool + Sync) {
        let is_over = &is_over;
        self.state.lock().unwrap().closing = false;
        thread::scope(|scope| {
            for number in 0..READERS {
                scope.spawn(move || self.read(number));
            }
            let publishers: Vec<_> = (READERS..PUBLISHERS)
                .map(|number| scope.spawn(move || self.publish_until(number, is_over)))
                .collect();
            for publisher in publishers {
                publisher.join().unwrap();
            }
            let mut state = self.state.lock().unwrap();
            state.closing = true;
            while state.under_way > 0 {
                state = self.moved.wait(state).unwrap();
            }
            drop(state);
            assert_eq!(request(self.port, "POST", "/soak/publish", "", END).status.code(), 201);
        });
        let state = self.state.lock().unwrap();
        for reader in &state.readers {
            assert_eq!(reader.of, state.accepted, "what was accepted, everybody has seen");
        }
    }

    fn publish_until(&self, number: usize, is_over: &impl Fn(u64) -> bool) {
        loop {
            let mut state = self.state.lock().unwrap();
            let behind = |state: &State| {
                let slowest = state.readers.iter().map(|reader| reader.seq).min().unwrap();
                state.published.saturating_sub(slowest)
            };
            while behind(&state) > BEHIND {
                let (next, waited) = self.moved.wait_timeout(state, PATIENCE).unwrap();
                state = next;
                assert!(!waited.timed_out(), "a reader stands still");
            }
            let over = is_over(state.published);
            drop(state);
            if over {
                return;
            }
            // A handful on one connection, as a page would.
            let mut connection = self.connect();
            for _ in 0..20 {
                self.publish(number, &mut connection);
            }
        }
    }

    fn connect(&self) -> Connection {
        Connection::connect(("127.0.0.1", self.port), PATIENCE, None).unwrap()
    }

    /// What this publisher says next, if it still may.
    fn next_text(&self, number: usize) -> Option<String> {
        let mut state = self.state.lock().unwrap();
        if state.closing {
            return None;
        }
        state.under_way += 1;
        Some(format!("{number} {}", state.accepted[number] + 1))
    }

    fn publish(&self, number: usize, connection: &mut Connection) {
        let Some(text) = self.next_text(number) else { return };
        let head = "POST /soak/publish HTTP/1.1\r\nHost: localhost\r\nContent-Length";
        send(connection, &format!("{head}: {}\r\n\r\n{text}", text.len()));
        let response = Response::read_from(connection, false, 1024).unwrap();
        self.accepted(number, id(values(support::text(&response), "id")[0]).1);
    }

    fn accepted(&self, number: usize, seq: u64) {
        let mut state = self.state.lock().unwrap();
        state.accepted[number] += 1;
        state.under_way -= 1;
        state.published = state.published.max(seq);
        self.moved.notify_all();
    }

    /// Comes and goes until it has seen the end.
    fn read(&self, number: usize) {
        let technique = TECHNIQUES[number % TECHNIQUES.len()];
        let mut random = Random(number as u64 + 1);
        loop {
            let seen = {
                let mut state = self.state.lock().unwrap();
                state.visits += 1;
                state.readers[number].clone()
            };
            let stay = random.below(300);
            let mut visit = Visit { soak: self, number, seen, left: stay, over: false };
            if technique != "ws" && random.below(8) == 0 {
                self.publish(number, &mut self.connect());
            }
            let cut = random.below(2) == 0;
            let after = format!("{}-{}", self.epoch, visit.seen.seq);
            let read = match technique {
                "poll" | "long-poll" => visit.poll(technique, cut),
                "iframe" | "stream" => visit.lines(technique, &after, cut),
                "events" => visit.events(&after, cut),
                _ => visit.socket(&after, cut),
            };
            read.unwrap_or_else(|error| panic!("{technique} after {after}: {error}"));
            if visit.over {
                return;
            }
        }
    }
}

/// One connection of a reader.
struct Visit<'a> {
    soak: &'a Soak,
    number: usize,
    seen: Seen,
    /// How many messages it stays for, at least.
    left: u64,
    over: bool,
}

impl Visit<'_> {
    /// One message as JSON: the one after the last.
    fn take(&mut self, json: &str) {
        let (epoch, seq) = id(values(json, "id")[0]);
        assert_eq!((epoch, seq), (self.soak.epoch, self.seen.seq + 1), "the next number");
        self.seen.seq = seq;
        let text = values(json, "data")[0];
        if text == END {
            self.over = true;
        } else {
            let (publisher, count) = text.split_once(' ').unwrap();
            let of = &mut self.seen.of[publisher.parse::<usize>().unwrap()];
            assert_eq!(count.parse(), Ok(*of + 1), "the next message of publisher {publisher}");
            *of += 1;
        }
        self.left = self.left.saturating_sub(1);
        let mut state = self.soak.state.lock().unwrap();
        state.readers[self.number] = self.seen.clone();
        state.published = state.published.max(seq);
        self.soak.moved.notify_all();
    }

    fn goes(&self) -> bool {
        self.over || self.left == 0
    }

    fn poll(&mut self, technique: &str, cut: bool) -> io::Result<()> {
        let mut connection = self.soak.connect();
        while !self.goes() {
            // A poll that would find nothing costs the others their time; here it may wait.
            let mut state = self.soak.state.lock().unwrap();
            while technique == "poll" && state.published <= self.seen.seq {
                let wait = Duration::from_millis(100);
                let (next, waited) = self.soak.moved.wait_timeout(state, wait).unwrap();
                state = next;
                if waited.timed_out() {
                    break;
                }
            }
            drop(state);
            let after = format!("{}-{}", self.soak.epoch, self.seen.seq);
            ask(&mut connection, &format!("/soak/{technique}?after={after}"), "");
            if cut && self.left < 20 {
                connection.writer().cut();
                return Ok(());
            }
            let response = Response::read_from(&mut connection, false, 1 << 20)?;
            assert!(matches!(response.status.code(), 200 | 204));
            for message in text(&response).split("{\"id\"").skip(2) {
                self.take(&format!("{{\"id\"{message}"));
            }
        }
        Ok(())
    }

    /// A script a line, or JSON a line. The frame's document ends now and then.
    fn lines(&mut self, technique: &str, after: &str, cut: bool) -> io::Result<()> {
        let mut connection = self.soak.connect();
        let writer = connection.writer();
        ask(&mut connection, &format!("/soak/{technique}?after={after}"), "");
        let (_, framing) = Response::read_head_from(&mut connection, false)?;
        let mut body = Body::new(&mut connection, framing);
        let mut line = String::new();
        while !self.goes() && body.read_line(&mut line)? > 0 {
            if line.contains("\"id\":") {
                self.take(&line);
            }
            assert!(!line.contains("missed"), "{line}");
            line.clear();
        }
        leave(&writer, cut);
        Ok(())
    }

    fn events(&mut self, after: &str, cut: bool) -> io::Result<()> {
        let mut connection = self.soak.connect();
        let writer = connection.writer();
        ask(&mut connection, "/soak/events", &format!("Last-Event-ID: {after}\r\n"));
        let (_, framing) = Response::read_head_from(&mut connection, false)?;
        let mut events = EventReader::new(Body::new(&mut connection, framing), after);
        while !self.goes() {
            let event = events.next_event()?.expect("a stream has no end");
            match event.event.as_deref() {
                None => self.take(&event.data.unwrap()),
                other => assert_eq!(other, Some("heartbeat")),
            }
        }
        leave(&writer, cut);
        Ok(())
    }

    fn socket(&mut self, after: &str, cut: bool) -> io::Result<()> {
        let target = format!("ws://127.0.0.1:{}/soak/ws?after={after}", self.soak.port);
        let mut client = websocket::Client::connect(&Url::parse(&target).unwrap(), &[])?;
        let mut socket = client.socket();
        let broken = |error: websocket::Error| io::Error::other(error.to_string());
        let said = self.soak.next_text(self.number);
        if let Some(text) = &said {
            socket.send_text(text).map_err(broken)?;
        }
        let mut answered = said.is_none();
        // It stays until it knows that it was heard: what is cut before may have been published.
        while !self.goes() || !answered {
            let Some(Message::Text(json)) = socket.receive().map_err(broken)? else {
                panic!("a socket has no end, and says texts");
            };
            if let [published] = values(&json, "published")[..] {
                self.soak.accepted(self.number, id(published).1);
                answered = true;
            } else if !json.contains("heartbeat") && !self.over {
                self.take(&json);
            }
        }
        if !cut {
            socket.close(CloseCode::NORMAL, "").map_err(broken)?;
            while let Ok(Some(_)) = socket.receive() {}
        }
        Ok(())
    }
}

fn send(connection: &mut Connection, bytes: &str) {
    let writer = connection.writer();
    writer.append(|out| out.write_all(bytes.as_bytes()).unwrap()).unwrap();
    writer.flush().unwrap();
}

fn ask(connection: &mut Connection, target: &str, fields: &str) {
    send(connection, &format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"));
}

/// At once, with what was sent and not read; or by saying that no more will be asked.
fn leave(writer: &push_by_hand::connection::Writer, cut: bool) {
    if cut {
        writer.cut();
    } else {
        writer.end().unwrap();
    }
}

/// The same each time: a soak that fails should fail again.
struct Random(u64);

impl Random {
    fn below(&mut self, end: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
        (self.0 >> 33) % end
    }
}
