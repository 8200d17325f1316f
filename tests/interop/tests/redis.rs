//! Several hubs on one Redis, behind HAProxy: readers that change hubs, hubs and a Redis that are
//! killed and started, a Redis that is slow, full, read-only, flushed, trimmed.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::TcpStream;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{Duration, Instant};

use push_by_hand_interop::program::{ONE_PORT, Program};
use push_by_hand_interop::redis::{Balancer, Redis};
use push_by_hand_interop::{Patient, wait_for};
use serde_json::Value;
use tungstenite::Message;

const LIMIT: Duration = Duration::from_secs(60);
const TECHNIQUES: [&str; 6] = ["poll", "long-poll", "iframe", "events", "stream", "ws"];
/// The last message of a run.
const END: &str = "the end";

fn hub(redis: &Redis) -> Program {
    Program::start("hub", ONE_PORT, &["--redis", &redis.place()])
}

/// The answer to a request on a connection of its own; `None` where there was none.
fn ask(port: u16, method: &str, target: &str, body: &str) -> Option<(u16, String, String)> {
    let agent: ureq::Agent = ureq::Agent::config_builder()
        .http_status_as_error(false)
        .timeout_global(Some(Duration::from_secs(20)))
        .build()
        .into();
    let url = format!("http://127.0.0.1:{port}{target}");
    let response = match method {
        "GET" => agent.get(&url).call(),
        _ => agent.post(&url).send(body),
    };
    let mut response = response.ok()?;
    let retry = response.headers().get("retry-after");
    let retry = retry.and_then(|value| value.to_str().ok()).unwrap_or_default().to_owned();
    Some((response.status().as_u16(), retry, response.body_mut().read_to_string().ok()?))
}

/// The id, if it was published.
fn publish(port: u16, channel: &str, text: &str) -> Option<String> {
    let (status, _, body) = ask(port, "POST", &format!("{channel}/publish"), text)?;
    let body: Value = serde_json::from_str(&body).ok()?;
    (status == 201).then(|| body["id"].as_str().expect("a 201 has an id").to_owned())
}

fn number(id: &str) -> (u64, u64) {
    let (epoch, seq) = id.split_once('-').expect("an id has two numbers");
    (epoch.parse().expect("a number"), seq.parse().expect("a number"))
}

/// What a reader has seen: ids and texts, and how often it was told of a gap.
#[derive(Default)]
struct Seen {
    messages: Vec<(String, String)>,
    gaps: Vec<String>,
    looks: usize,
}

impl Seen {
    fn take(&mut self, value: &Value) {
        if let Some(messages) = value["messages"].as_array() {
            messages.iter().for_each(|message| self.take(message));
        } else if let (Some(id), Some(data)) = (value["id"].as_str(), value["data"].as_str()) {
            self.messages.push((id.to_owned(), data.to_owned()));
        }
        match &value["missed"] {
            Value::Null if value.get("missed").is_none() => {}
            Value::Number(none) if none.as_u64() == Some(0) => {}
            missed => self.gaps.push(format!("{missed} after {:?}", self.messages.last())),
        }
    }
}

