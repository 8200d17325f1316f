//! Claims: what is said about these techniques, measured on this machine.
//!
//! One server that offers all of them, and our own clients, in one process. A tap at the server's
//! end of every socket counts the bytes of HTTP and WebSocket; what TCP and IP put around them is
//! left out. What our clients send is, where it matters, what a browser sends: its requests stand
//! at the end of this file, as they came. Read `SECTIONS`, then the claim that you doubt.
//!
//! Bytes, connections and orders of events are the same on every machine. Times, threads and
//! memory are not, and are shown with their spread.

use push_by_hand::connection::{Connection, Crossing, Tap, Waited};
use push_by_hand::cors::Cors;
use push_by_hand::event_stream::Event;
use push_by_hand::feed::{Feed, Id, Message};
use push_by_hand::http::body::Body;
use push_by_hand::http::{Request, Response, Status, Terms, Version};
use push_by_hand::json;
use push_by_hand::lesson::{after, print};
use push_by_hand::server::{Limits, Responder, Sent, Server};
use push_by_hand::websocket::{self, Accept, Frame, Opcode, Policy, Role, mask};
use std::fmt;
use std::io::{self, BufRead};
use std::net::{Ipv4Addr, TcpListener};
use std::ops::Sub;
use std::process::ExitCode;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver, Sender};
use std::sync::{Arc, Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

const USAGE: &str = "claims: what is said about push techniques, measured on this machine

Usage: cargo run --release --bin claims -- [flags]

  --only NAME        this section; may be repeated
  --exact            only what is the same on every machine: no times, no threads, no memory
  --help             show this

Sections: poll bytes frames connections http open, which are exact; crossing held delay
";

/// A section: its name, its heading, whether it is exact, and what measures it.
type Section = (&'static str, &'static str, bool, fn(&Bench) -> io::Result<()>);

const SECTIONS: [Section; 9] = [
    ("poll", "one poll of a page, in bytes", true, poll),
    ("bytes", "one message of 13 bytes by each technique: bytes up + down", true, bytes),
    ("frames", "what a WebSocket frame adds to its payload, in bytes", true, frames),
    ("connections", "a hundred polls", true, connections),
    ("http", "who may speak when", true, http),
    ("open", "an event stream before its first event", true, open),
    ("crossing", "requests in a minute that is played in 2.4 s", false, crossing),
    ("held", "what held requests cost the server", false, held),
    (
        "delay",
        "how soon the news is there: the median, and where the middle 80 % lie",
        false,
        delay,
    ),
];

/// The message: milliseconds since the Unix epoch, as our first event stream sends them.
const MESSAGE: &str = "1763700042000";
/// The message that ends a stream, so that nothing of it is still on its way when the next one is
/// measured.
const END: &str = "";
/// How many messages a connection carries, to see what its opening comes to.
const MESSAGES: u64 = 100;
/// The run that ids name. It is fixed, so that ids are of one length.
const EPOCH: u64 = 1_763_700_000_000;
/// How long anything may take before the measurement is given up. Nothing comes near it.
const PATIENCE: Duration = Duration::from_secs(30);

fn main() -> ExitCode {
    let wanted = match wish(std::env::args().skip(1)) {
        Ok(Some(wanted)) => wanted,
        Ok(None) => {
            print(USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            eprint!("{error}\n\n{USAGE}");
            return ExitCode::from(2);
        }
    };
    let bench = Bench::new();
    let mut introduced = false;
    for (name, heading, exact, measure) in &wanted {
        if !exact && !std::mem::replace(&mut introduced, true) {
            print(&this_machine());
        }
        print(&format!("{name}: {heading}\n"));
        if let Err(error) = measure(&bench) {
            eprintln!("{name}: {error}");
            return ExitCode::FAILURE;
        }
        print("\n");
    }
    let is_wanted = |name: &str| wanted.iter().any(|section| section.0 == name);
    let left_out: Vec<&str> =
        SECTIONS.iter().map(|section| section.0).filter(|name| !is_wanted(name)).collect();
    if !left_out.is_empty() {
        print(&format!("left out: {}\n", left_out.join(", ")));
    }
    ExitCode::SUCCESS
}

/// Reads the command line; `None` is `--help`.
fn wish(mut arguments: impl Iterator<Item = String>) -> Result<Option<Vec<Section>>, String> {
    let (mut only, mut exact) = (Vec::new(), false);
    while let Some(argument) = arguments.next() {
        let name = match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--exact" => {
                exact = true;
                continue;
            }
            "--only" => arguments.next().ok_or("--only expects a section; came nothing")?,
            other => other
                .strip_prefix("--only=")
                .ok_or_else(|| format!("claims does not know \"{other}\""))?
                .to_owned(),
        };
        if SECTIONS.iter().all(|section| section.0 != name) {
            return Err(format!("--only expects a section; came \"{name}\""));
        }
        only.push(name);
    }
    let wanted = |section: &Section| {
        (only.is_empty() || only.iter().any(|name| name == section.0)) && (section.2 || !exact)
    };
    Ok(Some(SECTIONS.into_iter().filter(wanted).collect()))
}

