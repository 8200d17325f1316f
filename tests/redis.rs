//! Hubs on one log, against a server that plays Redis: `cargo test` needs none. The real one is in
//! `tests/interop/tests/redis.rs`.

use crate::support;

use push_by_hand::http::Status;
use std::collections::HashMap;
use std::fmt::Write as _;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;
use std::time::Duration;
use support::{Client, Program, eventually, get, obeyed, request, text, values};

fn hub(place: &str) -> Program {
    Program::start(env!("CARGO_BIN_EXE_hub"), &["--port", "0", "--redis", place])
}

/// Listens, and gives each connection to `serve`; returns the port.
fn listen(serve: impl Fn(TcpStream) + Send + Sync + 'static) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let serve = Arc::new(serve);
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            let serve = Arc::clone(&serve);
            thread::spawn(move || serve(stream));
        }
    });
    port
}

/// One command: an array of bulk strings. `None` at the end of the connection.
fn command(reader: &mut impl BufRead) -> Option<Vec<String>> {
    let mut number = |kind: char| -> Option<usize> {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        line.strip_suffix("\r\n")?.strip_prefix(kind)?.parse().ok()
    };
    let count = number('*')?;
    let mut words = Vec::new();
    for _ in 0..count {
        let mut line = String::new();
        reader.read_line(&mut line).ok()?;
        let length: usize = line.strip_suffix("\r\n")?.strip_prefix('$')?.parse().ok()?;
        let mut bytes = vec![0; length + 2];
        reader.read_exact(&mut bytes).ok()?;
        words.push(String::from_utf8(bytes[..length].to_vec()).unwrap());
    }
    Some(words)
}

const INFO: &str = "$28\r\nredis_version:7.0.15\r\nmore\r\n\r\n";

#[test]
fn whatever_is_no_redis_that_will_have_us_is_one_clear_line_at_the_start() {
    for (place, answer, said) in [
        ("", "HTTP/1.1 400 Bad Request\r\n\r\n", "this is no Redis: expected a reply: one of"),
        ("", "$21\r\nredis_version:6.2.14\n\r\n", "expected Redis 7.0 or newer, which gives ids"),
        ("", "+OK\r\n", "came no version"),
        ("", "$536870912\r\nx", "expected a reply of at most 16777216 bytes; came a longer one"),
        ("", "-NOAUTH Authentication required.\r\n", "expected INFO to succeed; came \"NOAUTH"),
        ("", "-LOADING Redis is loading\r\n", "LOADING Redis is loading"),
        ("", "", "Redis has closed the connection"),
        ("", "$9\r\nhalf", "expected a whole reply; came the end of the stream"),
        (":secret@", "-WRONGPASS invalid\r\n", "expected AUTH to succeed; came \"WRONGPASS"),
    ] {
        let port = listen(move |mut stream| {
            let _ = command(&mut BufReader::new(&stream));
            let _ = stream.write_all(answer.as_bytes());
        });
        let place = format!("redis://{place}127.0.0.1:{port}/0");
        let (code, _, log) = hub(&place).wait_for_end();
        assert_eq!((code, log.lines().count()), (Some(1), 1), "{log}");
        assert!(log.contains(&format!("redis://127.0.0.1:{port}/0: ")), "{log}");
        assert!(log.contains(said) && !log.contains("secret"), "{log}");
    }
    // Nobody listens at a port that was free a moment ago.
    let port = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap().port();
    let (code, _, log) = hub(&format!("127.0.0.1:{port}")).wait_for_end();
    assert_eq!((code, log.lines().count()), (Some(1), 1), "{log}");
    assert!(log.contains("/0: no connection: "), "{log}");
    let (code, _, log) = hub("redis://127.0.0.1/first").wait_for_end();
    assert_eq!(code, Some(1), "{log}");
    assert!(log.contains("expected HOST:PORT or redis://"), "{log}");
}