/// Reads from wherever it was until `count` messages have come, or the connection ends.
fn look(port: u16, technique: &str, count: usize, seen: &mut Seen) -> Option<()> {
    let after = seen.messages.last().map_or("0-0", |(id, _)| id).to_owned();
    let enough = seen.messages.len().saturating_add(count);
    seen.looks += 1;
    let stream = TcpStream::connect(("127.0.0.1", port)).ok()?;
    let mut stream = Patient::new(stream, Duration::from_secs(3));
    if technique == "ws" {
        let url = format!("ws://127.0.0.1:{port}/ws?after={after}");
        let (mut socket, _) = tungstenite::client(url, stream).ok()?;
        while seen.messages.len() < enough {
            if let Message::Text(text) = socket.read().ok()? {
                seen.take(&serde_json::from_str(&text).expect("JSON"));
            }
        }
        return Some(());
    }
    let head = format!(
        "GET /{technique}?after={after} HTTP/1.1\r\nHost: 127.0.0.1\r\nConnection: close\r\n\r\n"
    );
    stream.write_all(head.as_bytes()).ok()?;
    let mut reader = BufReader::new(stream);
    let (head, framing) = push_by_hand::http::Response::read_head_from(&mut reader, false).ok()?;
    if head.status.code() != 200 {
        return None;
    }
    let mut body = BufReader::new(push_by_hand::http::body::Body::new(reader, framing));
    if technique.ends_with("poll") {
        let mut text = String::new();
        body.read_to_string(&mut text).ok()?;
        seen.take(&serde_json::from_str(&text).expect("JSON"));
        return Some(());
    }
    for line in body.lines() {
        let line = line.ok()?;
        let call = line.strip_prefix("<script>parent.push(");
        let json = call.and_then(|call| call.strip_suffix(")</script>"));
        let json = json.or((technique == "stream" && !line.is_empty()).then_some(&line));
        if let Some(json) = json.or(line.strip_prefix("data: ").filter(|data| !data.is_empty())) {
            seen.take(&serde_json::from_str(json).expect("JSON"));
        }
        if line.starts_with("<script>parent.missed(") {
            seen.gaps.push(line);
        }
        if seen.messages.len() >= enough {
            break;
        }
    }
    Some(())
}

/// The next of a row of numbers that looks like chance and is the same each time.
fn chance(state: &mut u64) -> u64 {
    *state ^= *state << 13;
    *state ^= *state >> 7;
    *state ^= *state << 17;
    *state
}

#[test]
fn hubs_and_redis_are_killed_and_nothing_is_lost_doubled_or_told_in_another_order() {
    const COUNT: usize = 1_000;
    const READERS: usize = 18;
    let mut redis = Redis::start("");
    let mut hubs = [hub(&redis), hub(&redis), hub(&redis)];
    let balancer = Balancer::start(&hubs.each_ref().map(|hub| hub.port("page")));
    let port = balancer.port;
    publish(port, "", "the beginning").expect("all is well");

    let acknowledged = Arc::new(AtomicUsize::new(0));
    let texts = Arc::new(Mutex::new(HashMap::new()));
    let (refused, tried) = (Arc::new(AtomicUsize::new(0)), Arc::new(AtomicUsize::new(0)));
    let publishers: Vec<_> = (0..4)
        .map(|_| {
            let (acknowledged, texts) = (Arc::clone(&acknowledged), Arc::clone(&texts));
            let (refused, tried) = (Arc::clone(&refused), Arc::clone(&tried));
            thread::spawn(move || {
                while acknowledged.load(Ordering::SeqCst) < COUNT {
                    // Each try has a text of its own: what was not acknowledged may be there or not.
                    let text = format!("m{}", tried.fetch_add(1, Ordering::SeqCst));
                    match publish(port, "", &text) {
                        Some(id) => {
                            let before = texts.lock().unwrap().insert(text, id);
                            assert_eq!(before, None);
                            acknowledged.fetch_add(1, Ordering::SeqCst);
                        }
                        None => {
                            refused.fetch_add(1, Ordering::SeqCst);
                            thread::sleep(Duration::from_millis(20));
                        }
                    }
                }
            })
        })
        .collect();
    let readers: Vec<_> = (0..READERS)
        .map(|n| {
            let technique = TECHNIQUES[n % TECHNIQUES.len()];
            thread::spawn(move || {
                let (mut seen, mut state) = (Seen::default(), 20_261_125 + n as u64);
                let deadline = Instant::now() + 2 * LIMIT;
                while seen.messages.last().is_none_or(|(_, text)| text != END) {
                    assert!(Instant::now() < deadline, "{technique}: {:?}", seen.messages.last());
                    let count = 1 + usize::try_from(chance(&mut state) % 60).unwrap();
                    if look(port, technique, count, &mut seen).is_none() {
                        thread::sleep(Duration::from_millis(20));
                    }
                }
                seen
            })
        })
        .collect();

    let reached = |count: usize| {
        wait_for("so many are published", LIMIT, || {
            (acknowledged.load(Ordering::SeqCst) >= count).then_some(())
        });
    };
    let mut kills = [0, 0];
    for round in 0..9 {
        reached(100 * (round + 1));
        if round % 3 == 2 {
            redis.kill();
            kills[1] += 1;
            redis.start_again();
        } else {
            let hub = &mut hubs[round % 3];
            hub.kill();
            kills[0] += 1;
            reached(100 * (round + 1) + 50);
            hub.start_again();
        }
    }
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
    wait_for("the last message", LIMIT, || publish(port, "", END));

    let acknowledged = texts.lock().unwrap().clone();
    let readers: Vec<_> = readers.into_iter().map(|reader| reader.join().unwrap()).collect();
    let looks: usize = readers.iter().map(|seen| seen.looks).sum();
    for (n, seen) in readers.iter().enumerate() {
        let technique = TECHNIQUES[n % TECHNIQUES.len()];
        assert!(seen.gaps.is_empty(), "{technique} was told of gaps: {:?}", seen.gaps);
        assert_eq!(seen.messages, readers[0].messages, "{technique}: one order everywhere");
    }
    let seen = &readers[0].messages;
    for pair in seen.windows(2) {
        let (one, next) = (number(&pair[0].0), number(&pair[1].0));
        assert_eq!((one.0, one.1 + 1), next, "{pair:?}");
    }
    let by_text: BTreeMap<_, _> = seen.iter().map(|(id, text)| (text, id)).collect();
    let doubled = seen.iter().filter(|(_, text)| text != END).count();
    let different: BTreeSet<_> =
        seen.iter().map(|(_, text)| text).filter(|text| *text != END).collect();
    assert_eq!(doubled, different.len(), "a text came twice");
    for (text, id) in &acknowledged {
        assert_eq!(by_text.get(text), Some(&id), "{text} got its 201");
    }
    println!(
        "{} messages with a 201, {} tries without, of which {} are there; {READERS} readers in \
         {looks} connections; {} hubs and {} times Redis killed",
        acknowledged.len(),
        refused.load(Ordering::SeqCst),
        different.len() - acknowledged.len() - 1,
        kills[0],
        kills[1]
    );
}