/// What the numbers are true of that are not exact.
fn this_machine() -> String {
    let processors = thread::available_parallelism().map_or(0, usize::from);
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!(
        "this machine: {} on {}, {processors} processors, {build} build\n\n",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}

/// A line of the table.
fn row(claim: &str, measured: &str, verdict: &str) {
    print(format!("  {claim:<43}  {measured:<48}  {verdict}").trim_end());
    print("\n");
}

/// The verdict, if what was measured bears it out.
fn so(holds: bool, verdict: &str) -> &str {
    if holds { verdict } else { "not so here" }
}

// ---- Exact: the same on every machine
// -------------------------------------------------------------------------------

fn poll(bench: &Bench) -> io::Result<()> {
    let (feed, port, _) = bench.feed(PATIENCE)?;
    feed.publish("07:20:01");
    let mut client = Client::connect(port)?;
    let mut ask = |head: &str| -> io::Result<(Bytes, u64)> {
        let before = bench.bytes();
        let response = client.ask(head)?;
        Ok((bench.bytes() - before, response.body.len() as u64))
    };
    let (page, useful) = ask(POLL)?;
    let header = page.all() - useful;
    let measured = format!("{} up + {} down = {header}", page.up, page.down - useful);
    row(
        "400 bytes of header and more",
        &measured,
        so(header >= 400, &format!("true; {} times that", tenths(header, 400))),
    );
    row(
        "about 10 bytes that are of use",
        &format!("{useful} of {}", page.all()),
        so((5..15).contains(&useful), "true"),
    );
    let (short, _) = ask("GET / HTTP/1.1\nHost: localhost:8080\n\n")?;
    let measured =
        format!("{} up + {} down = {}", short.up, short.down - useful, short.all() - useful);
    row("HTTP wants so many", &measured, so(short.up * 10 < page.up, "false; a browser does"));
    let (same, _) = ask("GET / HTTP/1.1\nHost: localhost:8080\nIf-None-Match: \"07:20:01\"\n\n")?;
    let measured =
        format!("{} up + {} down = {}, and not {}", same.up, same.down, same.all(), short.all());
    row(
        "\"304 Not Modified\" saves them",
        &measured,
        so(same.all() * 2 > short.all(), "hardly; it has a header"),
    );
    Ok(())
}

fn bytes(bench: &Bench) -> io::Result<()> {
    row("", " each          opening          a hundred with it", "");
    let technique = |name: &str, cost: Cost| {
        let Cost { opening, message, all } = cost;
        let up_and_down = |bytes: Bytes| format!("{:>3} + {:<8}", bytes.up, bytes.down);
        let measured = format!("{} {} {all:>19}", up_and_down(message), up_and_down(opening));
        row(
            name,
            &measured,
            &format!("1 byte in {} is of use", tenths(message.all(), MESSAGE.len() as u64)),
        );
    };

    let (feed, port, _) = bench.feed(PATIENCE)?;
    let poll = |client: &mut Client, _| {
        feed.publish(MESSAGE);
        client.ask(POLL).map(drop)
    };
    technique(
        "polling, if each poll finds a message",
        bench.cost(|| Client::connect(port), poll)?.0,
    );

    let (feed, port, _) = bench.feed(PATIENCE)?;
    let poll = |client: &mut Client, _| {
        let head = long_poll(feed.newest());
        feed.publish(MESSAGE);
        client.ask(&head).map(drop)
    };
    technique("long polling", bench.cost(|| Client::connect(port), poll)?.0);

    let by_type = EVENTS.replace("/eventSource", "/eventStream");
    for (name, head) in [
        ("iframe stream", IFRAME),
        ("event stream, written by hand", EVENTS),
        ("event stream, JSON and ids that name a run", &by_type),
    ] {
        let (feed, port, _) = bench.feed(PATIENCE)?;
        feed.publish(MESSAGE);
        let read = |body: &mut Body<Connection>, n| {
            if n > 1 {
                feed.publish(MESSAGE);
            }
            read_message(body)
        };
        let (cost, mut body) = bench.cost(|| Client::connect(port)?.stream(head), read)?;
        technique(name, cost);
        feed.publish(END);
        io::copy(&mut body, &mut io::sink())?;
    }

    for (name, path) in
        [("WebSocket, down", "/push"), ("WebSocket, down, as the same JSON", "/json")]
    {
        let (feed, port, _) = bench.feed(PATIENCE)?;
        let read = |client: &mut Client, _| {
            feed.publish(MESSAGE);
            client.frame().map(drop)
        };
        let (cost, mut client) = bench.cost(|| Client::upgraded(port, path), read)?;
        technique(name, cost);
        feed.publish(END);
        client.frame()?;
    }
    let (_, port, waits) = bench.feed(PATIENCE)?;
    let send = |client: &mut Client, _| {
        client.send_frame(Opcode::Text, MESSAGE.as_bytes())?;
        hear(&waits)
    };
    let (cost, mut client) = bench.cost(|| Client::upgraded(port, "/mute"), send)?;
    technique("WebSocket, up", cost);
    client.close()
}

fn frames(bench: &Bench) -> io::Result<()> {
    let (_, port, _) = bench.feed(PATIENCE)?;
    let mut client = Client::upgraded(port, "/echo")?;
    let lengths: [usize; 5] = [13, 125, 126, 65_535, 65_536];
    let (mut up, mut down) = ([0; 5], [0; 5]);
    for (i, length) in lengths.into_iter().enumerate() {
        let payload = vec![b'.'; length];
        let before = bench.bytes();
        client.send_frame(Opcode::Text, &payload)?;
        if client.frame()?.payload != payload {
            return Err(io::Error::other("the echo is another payload"));
        }
        let crossed = bench.bytes() - before;
        (up[i], down[i]) = (crossed.up - length as u64, crossed.down - length as u64);
    }
    let columns = |numbers: [u64; 5]| numbers.map(|number| format!("{number:>5}")).join("  ");
    row("payloads of", &columns(lengths.map(|length| length as u64)), "");
    row("2, 4 or 10 more from the server", &columns(down), so(down == [2, 2, 4, 4, 10], "true"));
    row("6, 8 or 14 more from the client", &columns(up), so(up == [6, 6, 8, 8, 14], "true"));
    let key: [u64; 5] = std::array::from_fn(|i| up[i] - down[i]);
    row("of which the masking-key", &columns(key), so(key == [4; 5], "true"));
    let mut masked = MESSAGE.as_bytes().to_vec();
    mask(&mut masked, [0x37, 0xfa, 0x21, 0x3d], 0);
    let measured = format!("{} bytes masked are {}", MESSAGE.len(), masked.len());
    row(
        "masking leaves the payload its length",
        &measured,
        so(masked.len() == MESSAGE.len(), "true"),
    );
    client.close()
}

fn connections(bench: &Bench) -> io::Result<()> {
    let (feed, port, _) = bench.feed(PATIENCE)?;
    feed.publish(MESSAGE);
    let before = bench.opened();
    let mut client = Client::connect(port)?;
    for _ in 0..100 {
        client.ask(POLL)?;
    }
    let kept = bench.opened() - before;
    row(
        "polling makes very many connections",
        &format!("connections: {kept}"),
        so(kept == 1, "false; many requests"),
    );
    for _ in 0..100 {
        Client::connect(port)?.ask(&POLL.replace("keep-alive", "close"))?;
    }
    let closed = bench.opened() - before - kept;
    row(
        "the same, with \"Connection: close\"",
        &format!("connections: {closed}"),
        so(closed == 100, "true"),
    );
    Ok(())
}

fn http(bench: &Bench) -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    thread::scope(|scope| {
        let server = scope.spawn(|| refuse_by_the_head(&listener));
        let mut client = Client::connect(listener.local_addr()?.port())?;
        client.send("POST / HTTP/1.1\nHost: localhost\nContent-Length: 2000000\n\n")?;
        client.send(&"x".repeat(1000))?;
        let status = client.response()?.status;
        client.send(&"x".repeat(1000))?;
        drop(client);
        let measured = format!("{} after 1000 of 2000000 bytes, then 1000 more", status.code());
        row(
            "data goes one way at a time",
            &measured,
            so(status.code() == 413, "half true; TCP goes both ways"),
        );
        joined(server)
    })?;

    let port = bench
        .serve(|request, responder| responder.send(Response::text(Status::OK, request.path())))?;
    let mut client = Client::connect(port)?;
    client.send("GET /1 HTTP/1.1\nHost: localhost\n\nGET /2 HTTP/1.1\nHost: localhost\n\n")?;
    let answers = [client.response()?.body, client.response()?.body];
    let measured = format!(
        "asked: /1, /2 in one write; answered: {}",
        answers.join(&b", "[..]).escape_ascii()
    );
    row(
        "a question waits for the answer before it",
        &measured,
        so(answers == [b"/1", b"/2"], "false; but answers keep the order"),
    );

    let (feed, port, _) = bench.feed(PATIENCE)?;
    let mut client = Client::connect(port)?;
    client.ask(POLL)?;
    for _ in 0..100 {
        feed.publish(MESSAGE);
    }
    // That nothing comes cannot be heard, only waited for.
    let waited = client.connection.wait_for_input(Duration::from_millis(20))?;
    let came = client
        .ask(&long_poll(feed.origin()))?
        .body
        .escape_ascii()
        .to_string()
        .matches(MESSAGE)
        .count();
    let measured = format!(
        "100 messages: {}, then {came} in one answer",
        if waited == Waited::Ready { "some" } else { "0 bytes" }
    );
    row(
        "a server cannot push if it is not asked",
        &measured,
        so(waited == Waited::TimedOut && came == 100, "true"),
    );

    thread::scope(|scope| {
        let server = scope.spawn(|| answer_unasked(&listener));
        let port = listener.local_addr()?.port();
        let mut trusting = Client::connect(port)?;
        trusting.ask("GET /1 HTTP/1.1\nHost: localhost\n\n")?;
        let wrong = trusting.ask("GET /2 HTTP/1.1\nHost: localhost\n\n")?.body;
        drop(trusting);
        let mut careful = Client::connect(port)?;
        careful.ask("GET /1 HTTP/1.1\nHost: localhost\n\n")?;
        // RFC 9112 §9.2: what comes while nothing is asked for is no response, and the connection
        // is of no further use.
        let unasked = careful.connection.wait_for_input(PATIENCE)? == Waited::Ready;
        drop(careful);
        let measured =
            format!("asked /2, read \"{}\"; or looked, and closed", wrong.escape_ascii());
        row(
            "what it sends unasked is no answer",
            &measured,
            so(wrong == b"news" && unasked, "true for who looks"),
        );
        joined(server)
    })
}

