//! The server from outside: what its connections do, and what it bears.
//!
//! Most tests run a server in this process, on a port of its own and with limits that fit the test.
//! A limit that a test is not about is so long that only a fault reaches it.

use crate::support;

use push_by_hand::connection::{Crossing, Tap};
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::server::{Limits, Responder, Sent, Server};
use std::io::{self, BufRead, Read, Write};
use std::net::TcpListener;
#[cfg(target_os = "linux")]
use std::process::Command;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};
use support::{Client, PATIENCE, Program, eventually, get, text};

/// Limits that nothing reaches.
const WIDE: Limits =
    Limits { max_threads: 100, idle: PATIENCE, request: PATIENCE, write: PATIENCE };
/// A time that has passed soon, for the limit a test is about.
const SOON: Duration = Duration::from_millis(200);

/// A server with this handler, and its port.
fn serve(
    limits: Limits,
    handler: impl Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync + 'static,
) -> (Server, u16) {
    watched(limits, None, handler)
}

fn watched(
    limits: Limits,
    tap: Option<Tap>,
    handler: impl Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync + 'static,
) -> (Server, u16) {
    let server = Server::new(limits, tap).unwrap();
    let port = server.bind("127.0.0.1", 0).unwrap();
    let number = port.number;
    port.serve(handler).unwrap();
    (server, number)
}

/// Says what was asked: method, target and body.
fn echo(request: &Request, responder: Responder<'_>) -> io::Result<Sent> {
    responder.send(Response::text(Status::OK, said(request)))
}

fn said(request: &Request) -> String {
    format!(
        "{} {} {}",
        request.method.name(),
        request.target,
        String::from_utf8_lossy(&request.body)
    )
}

// ---- Keep-alive, pipelining, close ----

#[test]
fn one_connection_serves_many_requests() {
    let (_server, port) = serve(WIDE, |_, responder| {
        let number = responder.connection_number();
        responder.send(Response::text(Status::OK, number.to_string()))
    });
    let mut client = Client::connect(port);
    let first = client.get("/", "");
    for _ in 0..5 {
        let again = client.get("/", "Connection: keep-alive\r\n");
        assert_eq!(text(&again), text(&first), "the same connection");
        assert_eq!(
            (again.fields.get("connection"), again.fields.get("content-length").is_some()),
            (None, true)
        );
    }
    assert_ne!(text(&get(port, "/")), text(&first), "another connection");
}

#[test]
fn requests_sent_together_are_answered_in_order_and_together() {
    let crossings = Arc::new(Mutex::new(Vec::new()));
    let seen = Arc::clone(&crossings);
    let tap: Tap = Arc::new(move |_, crossing| match crossing {
        Crossing::Received(_) => seen.lock().unwrap().push("received"),
        Crossing::Sent(_) => seen.lock().unwrap().push("sent"),
        _ => {}
    });
    let (_server, port) = watched(WIDE, Some(tap), echo);
    let mut client = Client::connect(port);
    client.send(
        (0..16)
            .map(|i| format!("GET /{i} HTTP/1.1\r\nHost: localhost\r\n\r\n"))
            .collect::<String>(),
    );
    for i in 0..16 {
        assert_eq!(text(&client.response()), format!("GET /{i} "));
    }
    // However the network cuts the requests, what came in one read is answered in one write.
    let crossings = crossings.lock().unwrap();
    assert!(
        crossings.len() <= 32 && crossings.chunks(2).all(|pair| pair == ["received", "sent"]),
        "{crossings:?}"
    );
}