#[test]
fn what_redis_cannot_do_is_a_503_that_ends_and_readers_stay() {
    let redis = Redis::start("open sesame");
    let hub = hub(&redis);
    let port = hub.port("page");
    let mut last = publish(port, "", "first").expect("all is well");
    assert_eq!(redis.ask(&["EXISTS", "push:"]).trim(), "1", "in the database of the URL");
    let reader = thread::spawn(move || {
        let mut seen = Seen::default();
        while seen.messages.last().is_none_or(|(_, text)| text != END) {
            look(port, "events", usize::MAX, &mut seen);
        }
        seen
    });
    for (breaks, says, mends) in [
        (&["CONFIG", "SET", "maxmemory", "1"][..], "OOM", &["CONFIG", "SET", "maxmemory", "0"][..]),
        (&["REPLICAOF", "127.0.0.1", "1"], "READONLY", &["REPLICAOF", "NO", "ONE"]),
        (&["CLIENT", "PAUSE", "5500", "WRITE"], "in time", &["PING"]),
    ] {
        assert_eq!(redis.ask(breaks).trim(), "OK");
        let (status, retry, why) = ask(port, "POST", "/publish", "refused").expect("an answer");
        assert_eq!((status, retry.as_str()), (503, "1"), "{breaks:?}: {why}");
        assert!(why.contains(says), "{breaks:?}: {why}");
        redis.ask(mends);
        let id = wait_for("it goes on", LIMIT, || publish(port, "", "again"));
        assert!(number(&id) > number(&last));
        last = id;
    }
    publish(port, "", END).expect("all is well");
    let seen = reader.join().unwrap();
    assert!(seen.gaps.is_empty(), "{:?}", seen.gaps);
    assert!(seen.messages.iter().filter(|(_, text)| text == "again").count() == 3);
    assert!(!hub.output().contains("sesame"), "{}", hub.output());
}