/// A server that has seen enough when it has read the head (RFC 9110 §15.5.14).
fn refuse_by_the_head(listener: &TcpListener) -> io::Result<()> {
    let mut connection = Connection::new(listener.accept()?.0, PATIENCE, None)?;
    Request::read_head_from(&mut connection)?;
    let terms = Terms { head_only: false, version: Version::Http11, persistent: false };
    let refusal = Response::refusal(Status::CONTENT_TOO_LARGE, "expected less");
    connection.writer().write(|out| refusal.write_to(out, terms))?;
    connection.close();
    Ok(())
}

/// A server that answers twice what was asked once, to each of two clients.
fn answer_unasked(listener: &TcpListener) -> io::Result<()> {
    for stream in listener.incoming().take(2) {
        let mut connection = Connection::new(stream?, PATIENCE, None)?;
        Request::read_from(&mut connection)?;
        let terms = Terms { head_only: false, version: Version::Http11, persistent: true };
        for body in ["answer", "news"] {
            connection
                .writer()
                .write(|out| Response::text(Status::OK, body).write_to(out, terms))?;
        }
        connection.close();
    }
    Ok(())
}

fn open(bench: &Bench) -> io::Result<()> {
    let by_type = EVENTS.replace("/eventSource", "/eventStream");
    let claims =
        ["\"open\" fires before the first event", "the same, if the head waits for the event"];
    for (claim, head) in claims.into_iter().zip([&by_type, EVENTS]) {
        let (feed, port, waits) = bench.feed(PATIENCE)?;
        let mut client = Client::connect(port)?;
        let before = bench.bytes();
        client.send(head)?;
        // From here on the server does nothing until something is published.
        hear(&waits)?;
        let early = (bench.bytes() - before).down;
        feed.publish(MESSAGE);
        let mut body = client.body()?;
        read_message(&mut body)?;
        let measured = format!(
            "{early} bytes before, {} with the event",
            (bench.bytes() - before).down - early
        );
        row(claim, &measured, if early > 0 { "true" } else { "false; it fires with it" });
        feed.publish(END);
        io::copy(&mut body, &mut io::sink())?;
    }
    Ok(())
}