#[test]
fn neither_a_password_nor_what_commands_a_terminal_is_shown() {
    let port = listen(|stream| {
        let mut reader = BufReader::new(&stream);
        let version = "redis_version:6\x1b[2J\u{9b}2J\u{202e}\x07";
        for answer in ["+OK\x1b[2J\u{9b}\r\n", &format!("${}\r\n{version}\r\n", version.len())] {
            let _ = command(&mut reader);
            let _ = (&stream).write_all(answer.as_bytes());
        }
    });
    let refusing = listen(|mut stream| {
        let _ = command(&mut BufReader::new(&stream));
        let _ = stream.write_all("-WRONGPASS \x1b[2J\u{9b}2J\u{202e}\rx\r\n".as_bytes());
    });
    for (port, says) in [
        (port, r"came version 6\x1b[2J\u{9b}2J\u{202e}\x07"),
        (refusing, r#"came "WRONGPASS \x1b[2J\u{9b}2J\u{202e}\rx""#),
    ] {
        let place = format!("redis://me:open-sesame@127.0.0.1:{port}/0");
        let flags = ["--port", "0", "--wire", "--redis", &place];
        let hub = Program::start(env!("CARGO_BIN_EXE_hub"), &flags);
        let (_, output, log) = hub.wait_for_end();
        assert!(output.contains("AUTH") && output.contains("11 bytes, not shown"), "{output}");
        assert!(log.contains(says), "{log}");
        for all in [output, log] {
            assert!(!all.contains("sesame"), "{all}");
            assert_eq!(obeyed(&all), None, "{all:?}");
        }
    }
}

#[test]
fn a_server_that_says_nothing_is_one_clear_line_too() {
    let port = listen(|mut stream| {
        let _ = stream.read_to_end(&mut Vec::new());
    });
    let (code, _, log) = hub(&format!("127.0.0.1:{port}")).wait_for_end();
    assert_eq!((code, log.lines().count()), (Some(1), 1), "{log}");
    assert!(log.contains("expected an answer within 5 s; came none"), "{log}");
}

/// An epoch, and the texts in the order of their numbers from 1.
type Stream = (u64, Vec<String>);

/// As much of Redis as a hub asks for.
#[derive(Clone, Default)]
struct Redis {
    streams: Arc<Mutex<HashMap<String, Stream>>>,
    /// What is answered to whoever publishes, if not what was done.
    refuses: Arc<Mutex<&'static str>>,
    /// New connections are closed at once, and old ones at their next command.
    gone: Arc<AtomicBool>,
    begun: Arc<Mutex<u64>>,
    published: Arc<Condvar>,
}

impl Redis {
    fn start(&self) -> u16 {
        let redis = self.clone();
        listen(move |mut stream| {
            let mut reader = BufReader::new(stream.try_clone().unwrap());
            while let Some(words) = command(&mut reader) {
                let answer = redis.answer(&words);
                if redis.gone.load(Ordering::SeqCst) || stream.write_all(answer.as_bytes()).is_err()
                {
                    return;
                }
            }
        })
    }

    fn answer(&self, words: &[String]) -> String {
        let words: Vec<&str> = words.iter().map(String::as_str).collect();
        match words[..] {
            ["INFO", ..] => INFO.into(),
            ["CLIENT", ..] => ":7\r\n".into(),
            ["XREVRANGE", "push:other", ..] => "-WRONGTYPE it is a list\r\n".into(),
            ["XREVRANGE", key, ..] => match self.streams.lock().unwrap().get(key) {
                Some((epoch, texts)) => format!("*1\r\n{}", entry(*epoch, texts.len(), texts)),
                None => "*0\r\n".into(),
            },
            ["XADD" | "EVAL", .., text] => self.add(&words, text),
            ["XREAD", ..] => {
                let mut streams = self.streams.lock().unwrap();
                if words.contains(&"BLOCK") {
                    let nothing = |streams: &mut HashMap<_, _>| news(streams, &words) == NOTHING;
                    let wait = Duration::from_secs(1);
                    let waited = self.published.wait_timeout_while(streams, wait, nothing);
                    streams = waited.unwrap().0;
                }
                news(&streams, &words)
            }
            _ => panic!("no hub asks {words:?}"),
        }
    }

    fn add(&self, words: &[&str], text: &str) -> String {
        let refuses = *self.refuses.lock().unwrap();
        if !refuses.is_empty() {
            return refuses.into();
        }
        let mut streams = self.streams.lock().unwrap();
        let key = words[if words[0] == "XADD" { 1 } else { 3 }];
        if words[0] == "XADD" && !streams.contains_key(key) {
            return "$-1\r\n".into();
        }
        let (epoch, texts) = streams.entry(key.into()).or_insert_with(|| {
            let mut begun = self.begun.lock().unwrap();
            *begun += 1;
            (1_763_700_000_000 + *begun, Vec::new())
        });
        texts.push(text.into());
        self.published.notify_all();
        bulk(&format!("{epoch}-{}", texts.len()))
    }
}

const NOTHING: &str = "*-1\r\n";

/// What `XREAD` answers at once.
fn news(streams: &HashMap<String, Stream>, words: &[&str]) -> String {
    let names = words.iter().position(|word| *word == "STREAMS").unwrap() + 1;
    let names = &words[names..];
    let (keys, after) = names.split_at(names.len() / 2);
    let mut found = Vec::new();
    for (key, after) in keys.iter().zip(after) {
        let Some((epoch, texts)) = streams.get(*key) else { continue };
        let (run, seq) = support::id(after);
        let seen = if run == *epoch { usize::try_from(seq).unwrap() } else { 0 };
        let entries = (seen + 1..=texts.len()).fold(String::new(), |mut all, number| {
            write!(all, "{}", entry(*epoch, number, texts)).unwrap();
            all
        });
        if seen < texts.len() {
            found.push(format!("*2\r\n{}*{}\r\n{entries}", bulk(key), texts.len() - seen));
        }
    }
    if found.is_empty() {
        NOTHING.into()
    } else {
        format!("*{}\r\n{}", found.len(), found.concat())
    }
}

fn bulk(text: &str) -> String {
    format!("${}\r\n{text}\r\n", text.len())
}

fn entry(epoch: u64, number: usize, texts: &[String]) -> String {
    let (id, text) = (bulk(&format!("{epoch}-{number}")), bulk(&texts[number - 1]));
    format!("*2\r\n{id}*2\r\n{}{text}", bulk("data"))
}

fn publish(hub: u16, channel: &str, message: &str) -> String {
    let response = request(hub, "POST", &format!("{channel}/publish"), "", message);
    assert_eq!(response.status, Status::CREATED, "{}", text(&response));
    values(text(&response), "id")[0].to_owned()
}

#[test]
fn two_hubs_have_one_numbering_and_a_reader_goes_on_at_the_other() {
    let redis = Redis::default().start();
    let hubs = [hub(&format!("127.0.0.1:{redis}")), hub(&format!("127.0.0.1:{redis}"))];
    let [one, other] = hubs.each_ref().map(|hub| hub.port("page"));
    // A channel that nobody has published to yet has readers at both.
    assert_eq!(text(&get(other, "/news/poll")), r#"{"id":"0-0","missed":0,"messages":[]}"#);
    let mut waiting = Client::connect(other);
    waiting.ask("GET", "/news/long-poll?after=0-0", "");
    assert_eq!(publish(one, "/news", "a"), "1763700000001-1");
    let response = waiting.response();
    assert_eq!(values(text(&response), "data"), ["a"]);
    assert!(text(&response).contains(r#""missed":0"#), "{}", text(&response));

    assert_eq!(publish(other, "/news", "b"), "1763700000001-2");
    assert_eq!(publish(one, "/news", "c"), "1763700000001-3");
    for hub in [one, other] {
        eventually("the window has it", || {
            let news = get(hub, "/news/poll?after=1763700000001-1");
            values(text(&news), "data") == ["b", "c"] && text(&news).contains(r#""missed":0"#)
        });
    }
    let status = get(other, "/status");
    let engine = format!(
        r#""engine":{{"kind":"redis","address":"redis://127.0.0.1:{redis}/0","behind":0,"reconnects":0}}"#
    );
    assert!(text(&status).contains(&engine), "{}", text(&status));
}

#[test]
fn what_redis_refuses_is_a_503_that_says_why_and_when_to_come_back() {
    let redis = Redis::default();
    let hub = hub(&format!("127.0.0.1:{}", redis.start()));
    let port = hub.port("page");
    publish(port, "", "kept");
    for said in ["-OOM command not allowed", "-MISCONF", "*0", "-READONLY You can't write"] {
        *redis.refuses.lock().unwrap() = Box::leak(format!("{said}\r\n").into_boxed_str());
        let response = request(port, "POST", "/publish", "", "refused");
        assert_eq!(response.status, Status::SERVICE_UNAVAILABLE);
        assert_eq!(response.fields.get("retry-after"), Some("1"));
        let why = if said == "*0" { "expected an id from Redis" } else { said };
        let why = why.trim_start_matches('-');
        assert!(text(&response).contains(why), "{}", text(&response));
    }
    *redis.refuses.lock().unwrap() = "";
    let told = "a connection that was READONLY is left for a new one";
    eventually(told, || request(port, "POST", "/publish", "", "b").status == Status::CREATED);

    // One key that holds something else is nobody else's trouble.
    for response in [get(port, "/other/poll"), request(port, "POST", "/other/publish", "", "x")] {
        assert_eq!(response.status, Status::SERVICE_UNAVAILABLE);
        assert!(text(&response).contains("expected a stream in push:other; Redis said: WRONGTYPE"));
    }
    assert_eq!(get(port, "/poll").status, Status::OK);
}

#[test]
fn readers_stay_while_redis_is_gone_and_what_was_flushed_is_a_reset() {
    let redis = Redis::default();
    let hub = hub(&format!("127.0.0.1:{}", redis.start()));
    let port = hub.port("page");
    let first = publish(port, "", "before");
    // Whoever names an id that has just been given out may have it before the window has.
    let mut reader = Client::connect(port);
    reader.ask("GET", &format!("/events?after={first}"), "");
    reader.read_through(": ok\n\n");

    redis.gone.store(true, Ordering::SeqCst);
    let response = request(port, "POST", "/publish", "", "lost");
    assert_eq!(response.status, Status::SERVICE_UNAVAILABLE);
    assert_eq!(response.fields.get("retry-after"), Some("1"));
    hub.log_line("what is published is refused");
    assert_eq!(values(text(&get(port, "/poll")), "data"), ["before"], "the window stays");
    let response = get(port, "/unknown/poll");
    assert_eq!(response.status, Status::SERVICE_UNAVAILABLE, "what it has of others is not known");

    redis.streams.lock().unwrap().clear();
    redis.gone.store(false, Ordering::SeqCst);
    hub.log_line("there again");
    reader.read_through("event: reset\ndata: {\"missed\":null}\n\n");
    let mut second = String::new();
    eventually("it is published again", || {
        let response = request(port, "POST", "/publish", "", "after");
        second = values(text(&response), "id").first().map_or(String::new(), |id| (*id).into());
        response.status == Status::CREATED
    });
    assert_eq!(second, "1763700000002-1");
    reader.read_through("\"data\":\"after\"}\n\n");
    assert!(text(&get(port, "/status")).contains(r#""reconnects":1"#));
    assert_eq!(hub.log().len(), 2, "{:?}", hub.log());
}

#[test]
fn the_connections_to_redis_are_on_the_wire_and_in_no_count_of_the_hub() {
    let place = format!("127.0.0.1:{}", Redis::default().start());
    let flags = ["--port", "0", "--wire", "--redis", &place];
    let hub = Program::start(env!("CARGO_BIN_EXE_hub"), &flags);
    let port = hub.port("page");
    for line in [
        r"→     4  command        *2\r\n                                  2 words",
        r"      10  bulk string    $4\r\nINFO\r\n                          4 bytes",
        r"      12  bulk string    $6\r\nserver\r\n                        6 bytes",
        r"←    35  bulk string    $28\r\nredis_version:7.0.15\r\nmore\r\n",
        r"←     4  integer        :7\r\n",
    ] {
        hub.output_line(line);
    }
    let mut client = Client::connect(port);
    let status = client.get("/status", "");
    let asked = "GET /status HTTP/1.1\r\nHost: localhost\r\n\r\n".len();
    let counted = format!(r#""received":{asked},"sent":0,"#);
    assert!(text(&status).contains(&counted), "{}", text(&status));
}