#[test]
fn what_is_gone_from_redis_is_counted_where_it_can_be_and_a_reset_where_not() {
    let redis = Redis::start("");
    let first = hub(&redis);
    let port = first.port("page");
    let ids: Vec<_> =
        (1..=10).map(|n| publish(port, "", &n.to_string()).expect("all is well")).collect();
    let poll = |port: u16, after: &str| {
        let target = format!("/poll?after={after}");
        let (_, _, body) = ask(port, "GET", &target, "").expect("an answer");
        let news: Value = serde_json::from_str(&body).expect("JSON");
        (news["missed"].clone(), news["messages"].as_array().expect("a list").len())
    };
    // The window still has them; a hub that starts later never had.
    assert_eq!(redis.ask(&["XTRIM", "push:", "MAXLEN", "3"]).trim(), "7");
    let second = hub(&redis);
    assert_eq!(poll(port, &ids[0]), (0.into(), 9));
    assert_eq!(poll(second.port("page"), &ids[0]), (6.into(), 3));
    assert_eq!(poll(second.port("page"), &ids[6]), (0.into(), 3));

    // Deleted or flushed under its readers: what comes next is another run's, and they are told.
    let mut last = ids[9].clone();
    for gone in [&["DEL", "push:"][..], &["FLUSHALL"]] {
        redis.ask(gone);
        let ports = [port, second.port("page")];
        let readers = ports.map(|port| {
            let mut seen =
                Seen { messages: vec![(last.clone(), String::new())], ..Seen::default() };
            thread::spawn(move || {
                while seen.messages.len() < 2 {
                    look(port, "ws", 1, &mut seen);
                }
                seen
            })
        });
        let id = publish(port, "", "new").expect("all is well");
        assert!(number(&id).0 > number(&last).0 && number(&id).1 == 1, "{last} then {id}");
        for reader in readers {
            let seen = reader.join().unwrap();
            assert!(seen.gaps.len() == 1 && seen.gaps[0].starts_with("null"), "{:?}", seen.gaps);
            assert_eq!(seen.messages[1], (id.clone(), "new".to_owned()));
        }
        last = id;
    }
    // A key that holds something else, and then does not.
    redis.ask(&["SET", "push:other", "a string"]);
    let (status, retry, why) = ask(port, "GET", "/other/poll", "").expect("an answer");
    assert_eq!((status, retry.as_str()), (503, "1"));
    assert!(why.contains("expected a stream in push:other"), "{why}");
    redis.ask(&["DEL", "push:other"]);
    wait_for("it is a channel", LIMIT, || publish(port, "/other", "x"));
}

/// A line whose times, ids and lengths may differ.
fn shape(line: &str) -> String {
    let mut shape = String::new();
    for c in line.chars().map(|c| if c.is_ascii_digit() { '0' } else { c }) {
        if !(c == '0' || c == ' ') || !shape.ends_with(c) {
            shape.push(c);
        }
    }
    shape.trim().to_owned()
}

#[test]
fn the_chapter_shows_what_crosses_the_connections_to_redis() {
    let redis = Redis::start("");
    let hub = Program::start("hub", ONE_PORT, &["--wire", "--redis", &redis.place()]);
    let port = hub.port("page");
    let first = publish(port, "", "first").expect("all is well");
    // From here on the hub knows the epoch, and needs no script.
    ask(port, "GET", &format!("/poll?after={first}"), "").expect("an answer");
    publish(port, "", "hello").expect("all is well");
    for chapter in ["docs/14-many_machines.md", "docs/zh/14-many_machines.md"] {
        let root = concat!(env!("CARGO_MANIFEST_DIR"), "/../..");
        let text = std::fs::read_to_string(format!("{root}/{chapter}")).expect("a chapter");
        let block = text.split("<!-- with Redis -->\n```text\n").nth(1).expect("a block");
        let block = block.split("\n```").next().expect("an end");
        assert!(block.lines().count() > 20);
        for line in block.lines() {
            wait_for(line, LIMIT, || {
                hub.output().lines().any(|said| shape(said) == shape(line)).then_some(())
            });
        }
    }
}