// ---- Of this machine
// ------------------------------------------------------------------------------------------------

/// A second, played 25 times as fast.
const SECOND: Duration = Duration::from_millis(40);

fn crossing(bench: &Bench) -> io::Result<()> {
    thread::scope(|scope| {
        let minutes = [0, 2, 12, 60, 300]
            .map(|messages| (messages, scope.spawn(move || minute(bench, messages))));
        for (messages, minute) in minutes {
            let (polls, long_polls) = joined(minute)?;
            let verdict = match 100 * long_polls / polls {
                few @ 0..90 => format!("true; {few} % of the requests"),
                90..110 => "no; as many".to_owned(),
                _ => format!("false; {} times as many", tenths(long_polls, polls)),
            };
            let claim = format!("it saves requests: {messages} messages a minute");
            row(
                &claim,
                &format!("polling each second {polls}, long polling {long_polls}"),
                &verdict,
            );
        }
        Ok(())
    })
}

/// A minute with so many messages: how often a client asks that polls each second, and one that
/// long-polls.
fn minute(bench: &Bench, messages: u32) -> io::Result<(u64, u64)> {
    let (feed, port, _) = bench.feed(25 * SECOND)?;
    let begun = Instant::now();
    thread::scope(|scope| {
        let polls = scope.spawn(|| -> io::Result<u64> {
            let mut client = Client::connect(port)?;
            for second in 0..60 {
                sleep_until(begun + second * SECOND);
                client.ask(POLL)?;
            }
            Ok(60)
        });
        let long_polls = scope.spawn(|| -> io::Result<u64> {
            let mut client = Client::connect(port)?;
            let (mut after, mut asked) = (feed.newest().to_string(), 0);
            while begun.elapsed() < 60 * SECOND {
                let answer = client.ask(&LONG_POLL.replace(LONG_POLL_ID, &after))?;
                asked += 1;
                // {"id":"1763700000000-42", …; or nothing, when the time was up
                after = String::from_utf8_lossy(&answer.body)
                    .split('"')
                    .nth(3)
                    .map_or(after, str::to_owned);
            }
            Ok(asked)
        });
        for n in 0..messages {
            sleep_until(begun + 60 * SECOND * (2 * n + 1) / (2 * messages));
            feed.publish(MESSAGE);
        }
        sleep_until(begun + 60 * SECOND);
        // Whoever is still held may go.
        feed.publish(MESSAGE);
        Ok((joined(polls)?, joined(long_polls)?))
    })
}

fn held(bench: &Bench) -> io::Result<()> {
    // Both ends are in this process, so each takes two of the files that it may open.
    let number = 1000.min(bench.server.load().max_threads() / 2);
    let (feed, port, waits) = bench.feed(PATIENCE)?;
    let head = long_poll(feed.newest());
    let before = process();
    let mut clients = Vec::with_capacity(number);
    for _ in 0..number {
        let mut client = Client::connect(port)?;
        client.send(&head)?;
        clients.push(client);
        hear(&waits)?;
    }
    let during = process();
    let claim = "long polling needs high concurrency";
    match before.zip(during) {
        Some(((_, kib_before), (threads, kib))) => {
            let each = tenths(kib.saturating_sub(kib_before), number as u64);
            let measured = format!("{number} held: {threads} threads, {each} KiB each");
            row(claim, &measured, so(threads >= number as u64, "true; here a thread each"));
        }
        None => row(claim, &format!("{number} held"), "no /proc here to count with"),
    }
    let begun = Instant::now();
    feed.publish(MESSAGE);
    for client in &mut clients {
        client.response()?;
    }
    let each = begun.elapsed() / u32::try_from(number).unwrap_or(u32::MAX);
    let measured =
        format!("the last after {}, {} each", milliseconds(begun.elapsed()), milliseconds(each));
    row("one message answers them all", &measured, "true");
    Ok(())
}