#[test]
fn requests_with_bodies_can_be_sent_together_too() {
    let (_server, port) = serve(WIDE, echo);
    let mut client = Client::connect(port);
    client.send(
        "POST /1 HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello\
         POST /2 HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n3\r\nabc\r\n0\r\nX: y\r\n\r\n\
         HEAD /3 HTTP/1.1\r\nHost: localhost\r\n\r\n\
         \r\nOPTIONS * HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n",
    );
    assert_eq!(text(&client.response()), "POST /1 hello");
    assert_eq!(text(&client.response()), "POST /2 abc");
    assert_eq!(client.response_to_head().fields.get("content-length"), Some("8"));
    // RFC 9110 §9.3.7: `*` is the server, which answers for itself.
    assert_eq!(client.response().fields.get("allow"), Some("GET, HEAD, POST, OPTIONS"));
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_hundred_thousand_requests_in_a_row_are_answered_in_order() {
    const COUNT: usize = 100_000;
    let (_server, port) = serve(WIDE, echo);
    let mut client = Client::connect(port);
    let mut sender = client.stream().try_clone().unwrap();
    thread::scope(|scope| {
        // Whoever only writes, and never reads, stops a server that keeps its answers in order.
        scope.spawn(move || {
            for batch in 0..COUNT / 100 {
                let ask =
                    |i| format!("GET /{} HTTP/1.1\r\nHost: localhost\r\n\r\n", batch * 100 + i);
                sender.write_all((0..100).map(ask).collect::<String>().as_bytes()).unwrap();
            }
        });
        for i in 0..COUNT {
            assert_eq!(text(&client.response()), format!("GET /{i} "));
        }
    });
}

#[test]
fn after_close_was_asked_for_nothing_more_is_done() {
    let served = Arc::new(AtomicUsize::new(0));
    let count = Arc::clone(&served);
    let (_server, port) = serve(WIDE, move |request, responder| {
        count.fetch_add(1, Ordering::SeqCst);
        echo(request, responder)
    });
    let mut client = Client::connect(port);
    client.send(
        "GET /1 HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    );
    let response = client.response();
    assert_eq!((text(&response), response.fields.get("connection")), ("GET /1 ", Some("close")));
    assert_eq!(client.rest(), b"");
    assert_eq!(served.load(Ordering::SeqCst), 1);
}

#[test]
fn what_a_client_sends_after_its_last_request_does_not_destroy_a_long_answer() {
    /// Less than the system takes from the server at once, and more than it gives to a client that
    /// does not read.
    const LENGTH: usize = 256 * 1024;
    let (watch, crossings) = mpsc::channel();
    let tap: Tap = Arc::new(move |_, crossing| {
        watch
            .send(match crossing {
                Crossing::Opened(_) => "opened",
                Crossing::Received(_) => "received",
                Crossing::Sent(_) => "sent",
                Crossing::Closed => "closed",
            })
            .unwrap();
    });
    let next = || crossings.recv_timeout(PATIENCE).unwrap();
    let (_server, port) = watched(WIDE, Some(tap), |_, responder| {
        responder.send(Response::text(Status::OK, vec![b'x'; LENGTH]))
    });
    for version in ["HTTP/1.0\r\n", "HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"] {
        let mut client = Client::connect(port);
        client.send(format!("GET / {version}\r\n"));
        assert_eq!([next(), next(), next()], ["opened", "received", "sent"]);
        // Some old clients send an empty line that belongs to nothing. A server that has closed by
        // now answers it with a reset.
        client.send("\r\n");
        assert_eq!(next(), "received");
        assert_eq!(text(&client.response()).len(), LENGTH);
        assert_eq!(client.rest(), b"");
        drop(client);
        assert_eq!(next(), "closed");
    }
}

#[test]
fn a_client_that_closes_its_sending_half_still_gets_its_answers() {
    let (_server, port) = serve(WIDE, echo);
    let mut client = Client::connect(port);
    client.send(
        "GET /1 HTTP/1.1\r\nHost: localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n",
    );
    client.end_sending();
    assert_eq!((text(&client.response()), text(&client.response())), ("GET /1 ", "GET /2 "));
    assert_eq!(client.rest(), b"");
}

#[test]
fn an_http_1_0_client_gets_one_answer_unless_it_asks_to_stay() {
    let (_server, port) = serve(WIDE, echo);
    let mut client = Client::connect(port);
    client.send("GET /1 HTTP/1.0\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
    let response = client.response();
    assert_eq!((text(&response), response.fields.get("connection")), ("GET /1 ", Some("close")));
    assert_eq!(client.rest(), b"");

    let mut client = Client::connect(port);
    client.send("GET /1 HTTP/1.0\r\nConnection: keep-alive\r\n\r\nGET /2 HTTP/1.0\r\n\r\n");
    let response = client.response();
    assert_eq!(
        (text(&response), response.fields.get("connection")),
        ("GET /1 ", Some("keep-alive"))
    );
    assert_eq!(text(&client.response()), "GET /2 ");
    assert_eq!(client.rest(), b"");
}

#[test]
fn head_gets_the_head_of_get_and_the_connection_goes_on() {
    let (_server, port) = serve(WIDE, |request, responder| match request.path() {
        "/stream" => {
            responder.stream(Response::text(Status::OK, ""), |chunks| chunks.send(b"body"))
        }
        "/empty" => {
            responder.stream(Response::new(Status::NO_CONTENT), |chunks| chunks.send(b"body"))
        }
        _ => responder.send(Response::text(Status::OK, "body").with("ETag", "\"x\"")),
    });
    let mut client = Client::connect(port);
    for target in ["/", "/stream", "/empty"] {
        let get = client.get(target, "");
        client.ask("HEAD", target, "");
        let head = client.response_to_head();
        let fields = |response: &Response| {
            let kept = response.fields.iter().filter(|(name, _)| *name != "Date");
            kept.map(|(name, value)| format!("{name}: {value}")).collect::<Vec<_>>()
        };
        assert_eq!((head.status, fields(&head)), (get.status, fields(&get)), "{target}");
        assert_eq!(text(&get), if target == "/empty" { "" } else { "body" });
    }
    assert_eq!(text(&client.get("/", "")), "body");
}

// ---- Streams ----

#[test]
fn a_chunk_leaves_when_it_is_sent_and_the_connection_goes_on_after_the_last() {
    let (next, wanted) = mpsc::channel::<&str>();
    let wanted = Mutex::new(wanted);
    let (_server, port) = serve(WIDE, move |_, responder| {
        responder.stream(Response::text(Status::OK, ""), |chunks| {
            chunks.send(b"first")?;
            chunks.send(b"")?; // which must not end the body
            wanted
                .lock()
                .unwrap()
                .iter()
                .take_while(|&text| text != "end")
                .try_for_each(|text| chunks.send(text.as_bytes()))
        })
    });
    let mut client = Client::connect(port);
    for _ in 0..2 {
        client.ask("GET", "/", "");
        let head = String::from_utf8(client.read_through("\r\n\r\n")).unwrap();
        assert!(
            head.contains("\r\nTransfer-Encoding: chunked\r\n") && !head.contains("Content-Length"),
            "{head}"
        );
        // Each chunk is read before the next one is asked for.
        assert_eq!(client.read_through("first\r\n"), b"5\r\nfirst\r\n");
        for text in ["second", "服务器"] {
            next.send(text).unwrap();
            assert_eq!(
                client.read_through(&format!("{text}\r\n")),
                format!("{:x}\r\n{text}\r\n", text.len()).as_bytes()
            );
        }
        next.send("end").unwrap();
        assert_eq!(client.read_through("0\r\n\r\n"), b"0\r\n\r\n");
    }
}

#[test]
fn an_http_1_0_client_gets_a_stream_without_chunks_that_ends_with_the_connection() {
    let (_server, port) = serve(WIDE, |_, responder| {
        responder.stream(Response::text(Status::OK, ""), |chunks| chunks.send(b"bare"))
    });
    let mut client = Client::connect(port);
    client.send("GET / HTTP/1.0\r\nConnection: keep-alive\r\n\r\n");
    let head = String::from_utf8(client.read_through("\r\n\r\n")).unwrap();
    assert!(
        head.contains("\r\nConnection: close\r\n") && !head.contains("Transfer-Encoding"),
        "{head}"
    );
    assert_eq!(client.rest(), b"bare");
}

#[test]
fn the_stream_of_a_client_that_left_ends() {
    let (ended, end) = mpsc::channel();
    let (_server, port) = serve(WIDE, move |_, responder| {
        let outcome = responder.stream(Response::text(Status::OK, ""), |chunks| {
            loop {
                chunks.send(b"tick")?;
            }
        });
        ended.send(outcome.as_ref().err().map(io::Error::kind)).unwrap();
        outcome
    });
    let mut client = Client::connect(port);
    client.ask("GET", "/", "");
    client.read_through("tick");
    drop(client);
    let error = end.recv_timeout(PATIENCE).unwrap().expect("an error");
    assert!(
        matches!(error, io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset),
        "{error:?}"
    );
}

#[test]
fn a_handler_that_holds_a_request_learns_that_the_client_has_left() {
    let (report, seen) = mpsc::channel();
    let (_server, port) = serve(WIDE, move |_, mut responder| {
        let before = responder.client_has_ended();
        report.send(before).unwrap();
        while !responder.client_has_ended() {
            thread::yield_now();
        }
        report.send(true).unwrap();
        responder.send(Response::new(Status::NO_CONTENT))
    });
    let mut client = Client::connect(port);
    client.ask("GET", "/", "");
    assert!(!seen.recv_timeout(PATIENCE).unwrap(), "it is still there");
    drop(client);
    assert!(seen.recv_timeout(PATIENCE).unwrap());
}

/// A protocol of its own: what is sent comes back in capitals, line by line.
fn shout(_: &Request, responder: Responder<'_>) -> io::Result<Sent> {
    let response = Response::new(Status::SWITCHING_PROTOCOLS)
        .with("Upgrade", "shout")
        .with("Connection", "Upgrade");
    responder.switch_protocols(response, |connection| {
        let mut line = String::new();
        while connection.read_line(&mut line)? > 0 {
            connection
                .writer()
                .append(|out| out.extend_from_slice(line.to_uppercase().as_bytes()))?;
            line.clear();
        }
        Ok(())
    })
}

#[test]
fn after_101_the_bytes_that_came_with_the_request_are_still_there() {
    let (_server, port) = serve(WIDE, shout);
    let mut client = Client::connect(port);
    client.send(
        "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: shout\r\n\r\nearly\n",
    );
    let head = String::from_utf8(client.read_through("\r\n\r\n")).unwrap();
    assert!(
        head.starts_with("HTTP/1.1 101 Switching Protocols\r\n")
            && !head.contains("Content-Length"),
        "{head}"
    );
    assert_eq!(client.read_through("\n"), b"EARLY\n");
    client.send("GET / HTTP/1.1\r\n");
    assert_eq!(client.read_through("\n"), b"GET / HTTP/1.1\r\n");
    client.end_sending();
    assert_eq!(client.rest(), b"");
}

#[test]
fn who_waits_for_100_and_wants_another_protocol_gets_100_and_then_101() {
    let (_server, port) = serve(WIDE, shout);
    let mut client = Client::connect(port);
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: shout\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\n");
    assert_eq!(client.read_through("\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n");
    // The body is still HTTP's; what follows it is not.
    client.send("helloearly\n");
    assert!(client.read_through("\r\n\r\n").starts_with(b"HTTP/1.1 101 Switching Protocols\r\n"));
    assert_eq!(client.read_through("\n"), b"EARLY\n");
}

// ---- Bodies that are refused or waited for ----

#[test]
fn a_body_that_is_too_long_is_refused_while_it_is_still_being_sent() {
    let (_server, port) = serve(WIDE, echo);
    // By its announcement.
    let mut client = Client::connect(port);
    client
        .send("POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1048577\r\n\r\nthe beginning");
    let response = client.response();
    assert_eq!(
        (response.status, response.fields.get("connection")),
        (Status::CONTENT_TOO_LARGE, Some("close"))
    );
    client.send("and a little more of it");
    client.end_sending();
    assert_eq!(client.rest(), b"");
    // By its chunks, the last of which never comes.
    let mut client = Client::connect(port);
    client.send("POST / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n");
    for _ in 0..16 {
        client.send(format!("10000\r\n{}\r\n", "x".repeat(0x10000)));
    }
    client.send("1\r\nx");
    assert_eq!(client.response().status, Status::CONTENT_TOO_LARGE);
}

#[test]
fn whoever_sends_far_more_than_is_read_still_gets_the_whole_answer() {
    let (_server, port) = serve(WIDE, echo);
    for refused in [
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 3145728\r\n\r\n",
        "POST / HTTP/1.1\r\nHost : a\r\n\r\n",
    ] {
        let mut client = Client::connect(port);
        client.send(refused);
        // All of it, before a single byte of the answer is read. A reset would be an error here, or
        // in what follows.
        client.send("x".repeat(3 * 1024 * 1024));
        client.end_sending();
        let response = client.response();
        assert!(text(&response).starts_with("expected "), "{response:?}");
        assert_eq!(client.rest(), b"");
    }
}

#[test]
fn a_client_that_waits_for_100_is_told_to_go_on() {
    let (_server, port) = serve(WIDE, echo);
    let mut client = Client::connect(port);
    for framing in ["Content-Length: 5", "Transfer-Encoding: chunked"] {
        client.send(format!(
            "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\n{framing}\r\n\r\n"
        ));
        assert_eq!(client.read_through("\r\n\r\n"), b"HTTP/1.1 100 Continue\r\n\r\n");
        client.send(if framing.contains("chunked") { "5\r\nhello\r\n0\r\n\r\n" } else { "hello" });
        assert_eq!(text(&client.response()), "POST / hello");
    }
    // Who does not wait after all gets its answer, too.
    client.send(
        "POST / HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: 5\r\n\r\nhello",
    );
    assert_eq!(text(&client.response()), "POST / hello");
    // And who expects nothing, or cannot know what 100 means, is not told.
    for head in [
        "POST / HTTP/1.1\r\nHost: localhost\r\n",
        "POST / HTTP/1.0\r\nExpect: 100-continue\r\nConnection: keep-alive\r\n",
    ] {
        client.send(format!("{head}Content-Length: 5\r\n\r\n"));
        client.send("hello");
        assert!(client.read_through("\r\n").starts_with(b"HTTP/1.1 200 "), "{head}");
        client.read_through("hello");
    }
}

#[test]
fn a_client_that_waits_in_vain_is_told_so_before_it_sends() {
    let (_server, port) = serve(WIDE, echo);
    for (fields, status) in [
        ("Expect: 100-continue\r\nContent-Length: 1048577\r\n", Status::CONTENT_TOO_LARGE),
        ("Expect: wonders\r\nContent-Length: 5\r\n", Status::EXPECTATION_FAILED),
    ] {
        let mut client = Client::connect(port);
        client.ask("POST", "/", fields);
        assert!(client.read_through("\r\n").starts_with(format!("HTTP/1.1 {status}").as_bytes()));
        client.rest();
    }
}

// ---- Time ----

#[test]
fn a_head_that_drips_in_has_one_deadline_and_not_one_for_each_byte() {
    let (_server, port) = serve(Limits { request: SOON, ..WIDE }, echo);
    for beginning in [
        "GET / HTTP/1.1\r\nX: ",
        "",
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000000\r\n\r\n",
    ] {
        let mut client = Client::connect(port);
        client.send(beginning);
        // A byte, and a look whether an answer has come. Each byte is in time by itself; if they
        // were counted one by one, the limit on the length would speak first.
        client.stream().set_read_timeout(Some(SOON / 20)).unwrap();
        let mut dripped = 0;
        while client.fill_buf().is_err() {
            let _ = client.try_send("a"); // The answer may be on its way.
            dripped += 1;
            assert!(dripped < 5_000, "nothing ends it");
        }
        client.stream().set_read_timeout(Some(PATIENCE)).unwrap();
        let response = client.response();
        assert_eq!(
            (response.status, response.fields.get("connection")),
            (Status::REQUEST_TIMEOUT, Some("close"))
        );
        let text = text(&response);
        assert!(text.starts_with("expected the whole message before the deadline"), "{text}");
        // Where it stopped is where it stopped: the last drops may still have been on their way.
        let at = text.split_once("; at byte ").unwrap().1.strip_suffix(" came nothing\n").unwrap();
        let at: usize = at.parse().unwrap();
        assert!((beginning.len() + 1..=beginning.len() + dripped).contains(&at), "{text}");
    }
}

#[test]
fn a_body_that_comes_slowly_has_more_time_for_each_byte_that_has_come() {
    const PIECE: usize = 500;
    const PIECES: usize = 20;
    let (_server, port) = serve(Limits { request: SOON, ..WIDE }, echo);
    let mut client = Client::connect(port);
    client.send(format!(
        "POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
        PIECE * PIECES
    ));
    let begun = Instant::now();
    client.stream().set_read_timeout(Some(SOON / 5)).unwrap();
    for _ in 0..PIECES {
        // The pause is the point: all of them together are longer than the limit.
        assert!(client.fill_buf().is_err(), "an answer came before the body was complete");
        client.send("x".repeat(PIECE));
    }
    client.stream().set_read_timeout(Some(PATIENCE)).unwrap();
    assert_eq!(text(&client.response()).len(), "POST / ".len() + PIECE * PIECES);
    assert!(begun.elapsed() > SOON);
}

#[test]
fn a_connection_that_stays_silent_is_closed_without_a_byte() {
    let (_server, port) = serve(Limits { idle: SOON, ..WIDE }, echo);
    // Browsers open connections in advance: an answer here would be taken for the answer to what
    // they ask later.
    let mut silent = Client::connect(port);
    assert_eq!(silent.rest(), b"");
    let mut client = Client::connect(port);
    assert_eq!(text(&client.get("/", "")), "GET / ");
    assert_eq!(client.rest(), b"");
}

#[test]
fn a_peer_that_does_not_read_is_given_up_while_others_are_served() {
    let (ended, end) = mpsc::channel();
    let (_server, port) = serve(Limits { write: SOON, ..WIDE }, move |request, responder| {
        if request.path() != "/stream" {
            return echo(request, responder);
        }
        let length = request.query("chunk").unwrap().parse().unwrap();
        let outcome = responder.stream(Response::text(Status::OK, ""), |chunks| {
            let chunk = vec![b'x'; length];
            loop {
                chunks.send(&chunk)?;
            }
        });
        ended.send(outcome.as_ref().err().map(io::Error::kind)).unwrap();
        outcome
    });
    // Small chunks fit the system's buffers for long, and are noticed when these are full.
    for length in [1024, 64 * 1024] {
        let mut deaf = Client::connect(port);
        deaf.ask("GET", &format!("/stream?chunk={length}"), "");
        let mut served = 0;
        let error = loop {
            assert_eq!(text(&get(port, "/")), "GET / ");
            served += 1;
            match end.try_recv() {
                Ok(error) => break error,
                Err(_) => assert!(served < 1_000_000, "it is never given up"),
            }
        };
        assert_eq!(error, Some(io::ErrorKind::TimedOut));
        drop(deaf);
    }
}

#[test]
fn a_peer_that_reads_a_little_now_and_then_is_given_up_all_the_same() {
    let (ended, end) = mpsc::channel();
    let (_server, port) = serve(Limits { write: SOON, ..WIDE }, move |_, responder| {
        // More than the system's buffers hold, in one piece with one deadline.
        let outcome = responder.stream(Response::text(Status::OK, ""), |chunks| {
            chunks.send(&vec![b'x'; 64 * 1024 * 1024])
        });
        ended.send(outcome.as_ref().err().map(io::Error::kind)).unwrap();
        outcome
    });
    let mut slow = Client::connect(port);
    slow.ask("GET", "/", "");
    let mut sip = vec![0; 64 * 1024];
    let error = loop {
        // The pause is the point: it is shorter than the limit, and what is read makes room for a
        // little more.
        match end.recv_timeout(SOON / 10) {
            Ok(error) => break error,
            Err(_) => slow.read(&mut sip).map(drop).unwrap(),
        }
    };
    assert_eq!(error, Some(io::ErrorKind::TimedOut));
}

// ---- What comes that is no request ----

#[test]
fn what_is_no_request_is_refused_and_the_next_client_is_served() {
    let program = polling(&[]);
    let port = program.port("data");
    let mut noise: Vec<Vec<u8>> = vec![
        // The beginning of TLS: somebody typed https.
        b"\x16\x03\x01\x00\xf1\x01\x00\x00\xed\x03\x03".repeat(20),
        // HTTP/2 with prior knowledge.
        b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\x04\0\0\0\0\0".to_vec(),
        b"SSH-2.0-OpenSSH_9.9\r\n".to_vec(),
        b"\0".repeat(20_000),
        b"\n".repeat(20_000),
        b"GET / HTTP/1.1\r\nHost: localhost\r\n".to_vec(),
        b"GET / HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\nContent-Length: 4\r\n\r\n0\r\n\r\nGET /smuggled HTTP/1.1\r\n\r\n"
            .to_vec(),
    ];
    // Bytes without any order, but the same ones each time (a linear congruential generator).
    let mut state = 1_u32;
    for length in [1, 10, 100, 1_000, 10_000, 100_000] {
        noise.push(
            (0..length)
                .map(|_| {
                    state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
                    state.to_be_bytes()[0]
                })
                .collect(),
        );
    }
    for bytes in noise {
        let shown = bytes[..bytes.len().min(60)].escape_ascii().to_string();
        let mut client = Client::connect(port);
        client.send(&bytes);
        client.end_sending();
        let answer = client.rest();
        let answer = String::from_utf8(answer).unwrap();
        assert!(
            ["HTTP/1.1 4", "HTTP/1.1 5"].iter().any(|begin| answer.starts_with(begin)),
            "{answer} to {shown}"
        );
        assert_eq!(
            answer.matches("HTTP/1.1 ").count(),
            1 + usize::from(answer.contains("505")),
            "{answer} to {shown}"
        );
        assert!(
            answer.contains("\r\nConnection: close\r\n") && answer.contains("expected "),
            "{answer} to {shown}"
        );
        assert_eq!(get(port, "/").status, Status::OK);
    }
}

#[test]
fn a_refusal_says_what_was_expected_and_what_came_and_so_does_the_log() {
    let program = polling(&[]);
    let mut client = Client::connect(program.port("data"));
    client.send("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n");
    let response = client.response();
    assert_eq!(response.status, Status::BAD_REQUEST);
    let reason = "expected a field name directly followed by a colon (RFC 9112 §5.1); at byte 20 came \" : localhost\\r\\n\"";
    assert_eq!(text(&response).trim_end(), reason);
    assert_eq!(client.rest(), b"");
    let line = program.log_line(reason);
    assert!(line.starts_with("400 127.0.0.1:") && line.ends_with(reason), "{line}");
}

fn polling(flags: &[&str]) -> Program {
    Program::start(
        env!("CARGO_BIN_EXE_polling"),
        &[&["--port", "0", "--page-port", "0"], flags].concat(),
    )
}

// ---- Faults of our own ----

/// Fails as a bug would, but without the noise of one.
fn bug() -> ! {
    std::panic::resume_unwind(Box::new("a bug"))
}

#[test]
fn a_bug_in_one_answer_costs_that_answer_and_nothing_else() {
    let (_server, port) = serve(WIDE, |request, responder| match request.path() {
        "/before" => bug(),
        "/failed" => Err(io::Error::other("no such thing")),
        "/within" => responder.stream(Response::text(Status::OK, ""), |chunks| {
            chunks.send(b"begun")?;
            bug()
        }),
        "/writing" => responder
            .switch_protocols(Response::new(Status::SWITCHING_PROTOCOLS), |connection| {
                connection.writer().append(|_| bug())
            }),
        _ => echo(request, responder),
    });
    for target in ["/before", "/failed"] {
        let mut client = Client::connect(port);
        client.send(format!(
            "GET {target} HTTP/1.1\r\nHost: localhost\r\n\r\nGET /2 HTTP/1.1\r\nHost: localhost\r\n\r\n"
        ));
        let response = client.response();
        assert_eq!(
            (response.status, response.fields.get("connection")),
            (Status::INTERNAL_SERVER_ERROR, Some("close"))
        );
        assert_eq!(client.rest(), b"", "{target}: nothing more is answered");
    }
    // An answer that has begun cannot be taken back. It must not look complete.
    let mut client = Client::connect(port);
    client.ask("GET", "/within", "");
    let answer = client.rest_until_gone();
    assert!(answer.ends_with(b"\r\n\r\n5\r\nbegun\r\n"), "{}", answer.escape_ascii());
    let mut client = Client::connect(port);
    client.ask("GET", "/writing", "");
    client.rest_until_gone();
    for _ in 0..3 {
        assert_eq!(text(&get(port, "/")), "GET / ");
    }
}

#[test]
fn a_bug_outside_the_handler_costs_one_connection_and_no_thread() {
    let tap: Tap = Arc::new(|_, crossing| {
        if matches!(crossing, Crossing::Received(bytes) if bytes.starts_with(b"GET /bug ")) {
            bug();
        }
    });
    let (_server, port) = watched(Limits { max_threads: 3, ..WIDE }, Some(tap), echo);
    for _ in 0..10 {
        let mut client = Client::connect(port);
        client.ask("GET", "/bug", "");
        client.rest_until_gone();
    }
    // With a place lost each time, this would be refused for ever.
    eventually("a place is free", || get(port, "/").status == Status::OK);
}

// ---- Threads ----

#[test]
fn beyond_the_cap_clients_are_refused_politely_and_a_place_that_falls_free_is_given_away() {
    let program = polling(&["--max-threads", "2"]);
    let port = program.port("data");
    let mut held = [(); 2].map(|()| {
        let mut client = Client::connect(port);
        assert_eq!(client.get("/", "").status, Status::OK);
        client
    });
    for round in 0..50 {
        let mut client = Client::connect(port);
        // Some ask, some wait to be asked.
        if round % 2 == 0 {
            // It may have been refused already; the answer is there all the same.
            let _ = client.try_send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        }
        let response = client.response();
        assert_eq!(
            (response.status, response.fields.get("retry-after")),
            (Status::SERVICE_UNAVAILABLE, Some("1"))
        );
        assert_eq!(response.fields.get("connection"), Some("close"));
        assert!(text(&response).contains("the 2 that this server can hold"), "{}", text(&response));
        assert_eq!(client.rest(), b"");
    }
    assert!(program.log_line("expected a free thread").starts_with("503 127.0.0.1:"));
    // Those inside notice nothing of those outside.
    held.iter_mut().for_each(|client| assert_eq!(client.get("/", "").status, Status::OK));
    let [one, mut other] = held;
    drop(one);
    eventually("a place falls free", || get(port, "/").status == Status::OK);
    assert_eq!(other.get("/", "").status, Status::OK);
}

#[test]
fn silent_clients_beyond_the_cap_keep_nobody_waiting() {
    let program = polling(&["--max-threads", "1"]);
    let port = program.port("data");
    let mut inside = Client::connect(port);
    inside.get("/", "");
    let files = program.open_files();
    // They never say a word and never close. Each is kept for a moment, but all for the same one:
    // half a second for each, one after the other, would be more than we wait for here.
    let mut outside: Vec<Client> = (0..200).map(|_| Client::connect(port)).collect();
    for client in &mut outside {
        assert_eq!(client.response().status, Status::SERVICE_UNAVAILABLE);
        assert_eq!(client.rest(), b"");
    }
    eventually("all of them are forgotten", || program.open_files() <= files);
}

/// Connects with so many clients, which all ask and all stay; returns how many were served and how
/// many were refused.
#[cfg(target_os = "linux")]
fn crowd(port: u16, size: usize) -> (Vec<Client>, usize, usize) {
    let mut clients: Vec<Client> = (0..size).map(|_| Client::connect(port)).collect();
    let answers = clients.iter_mut().map(|client| {
        // It may have been refused already; the answer is there all the same.
        let _ = client.try_send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.response().status
    });
    let answers: Vec<Status> = answers.collect();
    let count = |status| answers.iter().filter(|&&answer| answer == status).count();
    let (served, refused) = (count(Status::OK), count(Status::SERVICE_UNAVAILABLE));
    assert_eq!(served + refused, size, "{answers:?}");
    (clients, served, refused)
}

#[cfg(target_os = "linux")]
#[test]
fn without_file_descriptors_clients_wait_and_then_get_their_answers() {
    // 64 files: half of them for connections. A hundred clients are more than even the refused ones
    // can be kept for.
    let script = "ulimit -n 64; exec \"$0\" --port 0 --page-port 0";
    let mut program =
        Program::run(Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_polling")]));
    let port = program.port("data");
    program.log_line("this process can bear 32 connections at a time");
    // Whoever has been answered knows that the threads that accept have been started.
    assert_eq!(get(port, "/").status, Status::OK);
    let before = program.threads();
    for _ in 0..2 {
        let (clients, served, refused) = crowd(port, 100);
        assert_eq!((served, refused), (32, 68));
        drop(clients);
        eventually("all threads have ended", || program.threads() <= before);
        assert_eq!(get(port, "/").status, Status::OK);
    }
    program.log_line("accept: ");
    assert!(program.is_running());
}

#[cfg(target_os = "linux")]
#[test]
fn pages_are_found_while_a_full_server_refuses_a_flood() {
    let script = "ulimit -n 640; exec \"$0\" --port 0 --page-port 0";
    let program =
        Program::run(Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_polling")]));
    program.log_line("this process can bear 320 connections at a time");
    let mut inside = Client::connect(program.port("page"));
    assert_eq!(inside.get("/", "").status, Status::OK);
    let (_held, served, _) = crowd(program.port("data"), 319);
    assert_eq!(served, 319);
    // Each stays for as long as it is kept: half a second, or until there are too many.
    let mut flood = Vec::new();
    for _ in 0..1_000 {
        flood.push(Client::connect(program.port("data")));
        assert_eq!(inside.get("/push.css", "").status, Status::OK, "after {}", flood.len());
    }
}

#[cfg(target_os = "linux")]
#[test]
fn where_no_thread_can_start_a_program_ends_with_one_line() {
    // Room for the program, and for the stack of no second thread.
    let script = "ulimit -v 9000; exec \"$0\" --port 0 --page-port 0";
    let mut command = Command::new("sh");
    command.args(["-c", script, env!("CARGO_BIN_EXE_polling")]);
    let (code, _, log) = Program::run(&mut command).wait_for_end();
    assert_eq!((code, log.lines().count()), (Some(1), 1), "{log}");
    assert!(log.contains("no thread to be had") && log.contains("ulimit -u"), "{log}");
}

#[cfg(target_os = "linux")]
#[test]
fn with_little_address_space_each_program_serves_or_ends_with_a_line_that_says_so() {
    for program in [
        env!("CARGO_BIN_EXE_polling"),
        env!("CARGO_BIN_EXE_hub"),
        env!("CARGO_BIN_EXE_websocket"),
        env!("CARGO_BIN_EXE_raw_websocket"),
        env!("CARGO_BIN_EXE_proxy"),
    ] {
        for mebibytes in [64, 100, 150, 400] {
            let two_ports = !program.ends_with("/hub");
            let page = if two_ports { "--page-port 0" } else { "" };
            let script = format!("ulimit -v {}; exec \"$0\" --port 0 {page}", mebibytes * 1024);
            let mut command = Command::new("sh");
            let mut running = Program::run(command.args(["-c", &script, program]));
            // Its last line, or its end.
            let begun = || running.output().iter().any(|line| line.starts_with("stop"));
            eventually("it has begun, or ended", || {
                begun() || running.log().iter().any(|line| line.starts_with("Error: "))
            });
            // Its threads come after its last line, and the last of them may be one too many.
            let ends = !begun() || !running.is_running();
            running.log_line(if ends { "no thread to be had" } else { "(see ulimit -n and -v)" });
        }
    }
}

#[cfg(target_os = "linux")]
#[test]
#[ignore = "heavy: needs a limit on the threads of a user, which root has to set for another"]
fn without_threads_clients_are_refused_and_served_again_afterwards() {
    // The limit counts all threads of a user, and none for root: who is root becomes nobody, who is
    // not counts his own.
    let script = "u=$(id -u); if [ $u = 0 ]; then u=65534; s='setpriv --reuid 65534 --clear-groups'; fi; \
        n=$(find /proc/[0-9]*/task -mindepth 1 -maxdepth 1 -user $u 2>/dev/null | wc -l); \
        exec $s prlimit --nproc=$((n + 30)) \"$0\" --port 0 --page-port 0";
    let mut program =
        Program::run(Command::new("sh").args(["-c", script, env!("CARGO_BIN_EXE_polling")]));
    let port = program.port("data");
    // Whoever has been answered knows that the threads that accept have been started.
    assert_eq!(get(port, "/").status, Status::OK);
    let before = program.threads();
    for _ in 0..2 {
        let (clients, served, refused) = crowd(port, 100);
        assert!((1..30).contains(&served) && refused > 70, "{served} served, {refused} refused");
        drop(clients);
        eventually("all threads have ended", || program.threads() <= before);
        assert_eq!(get(port, "/").status, Status::OK);
    }
    program.log_line("no thread to be had: ");
    assert!(program.is_running());
}

#[test]
fn a_log_that_nobody_reads_holds_up_nobody() {
    let program = Program::start_unheard(
        env!("CARGO_BIN_EXE_polling"),
        &["--port", "0", "--page-port", "0", "--max-threads", "1"],
    );
    let port = program.port("data");
    let mut inside = Client::connect(port);
    inside.get("/", "");
    // A line for each: more than a pipe holds, and more than the server keeps for later.
    for _ in 0..2_500 {
        assert_eq!(Client::connect(port).response().status, Status::SERVICE_UNAVAILABLE);
    }
    assert_eq!(inside.get("/", "").status, Status::OK);
    drop(inside);
    eventually("the place falls free", || get(port, "/").status == Status::OK);
}

#[test]
fn a_thread_that_is_free_is_woken_for_the_next_client() {
    let (_server, port) = serve(WIDE, echo);
    let begin = Instant::now();
    // A free thread looks by itself once a second. A hundred clients, one after the other, cannot
    // wait for that.
    for _ in 0..100 {
        assert_eq!(get(port, "/").status, Status::OK);
    }
    assert!(begin.elapsed() < PATIENCE, "a hundred clients took {:?}", begin.elapsed());
}

#[test]
fn threads_end_when_their_clients_have_left() {
    let (server, port) = serve(WIDE, echo);
    let clients = [(); 20].map(|()| {
        let mut client = Client::connect(port);
        client.get("/", "");
        client
    });
    assert_eq!(server.threads().live(), 20);
    drop(clients);
    eventually("all threads have ended", || server.threads().live() == 0);
}

// ---- Ports ----

#[test]
fn localhost_is_both_loopback_addresses() {
    let server = Server::new(WIDE, None).unwrap();
    let port = server.bind("localhost", 0).unwrap();
    let number = port.number;
    port.serve(echo).unwrap();
    let has_ipv6 = TcpListener::bind("[::1]:0").is_ok();
    for (address, there) in [("127.0.0.1", true), ("::1", has_ipv6)] {
        let stream = std::net::TcpStream::connect((address, number));
        assert_eq!(stream.is_ok(), there, "{address}");
        let Ok(mut stream) = stream else { continue };
        stream.write_all(b"GET / HTTP/1.0\r\n\r\n").unwrap();
        let mut answer = String::new();
        stream.read_to_string(&mut answer).unwrap();
        assert!(answer.ends_with("GET / "), "{answer}");
    }
}

#[test]
fn a_port_that_is_taken_is_an_error_and_names_the_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let error = Server::new(WIDE, None).unwrap().bind("127.0.0.1", port).err().unwrap();
    assert_eq!(error.kind(), io::ErrorKind::AddrInUse);
    let flags = ["--host", "127.0.0.1", "--page-port", "0", "--port", &port.to_string()];
    let (code, _, log) = Program::start(env!("CARGO_BIN_EXE_polling"), &flags).wait_for_end();
    assert_eq!((code, log.lines().count()), (Some(1), 1), "{log}");
    assert!(log.contains(&format!("port {port} is taken")) && log.contains("--port"), "{log}");
}

#[test]
fn a_method_is_the_handlers_to_refuse() {
    let (_server, port) = serve(WIDE, |request, responder| {
        responder.send(match request.method {
            Method::Get => Response::text(Status::OK, "here"),
            _ => Response::other_method(request, "GET"),
        })
    });
    let mut client = Client::connect(port);
    for method in ["POST", "PUT", "DELETE"] {
        client.ask(method, "/", "");
        let response = client.response();
        assert_eq!(
            (response.status, response.fields.get("allow")),
            (Status::METHOD_NOT_ALLOWED, Some("GET, OPTIONS"))
        );
        assert_eq!(text(&response), format!("expected GET, OPTIONS; came {method}\n"));
    }
    // A method that we do not even know is refused for good: nobody knows what its body would be.
    client.ask("BREW", "/", "");
    assert_eq!(client.response().status, Status::NOT_IMPLEMENTED);
    assert_eq!(client.rest(), b"");
}