/// Publishes `count` messages over `connections`, each waiting for its 201; returns the time.
fn publish_all(ports: &[u16], connections: usize, count: usize) -> Duration {
    let begun = Instant::now();
    let publishers: Vec<_> = (0..connections)
        .map(|n| {
            let port = ports[n % ports.len()];
            thread::spawn(move || {
                let stream = TcpStream::connect(("127.0.0.1", port)).expect("a hub");
                let mut stream = Patient::new(stream, LIMIT);
                let request =
                    "POST /publish HTTP/1.1\r\nHost: 127.0.0.1\r\nContent-Length: 5\r\n\r\nhello";
                let mut answer = [0; 1024];
                for _ in 0..count / connections {
                    stream.write_all(request.as_bytes()).expect("the hub reads");
                    let n = stream.read(&mut answer).expect("an answer");
                    assert!(answer[..n].starts_with(b"HTTP/1.1 201"));
                }
            })
        })
        .collect();
    publishers.into_iter().for_each(|publisher| publisher.join().unwrap());
    begun.elapsed()
}

fn resident_kib(pid: u32) -> u64 {
    let status = std::fs::read_to_string(format!("/proc/{pid}/status")).expect("Linux");
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:")).expect("VmRSS");
    line.split_whitespace().next().and_then(|kib| kib.parse().ok()).expect("a number")
}

#[test]
#[ignore = "heavy: 100,000 messages"]
fn a_hundred_thousand_messages_pass_and_memory_stays() {
    let redis = Redis::start("");
    let hubs = [hub(&redis), hub(&redis)];
    let ports = hubs.each_ref().map(|hub| hub.port("page"));
    let first = publish(ports[0], "", "hello").expect("all is well");
    let done = Arc::new(AtomicBool::new(false));
    let reader = {
        let (done, port) = (Arc::clone(&done), ports[1]);
        let mut seen = Seen { messages: vec![(first, String::new())], ..Seen::default() };
        thread::spawn(move || {
            let (mut count, mut last) = (0, 0);
            while !done.load(Ordering::SeqCst) || last != 100_001 {
                look(port, "ws", 1_000, &mut seen);
                // What it keeps is not to be measured.
                count += seen.messages.len() - 1;
                seen.messages.drain(..seen.messages.len() - 1);
                last = number(&seen.messages[0].0).1;
            }
            (count, seen.gaps)
        })
    };
    let mut sizes = Vec::new();
    for _ in 0..5 {
        publish_all(&ports, 32, 20_000);
        sizes.push((resident_kib(hubs[0].pid()), redis.info("used_memory") / 1024.0));
    }
    done.store(true, Ordering::SeqCst);
    let (count, gaps) = reader.join().unwrap();
    println!("after each 20,000, KiB of a hub and of Redis: {sizes:?}");
    assert_eq!((count, gaps), (100_000, vec![]));
    assert!(sizes[4].0 < sizes[0].0 + 4096 && sizes[4].1 < sizes[0].1 + 4096.0, "{sizes:?}");
}

/// The head of an event stream has been read: what comes next is news.
fn subscribe(port: u16, channel: &str, after: &str) -> TcpStream {
    let mut stream = TcpStream::connect(("127.0.0.1", port)).expect("a hub");
    stream.set_read_timeout(Some(LIMIT)).expect("a limit");
    let target = format!("{channel}/events?after={after}");
    let head = format!("GET {target} HTTP/1.1\r\nHost: 127.0.0.1\r\n\r\n");
    stream.write_all(head.as_bytes()).expect("the hub reads");
    let mut head = Vec::new();
    while !head.ends_with(b": ok\n\n\r\n") {
        let mut byte = [0];
        stream.read_exact(&mut byte).expect("the head of a stream");
        head.push(byte[0]);
    }
    stream
}

/// The middle of several, in milliseconds.
fn median(mut times: Vec<Duration>) -> f64 {
    times.sort();
    times[times.len() / 2].as_secs_f64() * 1000.0
}

/// Some hubs, and what they are called.
type Case<'a> = (&'static str, &'a [u16]);