/// How many threads this process has, and how many KiB of memory are in use (Linux).
fn process() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let number = |name| {
        status
            .lines()
            .find_map(|line: &str| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
    };
    Some((number("Threads:")?, number("VmRSS:")?))
}

fn delay(bench: &Bench) -> io::Result<()> {
    let polling = delay_of_polling(bench)?;
    // A connection's threads often stay on one processor, near to each other or not. Ten
    // connections have both kinds of luck.
    let mut times = [const { Vec::new() }; 6];
    for _ in 0..10 {
        for (times, more) in times.iter_mut().zip(delays_on_open_connections(bench)?) {
            times.extend(more);
        }
    }
    let [websocket, long_polling, stream, echo, request, connection] = times.map(Spread::from);
    let sooner = websocket.median * 10 < polling.median;
    row(
        "WebSocket brings news sooner",
        &websocket.to_string(),
        so(sooner, "true, if compared with polling"),
    );
    for (name, other) in
        [("polling each second", polling), ("long polling", long_polling), ("event stream", stream)]
    {
        row(name, &other.to_string(), &other.against(&websocket));
    }
    let kept =
        if 2 * request.median > 3 * echo.median { "true" } else { "not than on a kept connection" };
    row("WebSocket is sooner there and back", &echo.to_string(), kept);
    for (name, other) in
        [("request and response", request), ("the same, with a connection for each", connection)]
    {
        row(name, &other.to_string(), &other.against(&echo));
    }
    Ok(())
}

/// From publishing to reading by WebSocket, long polling and event stream; then there and back by
/// WebSocket and by HTTP, on one connection and on one for each.
fn delays_on_open_connections(bench: &Bench) -> io::Result<[Vec<Duration>; 6]> {
    let (feed, port, waits) = bench.feed(PATIENCE)?;
    let mut client = Client::connect(port)?;
    let mut long_polling = move || {
        client.send(&long_poll(feed.newest()))?;
        hear(&waits)?;
        timed(|| {
            feed.publish(MESSAGE);
            client.response().map(drop)
        })
    };

    let (feed, port, waits) = bench.feed(PATIENCE)?;
    feed.publish(MESSAGE);
    let mut body = Client::connect(port)?.stream(EVENTS)?;
    read_message(&mut body)?;
    hear(&waits)?;
    let mut stream = move || {
        hear(&waits)?;
        timed(|| {
            feed.publish(MESSAGE);
            read_message(&mut body)
        })
    };

    let (feed, port, waits) = bench.feed(PATIENCE)?;
    let mut client = Client::upgraded(port, "/push")?;
    let mut websocket = move || {
        hear(&waits)?;
        timed(|| {
            feed.publish(MESSAGE);
            client.frame().map(drop)
        })
    };

    let mut client = Client::upgraded(port, "/echo")?;
    let mut echo = move || {
        timed(|| {
            client.send_frame(Opcode::Text, MESSAGE.as_bytes())?;
            client.frame().map(drop)
        })
    };
    let mut client = Client::connect(port)?;
    let mut request = move || timed(|| client.ask(POLL).map(drop));
    let connection = || timed(|| Client::connect(port)?.ask(POLL).map(drop));

    // In turn: whatever else this machine does meanwhile, it does to all of them.
    let mut measures: [&mut dyn FnMut() -> io::Result<Duration>; 5] =
        [&mut websocket, &mut long_polling, &mut stream, &mut echo, &mut request];
    let mut times = [const { Vec::new() }; 6];
    for _ in 0..30 {
        for (times, measure) in times.iter_mut().zip(&mut measures) {
            times.push(measure()?);
        }
    }
    // By itself: a connection that is being closed would stand in the way of whoever comes next.
    for _ in 0..30 {
        times[5].push(connection()?);
    }
    Ok(times)
}

fn timed(what: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let begun = Instant::now();
    what()?;
    Ok(begun.elapsed())
}

/// Twenty clients, each of which polls once a second, at even distances from one another; and two
/// messages.
fn delay_of_polling(bench: &Bench) -> io::Result<Spread> {
    const CLIENTS: u32 = 20;
    const SECOND: Duration = Duration::from_secs(1);
    let (feed, port, _) = bench.feed(PATIENCE)?;
    let begun = Instant::now();
    let published = Mutex::new(Vec::new());
    let lock = || published.lock().unwrap_or_else(PoisonError::into_inner);
    let client = |phase: Duration| -> io::Result<Vec<Duration>> {
        let mut client = Client::connect(port)?;
        let mut delays = Vec::new();
        for n in 0..4 {
            sleep_until(begun + phase + n * SECOND);
            let text = client.ask(POLL)?.body;
            // What it has seen before is no news.
            let news = lock()
                .get(delays.len())
                .copied()
                .filter(|(news, _): &(&str, Instant)| text == news.as_bytes());
            delays.extend(news.map(|(_, at)| at.elapsed()));
        }
        Ok(delays)
    };
    thread::scope(|scope| {
        let client = &client;
        let clients: Vec<_> =
            (0..CLIENTS).map(|n| scope.spawn(move || client(n * SECOND / CLIENTS))).collect();
        for (text, at) in [("1763700043000", 101), ("1763700044000", 202)] {
            sleep_until(begun + SECOND * at / 100);
            lock().push((text, Instant::now()));
            feed.publish(text);
        }
        let delays: io::Result<Vec<_>> = clients.into_iter().map(joined).collect();
        Ok(Spread::from(delays?.concat()))
    })
}