/// From a publisher's first byte to the last of 6,000 readers of a channel. All cases in turn:
/// whatever else this machine does meanwhile, it does to all of them.
fn spread(cases: [Case<'_>; 3]) -> [f64; 3] {
    let channels = ["/one", "/two", "/three"];
    let mut streams = cases.map(|_| Vec::new());
    for ((streams, channel), (_, ports)) in streams.iter_mut().zip(channels).zip(cases) {
        let first = publish(ports[0], channel, "first").expect("all is well");
        let ports = ports.iter().cycle().take(6_000);
        streams.extend(ports.map(|port| subscribe(*port, channel, &first)));
    }
    let mut times = cases.map(|_| Vec::new());
    for _ in 0..15 {
        for (n, (_, ports)) in cases.iter().enumerate() {
            let begun = Instant::now();
            publish(ports[0], channels[n], "now").expect("all is well");
            for stream in &mut streams[n] {
                // A heartbeat may have come first.
                let mut buffer = [0; 1024];
                let mut is_it = false;
                while !is_it {
                    let read = stream.read(&mut buffer).expect("news");
                    is_it = buffer[..read].windows(5).any(|text| text == b"\"now\"");
                }
            }
            times[n].push(begun.elapsed());
        }
    }
    times.map(median)
}

#[test]
#[ignore = "measures: the figures of the chapter"]
fn figures() {
    let redis = Redis::syncing("everysec", "");
    let alone = Program::start("hub", ONE_PORT, &[]);
    let hubs = [hub(&redis), hub(&redis), hub(&redis)];
    let ports = hubs.each_ref().map(|hub| hub.port("page"));
    let alone = [alone.port("page")];
    let cases = [
        ("one hub, its own log", &alone[..]),
        ("one hub on Redis", &ports[..1]),
        ("three hubs on Redis", &ports),
    ];
    for ((name, _), time) in cases.iter().zip(spread(cases)) {
        println!("{name}: {time:.0} ms to the last of 6,000 readers");
    }
    const COUNT: usize = 32_000;
    let rate = |millis: f64| COUNT as f64 * 1000.0 / millis;
    let mut times = [vec![], vec![], vec![]];
    for _ in 0..5 {
        for (times, (_, ports)) in times.iter_mut().zip(cases) {
            times.push(publish_all(ports, 64, COUNT));
        }
    }
    for (times, (name, _)) in times.into_iter().zip(cases) {
        println!("{name}: {:.0} publishes a second, 64 at a time", rate(median(times)));
    }
    let epoch = number(&publish(ports[0], "", "x").expect("all is well")).0;
    let id = format!("{epoch}-*");
    let port = redis.port.to_string();
    for pipeline in ["1", "64"] {
        let mut command = std::process::Command::new("redis-benchmark");
        command.args(["-p", &port, "-q", "-c", "64", "-n", "200000", "-P", pipeline]).args([
            "XADD",
            "push:bench",
            "MAXLEN",
            "~",
            "10000",
            &id,
            "time",
            "1763700000000",
            "event",
            "message",
            "data",
            "hello",
        ]);
        let output = command.output().expect("redis-benchmark can be started").stdout;
        let text = String::from_utf8_lossy(&output).replace('\r', "\n");
        let line = text.lines().rfind(|line| line.contains("requests per second"));
        println!("redis-benchmark, pipeline {pipeline}: {}", line.unwrap_or_default().trim());
    }
    drop(hubs);

    for count in 1..=3 {
        let hubs: Vec<_> = (0..count).map(|_| hub(&redis)).collect();
        for hub in &hubs {
            ask(hub.port("page"), "GET", "/poll", "").expect("an answer");
        }
        let cost = || {
            let cpu = redis.info("used_cpu_user") + redis.info("used_cpu_sys");
            [cpu * 1e6, redis.info("total_net_input_bytes"), redis.info("total_net_output_bytes")]
        };
        let before = cost();
        publish_all(&[hubs[0].port("page")], 64, COUNT);
        let after = cost();
        let each: Vec<_> = before
            .iter()
            .zip(after)
            .map(|(before, after)| (after - before) / COUNT as f64)
            .collect();
        println!(
            "{count} following: Redis spends {:.1} us, {:.0} bytes in, {:.0} bytes out a message",
            each[0], each[1], each[2]
        );
    }
}