fn sleep_until(moment: Instant) {
    thread::sleep(moment.saturating_duration_since(Instant::now()));
}

/// Measurements of one thing.
struct Spread {
    low: Duration,
    median: Duration,
    high: Duration,
}

impl Spread {
    fn against(&self, other: &Spread) -> String {
        let nanoseconds =
            |spread: &Spread| u64::try_from(spread.median.as_nanos()).unwrap_or(u64::MAX);
        match 10 * nanoseconds(self) / nanoseconds(other).max(1) {
            7..15 => "as soon".to_owned(),
            0..1000 => format!("{} times that", tenths(nanoseconds(self), nanoseconds(other))),
            times => format!("{} times that", times / 10),
        }
    }
}

impl From<Vec<Duration>> for Spread {
    fn from(mut all: Vec<Duration>) -> Spread {
        all.sort();
        let at = |tenths: usize| all.get(all.len() * tenths / 10).copied().unwrap_or_default();
        Spread { low: at(1), median: at(5), high: at(9) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} to {})",
            milliseconds(self.median),
            milliseconds(self.low),
            milliseconds(self.high)
        )
    }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

/// A ratio with one decimal.
fn tenths(a: u64, b: u64) -> String {
    let tenths = (a * 10 + b / 2) / b.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}

// ---- The server: every technique, as in its lesson
// ------------------------------------------------------------------

/// The server, and what has crossed its sockets.
struct Bench {
    server: Server,
    crossed: Arc<Crossed>,
}

#[derive(Default)]
struct Crossed {
    up: AtomicU64,
    down: AtomicU64,
    opened: AtomicU64,
}

#[derive(Clone, Copy)]
struct Bytes {
    up: u64,
    down: u64,
}

impl Bytes {
    fn all(self) -> u64 {
        self.up + self.down
    }
}

impl Sub for Bytes {
    type Output = Bytes;

    fn sub(self, other: Bytes) -> Bytes {
        Bytes { up: self.up - other.up, down: self.down - other.down }
    }
}

/// What a technique costs: before its first message, for each message, and for a hundred of them
/// with all that comes before.
struct Cost {
    opening: Bytes,
    message: Bytes,
    all: u64,
}

impl Bench {
    fn new() -> Bench {
        let crossed = Arc::new(Crossed::default());
        let counts = Arc::clone(&crossed);
        let tap: Tap = Arc::new(move |_, crossing| {
            match crossing {
                Crossing::Opened(_) => counts.opened.fetch_add(1, Ordering::SeqCst),
                Crossing::Received(bytes) => {
                    counts.up.fetch_add(bytes.len() as u64, Ordering::SeqCst)
                }
                Crossing::Sent(bytes) => {
                    counts.down.fetch_add(bytes.len() as u64, Ordering::SeqCst)
                }
                Crossing::Closed => 0,
            };
        });
        Bench { server: Server::new(Limits::default(), Some(tap)), crossed }
    }

    fn bytes(&self) -> Bytes {
        Bytes {
            up: self.crossed.up.load(Ordering::SeqCst),
            down: self.crossed.down.load(Ordering::SeqCst),
        }
    }

    fn opened(&self) -> u64 {
        self.crossed.opened.load(Ordering::SeqCst)
    }

    /// What it costs to open a reader and to read messages, number 1 first. The opening may come
    /// together with that one, so its cost is what the first message has cost more than the second.
    fn cost<R>(
        &self,
        open: impl FnOnce() -> io::Result<R>,
        mut read: impl FnMut(&mut R, u64) -> io::Result<()>,
    ) -> io::Result<(Cost, R)> {
        let begun = self.bytes();
        let mut reader = open()?;
        read(&mut reader, 1)?;
        let first = self.bytes();
        read(&mut reader, 2)?;
        let message = self.bytes() - first;
        for n in 3..=MESSAGES {
            read(&mut reader, n)?;
        }
        Ok((
            Cost { opening: first - begun - message, message, all: (self.bytes() - begun).all() },
            reader,
        ))
    }

    fn serve(
        &self,
        handler: impl Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync + 'static,
    ) -> io::Result<u16> {
        let port = self.server.bind("127.0.0.1", 0)?;
        let number = port.number;
        port.serve(handler);
        Ok(number)
    }

    /// An empty feed, the port at which it can be read, and the news that somebody is about to wait
    /// for it.
    fn feed(&self, hold: Duration) -> io::Result<(Arc<Feed>, u16, Receiver<()>)> {
        let feed = Arc::new(Feed::new(EPOCH, 1000, 1 << 20));
        let (waiting, waits) = mpsc::channel();
        let offered = Offer { feed: Arc::clone(&feed), hold, waiting };
        let port = self.serve(move |request, responder| offered.answer(request, responder))?;
        Ok((feed, port, waits))
    }
}

/// A feed, and how it is offered.
struct Offer {
    feed: Arc<Feed>,
    /// How long a request is held.
    hold: Duration,
    /// Told whenever a thread is about to wait for news, or has heard some.
    waiting: Sender<()>,
}

impl Offer {
    fn answer(&self, request: &Request, responder: Responder<'_>) -> io::Result<Sent> {
        let after = after(request, &self.feed).map_err(io::Error::other)?;
        let policy =
            Policy { origins: vec!["http://localhost:3000".to_owned()], ..Policy::default() };
        let head = |content_type| Response::new(Status::OK).with("Content-Type", content_type);
        let writer = responder.writer();
        match request.path() {
            "/" => responder.send(self.newest(request)),
            "/poll" => responder.send(self.held(after)),
            "/clock" => {
                let head =
                    head("text/html; charset=utf-8").with("X-Content-Type-Options", "nosniff");
                let title = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>stream</title>\n";
                let first = format!("{title}<!-- {} -->\n", ".".repeat(1024));
                self.stream(responder, after, head, &first, |message| {
                    json::call("push", &json::message(message)).into()
                })
            }
            "/eventSource" => {
                self.stream(responder, after, head("text/event-stream"), "", |message| {
                    format!("event:message\nid:{}\ndata:{}\n\n", message.id.seq, message.data)
                        .into()
                })
            }
            "/eventStream" => {
                let head = head("text/event-stream; charset=utf-8");
                self.stream(responder, after, head, ": ok\n\nretry: 20000\n\n", |message| {
                    let (event, id) = (Some(message.event.clone()), Some(message.id.to_string()));
                    Event {
                        event,
                        id,
                        ..Event::message(&format!(r#"{{"ts":"{}"}}"#, message.data))
                    }
                    .to_bytes()
                })
            }
            "/push" | "/json" => websocket::serve(request, responder, &policy, |socket| {
                // Who only sends must see to it that the 101 leaves: it would go when somebody
                // reads.
                writer.flush()?;
                let sender = socket.sender();
                let text = |message: &Message| match request.path() {
                    "/push" => message.data.clone(),
                    _ => json::message(message),
                };
                self.each(after, |message| sender.send_text(&text(message)))
            }),
            path => websocket::serve(request, responder, &policy, |socket| {
                while let Some(message) = socket.receive()? {
                    match path {
                        "/echo" => socket.send(&message)?,
                        _ => drop(self.waiting.send(())),
                    }
                }
                Ok(())
            }),
        }
    }

    /// What a poll gets.
    fn newest(&self, request: &Request) -> Response {
        let newest = self.feed.after(self.feed.before_newest()).messages;
        let text = newest.last().map(|message| message.data.as_str()).unwrap_or_default();
        let cors = Cors {
            origins: vec!["http://localhost:8000".to_owned()],
            response_fields: "ETag",
            ..Cors::default()
        };
        let answer = Response::text(Status::OK, text).with("Cache-Control", "no-store");
        cors.share(request, answer.unless_known(request, &format!("\"{text}\"")))
    }

    /// What a long poll gets, when there is something or the time is up.
    fn held(&self, after: Id) -> Response {
        // Here and below, nobody may be listening.
        let _ = self.waiting.send(());
        let news = self.feed.wait_after(after, Instant::now() + self.hold);
        let answer = if news.is_empty() {
            Response::new(Status::NO_CONTENT)
        } else {
            Response::json(Status::OK, json::news(&news))
        };
        answer.with("Cache-Control", "no-store")
    }

    /// An answer that goes on: something at first, then a block for each message. Where there is
    /// nothing at first, the head waits.
    fn stream(
        &self,
        responder: Responder<'_>,
        after: Id,
        head: Response,
        first: &str,
        block: impl Fn(&Message) -> Vec<u8>,
    ) -> io::Result<Sent> {
        responder.stream(head.with("Cache-Control", "no-store"), |chunks| {
            chunks.send(first.as_bytes())?;
            self.each(after, |message| chunks.send(&block(message)))
        })
    }

    /// Sends what is published, until the message that ends it.
    fn each<E>(
        &self,
        mut after: Id,
        mut send: impl FnMut(&Message) -> Result<(), E>,
    ) -> Result<(), E> {
        loop {
            let _ = self.waiting.send(());
            let news = self.feed.wait_after(after, Instant::now() + PATIENCE);
            for message in &news.messages {
                if message.data == END {
                    return Ok(());
                }
                send(message)?;
            }
            after = news.last;
        }
    }
}

// ---- The clients
// ----------------------------------------------------------------------------------------------------

/// A client's connection, for HTTP and then perhaps for frames.
struct Client {
    connection: Connection,
}

impl Client {
    fn connect(port: u16) -> io::Result<Client> {
        Ok(Client { connection: Connection::connect((Ipv4Addr::LOCALHOST, port), PATIENCE)? })
    }

    /// Opens a WebSocket as the browser did.
    fn upgraded(port: u16, path: &str) -> io::Result<Client> {
        let mut client = Client::connect(port)?;
        client.send(&UPGRADE.replace("/push", path))?;
        let (response, _) = Response::read_head_from(&mut client.connection, false)?;
        let accept = response.fields.get("Sec-WebSocket-Accept").unwrap_or_default();
        if accept == Accept::of(UPGRADE_KEY).value {
            Ok(client)
        } else {
            Err(io::Error::other("the handshake failed"))
        }
    }

    /// Sends text at once. Its lines end in LF here, and in CRLF on the wire.
    fn send(&mut self, text: &str) -> io::Result<()> {
        self.connection
            .writer()
            .write(|out| out.extend_from_slice(text.replace('\n', "\r\n").as_bytes()))?;
        self.connection.writer().flush()
    }

    fn response(&mut self) -> io::Result<Response> {
        Ok(Response::read_from(&mut self.connection, false, 1 << 20)?)
    }

    fn ask(&mut self, head: &str) -> io::Result<Response> {
        self.send(head)?;
        self.response()
    }

    /// Reads the head of an answer, and hands over its body to be read as it comes.
    fn body(mut self) -> io::Result<Body<Connection>> {
        let (_, framing) = Response::read_head_from(&mut self.connection, false)?;
        Ok(Body::new(self.connection, framing))
    }

    fn stream(mut self, head: &str) -> io::Result<Body<Connection>> {
        self.send(head)?;
        self.body()
    }

    fn send_frame(&mut self, opcode: Opcode, payload: &[u8]) -> io::Result<()> {
        let frame = Frame { fin: true, opcode, payload: payload.to_vec() };
        self.connection.writer().write(|out| frame.write_to(out, Role::Client))?;
        self.connection.writer().flush()
    }

    fn frame(&mut self) -> io::Result<Frame> {
        Frame::read_from(&mut self.connection, Role::Client, 1 << 20)?
            .ok_or_else(|| io::ErrorKind::UnexpectedEof.into())
    }

    /// The closing handshake, without a code.
    fn close(&mut self) -> io::Result<()> {
        self.send_frame(Opcode::Close, &[])?;
        self.frame().map(drop)
    }
}

/// Reads a stream as far as the line in which the message stands.
fn read_message(body: &mut impl BufRead) -> io::Result<()> {
    let mut line = String::new();
    while !line.contains(MESSAGE) {
        line.clear();
        if body.read_line(&mut line)? == 0 {
            return Err(io::ErrorKind::UnexpectedEof.into());
        }
    }
    Ok(())
}

/// Waits until the server is about to wait, or has heard a message.
fn hear(waits: &Receiver<()>) -> io::Result<()> {
    waits.recv_timeout(PATIENCE).map_err(io::Error::other)
}

fn joined<T>(thread: thread::ScopedJoinHandle<'_, io::Result<T>>) -> io::Result<T> {
    thread.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked, and has said where")))
}

// ---- What a browser sends: Chromium 156.0.8078.79, headless, on Linux, as it came to our lessons
// --------------------

fn long_poll(after: Id) -> String {
    LONG_POLL.replace(LONG_POLL_ID, &after.to_string())
}

/// The page of `polling` asks the other origin, with `fetch`.
const POLL: &str = r#"GET / HTTP/1.1
Host: localhost:8080
Connection: keep-alive
Pragma: no-cache
Cache-Control: no-cache
sec-ch-ua-platform: "Linux"
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36
sec-ch-ua: "Not:A-Brand";v="8", "Chromium";v="156"
sec-ch-ua-mobile: ?0
Accept: */*
Origin: http://localhost:8000
Sec-Fetch-Site: same-site
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty
Referer: http://localhost:8000/
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9

"#;

/// The page of `long_polling` asks again.
const LONG_POLL: &str = r#"GET /poll?after=1795240639434-1 HTTP/1.1
Host: localhost:8080
Connection: keep-alive
Pragma: no-cache
Cache-Control: no-cache
sec-ch-ua-platform: "Linux"
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36
sec-ch-ua: "Not:A-Brand";v="8", "Chromium";v="156"
sec-ch-ua-mobile: ?0
Accept: */*
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty
Referer: http://localhost:8080/
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9

"#;
const LONG_POLL_ID: &str = "1795240639434-1";

/// The page of `iframe_stream` opens the frame.
const IFRAME: &str = r#"GET /clock?after= HTTP/1.1
Host: localhost:8080
Connection: keep-alive
sec-ch-ua: "Not:A-Brand";v="8", "Chromium";v="156"
sec-ch-ua-mobile: ?0
sec-ch-ua-platform: "Linux"
Upgrade-Insecure-Requests: 1
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36
Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/jxl,image/avif,image/webp,image/apng,*/*;q=0.8,application/signed-exchange;v=b3;q=0.7
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: navigate
Sec-Fetch-Dest: iframe
Referer: http://localhost:8080/
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9

"#;

/// An `EventSource` connects.
const EVENTS: &str = r#"GET /eventSource HTTP/1.1
Host: localhost:8888
Connection: keep-alive
Pragma: no-cache
Cache-Control: no-cache
sec-ch-ua-platform: "Linux"
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36
Accept: text/event-stream
sec-ch-ua: "Not:A-Brand";v="8", "Chromium";v="156"
sec-ch-ua-mobile: ?0
Sec-Fetch-Site: same-origin
Sec-Fetch-Mode: cors
Sec-Fetch-Dest: empty
Referer: http://localhost:8888/
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9

"#;

/// A `WebSocket` connects.
const UPGRADE: &str = r#"GET /push HTTP/1.1
Host: localhost:8888
Connection: Upgrade
Pragma: no-cache
Cache-Control: no-cache
User-Agent: Mozilla/5.0 (X11; Linux x86_64) AppleWebKit/537.36 (KHTML, like Gecko) HeadlessChrome/156.0.0.0 Safari/537.36
Upgrade: websocket
Origin: http://localhost:3000
Sec-WebSocket-Version: 13
Accept-Encoding: gzip, deflate, br, zstd
Accept-Language: en-US,en;q=0.9
Sec-WebSocket-Key: UgbojqnA6FexmE3molHt5g==
Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits

"#;
const UPGRADE_KEY: &str = "UgbojqnA6FexmE3molHt5g==";
