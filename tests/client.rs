//! The client in the terminal: what it sends, what it prints, and what it says of servers that do
//! not answer as they should.

use crate::support;

use push_by_hand::http::Request;
use push_by_hand::websocket::{Accept, Close, Frame, Opcode, Role};
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;
use support::frames::masked;
use support::{Program, obeyed};

/// A running client whose standard input is still open.
fn spawn(arguments: &[&str]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_client"));
    command
        .args(arguments)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap()
}

/// Waits until it ends: exit code, standard output, standard error. Closes its input.
fn end(child: Child) -> (Option<i32>, String, String) {
    let output = child.wait_with_output().unwrap();
    (
        output.status.code(),
        String::from_utf8(output.stdout).unwrap(),
        String::from_utf8(output.stderr).unwrap(),
    )
}

/// Runs the client with this input.
fn run(arguments: &[&str], input: &[u8]) -> (Option<i32>, String, String) {
    let mut child = spawn(arguments);
    // A client that has already given up reads nothing.
    let _ = child.stdin.take().unwrap().write_all(input);
    end(child)
}

/// A server of one connection after the other, each of which is treated by `script`.
fn server<R: Send + 'static>(
    script: impl FnOnce(&TcpListener) -> R + Send + 'static,
) -> (u16, thread::JoinHandle<R>) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    (port, thread::spawn(move || script(&listener)))
}

/// The next connection's request, and the connection.
fn accept(listener: &TcpListener) -> (Request, BufReader<TcpStream>) {
    let stream = listener.accept().unwrap().0;
    stream.set_read_timeout(Some(support::PATIENCE)).unwrap();
    let mut reader = BufReader::new(stream);
    (Request::read_from(&mut reader).unwrap().unwrap(), reader)
}

/// The right answer to a request for a WebSocket.
fn switch(request: &Request) -> String {
    let accept = Accept::of(request.fields.get("Sec-WebSocket-Key").unwrap()).value;
    format!(
        "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\nConnection: Upgrade\r\nSec-WebSocket-Accept: {accept}\r\n\r\n"
    )
}

#[test]
fn lines_go_out_and_answers_come_back_until_the_input_ends() {
    for (name, program, path, answer) in [
        ("raw", env!("CARGO_BIN_EXE_raw_websocket"), "", "hello\n服务器\n"),
        ("ws", env!("CARGO_BIN_EXE_websocket"), "", "服务器回应:hello\n服务器回应:服务器\n"),
        ("echo", env!("CARGO_BIN_EXE_websocket"), "echo", "hello\n服务器\n"),
    ] {
        let flags: &[&str] =
            if name == "raw" { &["--port", "0"] } else { &["--port", "0", "--page-port", "0"] };
        let program = Program::start(program, flags);
        let url = format!("{}{path}", program.url("socket"));
        let (code, out, log) = run(&[&url], "hello\n服务器\n".as_bytes());
        assert_eq!(
            (code, out.as_str(), log.as_str()),
            (Some(0), answer, "open\nclosed: 1000 normal closure\n"),
            "{name}"
        );
    }
}

#[test]
fn the_wire_shows_masked_frames() {
    let program =
        Program::start(env!("CARGO_BIN_EXE_raw_websocket"), &["--port", "0", "--page-port", "0"]);
    let (code, out, _) = run(&["--wire", &program.url("socket")], b"hello\n");
    assert_eq!(code, Some(0));
    assert!(out.contains("Sec-WebSocket-Key") && out.contains("hello"), "{out}");
}

#[test]
fn frames_are_masked_with_a_fresh_key_each_and_a_close_is_echoed() {
    let (port, server) = server(|listener| {
        let (request, mut reader) = accept(listener);
        reader.get_ref().write_all(switch(&request).as_bytes()).unwrap();
        let mut keys = Vec::new();
        for _ in 0..2 {
            let mut bytes = [0; 2 + 4 + 4];
            reader.read_exact(&mut bytes).unwrap();
            assert_eq!(bytes[..2], [0x81, 0x84]);
            let key = [bytes[2], bytes[3], bytes[4], bytes[5]];
            let text: Vec<u8> = bytes[6..].iter().zip(key).map(|(byte, key)| byte ^ key).collect();
            assert_eq!(text, b"same");
            keys.push(key);
        }
        assert_ne!(keys[0], keys[1]);
        reader.get_ref().write_all(b"\x82\x02\x00\xff\x88\x05\x0f\xa0bye").unwrap();
        let close = Frame::read_from(&mut reader, Role::Server, 125).unwrap().unwrap();
        assert_eq!(
            (close.opcode, close.payload.as_slice()),
            (Opcode::Close, b"\x0f\xa0".as_slice())
        );
        // The client leaves it to us to close TCP.
        reader.get_ref().shutdown(Shutdown::Write).unwrap();
        assert_eq!(reader.read(&mut [0]).unwrap(), 0);
    });
    let mut child = spawn(&[&format!("ws://127.0.0.1:{port}/")]);
    let mut input = child.stdin.take().unwrap();
    input.write_all(b"same\nsame\n").unwrap();
    let (code, out, log) = end(child);
    drop(input);
    server.join().unwrap();
    assert_eq!((code, out.as_str()), (Some(1), "2 bytes: \\x00\\xff\n"));
    assert_eq!(log, "open\nclosed: 4000 private use \"bye\"\n");
}

#[test]
fn an_answer_that_is_not_as_it_should_be_is_an_error_that_says_so() {
    for (from, to, expected) in [
        ("101 Switching Protocols", "200 OK", "expected 101 Switching Protocols; came 200 OK"),
        ("Upgrade: websocket", "Upgrade: h2c", "expected Upgrade: websocket; came \"h2c\""),
        (
            "Connection: Upgrade",
            "Connection: close",
            "expected Connection: Upgrade; came \"close\"",
        ),
        ("Sec-WebSocket-Accept: ", "Sec-WebSocket-Accept: x", "expected Sec-WebSocket-Accept: "),
        (
            "\r\n\r\n",
            "\r\nSec-WebSocket-Extensions: permessage-deflate\r\n\r\n",
            "expected no extension",
        ),
        (
            "\r\n\r\n",
            "\r\nSec-WebSocket-Protocol: chat\r\n\r\n",
            "expected a subprotocol that was offered, or none",
        ),
        ("HTTP/1.1", "SMTP", "expected "),
    ] {
        let (port, server) = server(move |listener| {
            let (request, mut reader) = accept(listener);
            reader.get_ref().write_all(switch(&request).replacen(from, to, 1).as_bytes()).unwrap();
            reader.get_ref().shutdown(Shutdown::Write).unwrap();
            let mut sent = Vec::new();
            reader.read_to_end(&mut sent).unwrap();
            assert!(
                sent.is_empty(),
                "nothing may follow a handshake that failed; came {}",
                sent.escape_ascii()
            );
        });
        let (code, out, log) = run(&[&format!("ws://127.0.0.1:{port}/")], b"never sent\n");
        server.join().unwrap();
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(log.contains(expected), "{log}");
    }
}

#[test]
fn a_server_that_breaks_a_rule_is_told_so() {
    for (bytes, code, expected) in [
        (masked(0x81, b"Hello"), 1002, "expected no masking from a server"),
        (b"\x81\x01\xff".to_vec(), 1007, "expected UTF-8; at byte 0 of the text came 0xff"),
        (
            b"\x82\x7f\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec(),
            1009,
            "expected a message of at most",
        ),
    ] {
        let (port, server) = server(move |listener| {
            let (request, mut reader) = accept(listener);
            reader.get_ref().write_all(&[switch(&request).as_bytes(), &bytes].concat()).unwrap();
            let close = Frame::read_from(&mut reader, Role::Server, 125).unwrap().unwrap();
            Close::read_from(&close.payload).unwrap().code.unwrap().number()
        });
        let mut child = spawn(&[&format!("ws://127.0.0.1:{port}/")]);
        let input = child.stdin.take();
        let (exit, _, log) = end(child);
        drop(input);
        assert_eq!((exit, server.join().unwrap()), (Some(1), code));
        assert!(log.contains(expected), "{log}");
    }
}

#[test]
fn what_cannot_be_reached_or_understood_is_an_error() {
    let (port, _) = server(|_| {});
    for (arguments, code, expected) in [
        (&[][..], 2, "expected a URL; came nothing"),
        (&["wss://localhost/"], 2, "expected ws:// or http://, as TLS is not spoken here"),
        (&["--loud"], 2, "client does not know \"--loud\""),
        (&["ws://localhost/", "ws://localhost/2"], 2, "client does not know \"ws://localhost/2\""),
        (&[format!("ws://127.0.0.1:{port}/").as_str()], 1, "127.0.0.1:"),
    ] {
        let (exit, out, log) = run(arguments, b"");
        assert_eq!((exit, out.as_str()), (Some(code), ""));
        assert!(log.contains(expected), "{log}");
    }
    assert!(run(&["--help"], b"").1.contains("Usage:"));
    let program =
        Program::start(env!("CARGO_BIN_EXE_raw_websocket"), &["--port", "0", "--page-port", "0"]);
    let (code, _, log) = run(&[&program.url("page")], b"");
    assert_eq!(code, Some(1));
    assert!(
        log.contains(
            "expected 200 and text/event-stream or application/x-ndjson; came 200 OK and text/html"
        ),
        "{log}"
    );
}

/// It may be a document that never ends, such as the iframe stream.
#[test]
fn the_body_of_an_answer_that_is_no_refusal_is_not_read() {
    let (port, server) = server(|listener| {
        let (_, reader) = accept(listener);
        let answer = b"HTTP/1.1 200 OK\r\nContent-Type: text/html\r\n\r\n<p>hello";
        reader.get_ref().write_all(answer).unwrap();
    });
    let (code, _, log) = run(&[&format!("http://127.0.0.1:{port}/clock")], b"");
    server.join().unwrap();
    assert_eq!(code, Some(1));
    assert!(log.contains("came 200 OK and text/html\n"), "{log}");
}

#[test]
fn an_event_stream_that_is_cut_is_resumed_where_it_was() {
    let (port, server) = server(|listener| {
        let mut asked = Vec::new();
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nTransfer-Encoding: chunked\r\n\r\n1e\r\nretry: 0\n\nid: 7\ndata: seven\n\n\r\n5\r\ndata:",
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream; charset=utf-8\r\n\r\nid: 8\nevent: tick\ndata: eight\n\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
        ] {
            let (request, reader) = accept(listener);
            assert!(request.fields.contains_token("Accept", "text/event-stream"));
            asked.push(request.fields.get("Last-Event-ID").map(str::to_owned));
            reader.get_ref().write_all(answer.as_bytes()).unwrap();
        }
        asked
    });
    let (code, out, log) = run(&[&format!("http://127.0.0.1:{port}/eventSource")], b"");
    assert_eq!(server.join().unwrap(), [None, Some("7".to_owned()), Some("8".to_owned())]);
    assert_eq!((code, out.as_str()), (Some(0), "7  message  seven\n8  tick  eight\n"));
    assert!(log.contains(" ms, from event 7") && log.contains("204 No Content"), "{log}");
}

/// The first answer is cut in a character, in its chunks and at its end.
const LINES: [&[u8]; 3] = [
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\nTransfer-Encoding: chunked\r\n\r\n\
      15\r\n{\"id\":\"7-1\",\"data\":\"\xe7\r\n\
      35\r\n\xa7\x92\"}\n{\"id\":\"7-2\",\"data\":\"\xe7\xa7\x92\"}\n{\"id\":\"7-3\",\"data\":\"\xe7\xa7\r\n",
    b"HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson; charset=utf-8\r\n\r\n\
      {\"missed\":null}\r\n{\"id\":\"7-3\"}\n",
    b"HTTP/1.1 204 No Content\r\n\r\n",
];

/// Where the client asks a second time to go on, in a field and in the body.
fn resumed(flags: &[&str]) -> (Option<String>, String) {
    let (port, server) = server(|listener| {
        LINES.map(|answer| {
            let (request, reader) = accept(listener);
            reader.get_ref().write_all(answer).unwrap();
            request
        })
    });
    let (code, out, log) = run(&[flags, &[&format!("http://127.0.0.1:{port}/")]].concat(), b"");
    let [first, second, _] = server.join().unwrap();
    let lines = "{\"id\":\"7-1\",\"data\":\"秒\"}\n{\"id\":\"7-2\",\"data\":\"秒\"}\n\
        {\"missed\":null}\n{\"id\":\"7-3\"}\n";
    assert_eq!((code, out.as_str()), (Some(0), lines), "{log}");
    assert!(first.fields.contains_token("Accept", "application/x-ndjson"));
    assert_eq!((first.fields.get("Last-Event-ID"), first.body.len()), (None, 0));
    let login = flags.last().map(|token| format!("Bearer {token}"));
    assert_eq!(second.fields.get("Authorization"), login.as_deref());
    let field = second.fields.get("Last-Event-ID").map(str::to_owned);
    (field, String::from_utf8(second.body).unwrap())
}

#[test]
fn lines_that_are_cut_in_a_character_are_resumed_behind_the_last_whole_one() {
    assert_eq!(resumed(&[]), (Some("7-2".into()), String::new()));
}

#[test]
fn a_stream_that_is_asked_for_by_post_is_resumed_by_the_body() {
    assert_eq!(resumed(&["--post", "--bearer", "open-sesame"]), (None, "7-2".into()));
}

#[test]
fn a_line_without_an_end_is_not_collected_for_ever_and_an_id_cannot_bring_a_field() {
    let (port, server) = server(|listener| {
        let head = "HTTP/1.1 200 OK\r\nContent-Type: application/x-ndjson\r\n\r\n";
        let (_, reader) = accept(listener);
        reader.get_ref().write_all(format!("{head}{{\"id\":\"7\rX: 1\"}}\n").as_bytes()).unwrap();
        reader.get_ref().write_all(&vec![b'x'; 1 << 20]).unwrap();
        drop(reader);
        let (request, reader) = accept(listener);
        reader.get_ref().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
        request.fields.get("X").is_some() || request.fields.get("Last-Event-ID").is_some()
    });
    let (code, out, log) = run(&[&format!("http://127.0.0.1:{port}/")], b"");
    assert!(!server.join().unwrap());
    assert_eq!((code, out.as_str()), (Some(0), "{\"id\":\"7\\rX: 1\"}\n"));
    assert!(log.contains("expected a line of less than a mebibyte"), "{log}");
}

#[test]
fn whoever_comes_back_waits_at_least_a_tenth_of_a_second_and_by_chance_a_quarter_more() {
    const TIMES: usize = 12;
    let (port, server) = server(|listener| {
        for _ in 0..TIMES {
            let answer = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\nretry: 0\n\n";
            accept(listener).1.get_ref().write_all(answer.as_bytes()).unwrap();
        }
        accept(listener).1.get_ref().write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
    });
    let (code, _, log) = run(&[&format!("http://127.0.0.1:{port}/")], b"");
    server.join().unwrap();
    let pauses: Vec<u32> = log
        .lines()
        .filter_map(|line| line.split_once("again after ")?.1.split_once(" ms")?.0.parse().ok())
        .collect();
    assert_eq!((code, pauses.len()), (Some(0), TIMES), "{log}");
    assert!(pauses.iter().all(|pause| (100..125).contains(pause)), "{pauses:?}");
    // All the same is one chance in 25 to the eleventh.
    assert!(pauses.iter().any(|pause| *pause != pauses[0]), "{pauses:?}");
}

#[test]
fn an_answer_has_its_time_in_all_and_not_from_byte_to_byte() {
    for scheme in ["ws", "http"] {
        let (port, server) = server(|listener| {
            let mut stream = listener.accept().unwrap().0;
            // Until the client has gone.
            while stream.write_all(b"HTTP/1.1 103 Early Hints\r\n\r\n").is_ok() {
                thread::sleep(Duration::from_millis(5));
            }
        });
        let (code, _, log) =
            run(&["--answer-ms", "100", &format!("{scheme}://127.0.0.1:{port}/")], b"");
        server.join().unwrap();
        assert_eq!((code, log), (Some(1), format!("127.0.0.1:{port}: timed out\n")));
    }
}

#[test]
fn the_events_of_our_own_server_are_printed() {
    let program = Program::start(env!("CARGO_BIN_EXE_event_source"), &["--port", "0"]);
    let mut child = spawn(&[&format!("{}eventSource", program.url("page"))]);
    let mut lines = BufReader::new(child.stdout.take().unwrap()).lines();
    for _ in 0..2 {
        let line = lines.next().unwrap().unwrap();
        assert!(line.contains("  message  "), "{line}");
    }
    child.kill().unwrap();
    child.wait().unwrap();
}

#[test]
fn a_message_cannot_command_the_terminal() {
    let hostile = "\u{1b}]0;owned\u{7}\u{9b}2J\u{202e}a\nb";
    let shown = r"\x1b]0;owned\x07\u{9b}2J\u{202e}a\nb";
    let (port, server) = server(move |listener| {
        let (request, mut reader) = accept(listener);
        let mut bytes = switch(&request).into_bytes();
        bytes.extend([0x81, u8::try_from(hostile.len()).unwrap()]);
        bytes.extend(hostile.bytes());
        bytes.extend(b"\x88\x02\x03\xe8");
        reader.get_ref().write_all(&bytes).unwrap();
        reader.read_to_end(&mut Vec::new()).unwrap();
    });
    let (_, out, _) = run(&[&format!("ws://127.0.0.1:{port}/")], b"");
    drop(server);
    assert_eq!(out, format!("{shown}\n"));
}

#[test]
fn an_event_cannot_command_the_terminal() {
    let (port, server) = server(|listener| {
        for answer in [
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n\
                retry: 1\nid: 1\nevent: \u{1b}[A\ndata: \u{85}a\ndata: b\n\n",
            "HTTP/1.1 204 No Content\r\n\r\n",
        ] {
            accept(listener).1.get_ref().write_all(answer.as_bytes()).unwrap();
        }
    });
    let (_, out, log) = run(&[&format!("http://127.0.0.1:{port}/")], b"");
    server.join().unwrap();
    assert_eq!(out, "1  \\x1b[A  \\u{85}a\\nb\n");
    assert!(!log.contains('\u{1b}'), "{log}");
}

#[test]
fn nowhere_does_what_a_server_sends_command_the_terminal() {
    let hostile = "\u{1b}[2J\u{7}\u{9b}2J\u{202e}\u{ad}";
    let high = "\u{9b}2J\u{202e}\u{ad}";
    let stream = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n";
    let lines =
        format!("retry: 0\nid: {hostile}\nevent: {hostile}\ndata: {hostile}\n{hostile}: x\n\n");
    let close = [b"\x03\xe8", hostile.as_bytes()].concat();
    let frames =
        [(0x81, hostile.as_bytes()), (0x82, hostile.as_bytes()), (0x89, b"\x1b"), (0x88, &close)];
    let frames: Vec<u8> = frames
        .iter()
        .flat_map(|(first, payload)| {
            [&[*first, u8::try_from(payload.len()).unwrap()], *payload].concat()
        })
        .collect();
    for (scheme, answer) in [
        ("http", format!("{hostile}\r\n\r\n")),
        ("http", format!("HTTP/1.1 404 {hostile}\r\nX-{hostile}: x\r\n\r\n")),
        ("http", format!("HTTP/1.1 404 {hostile}\r\nX: {hostile}\r\n\r\n")),
        ("http", format!("HTTP/1.1 404 {hostile}\r\nContent-Type: {high}\r\n\r\n{hostile}")),
        ("http", format!("{stream}Content-Encoding: {high}\r\n\r\nx")),
        ("http", format!("{stream}Transfer-Encoding: {high}\r\n\r\nx")),
        ("http", format!("{stream}\r\n{lines}")),
        (
            "http",
            format!(
                "{stream}Transfer-Encoding: chunked\r\n\r\n9;{high}\r\nretry: 0\n\r\n{hostile}\r\n"
            ),
        ),
        ("ws", format!("HTTP/1.1 404 {hostile}\r\nContent-Length: 9\r\n\r\n{hostile}")),
        ("ws", format!("HTTP/1.1 101 {hostile}\r\nUpgrade: {high}\r\n\r\n")),
        ("ws", String::new()),
    ] {
        let frames = frames.clone();
        let (port, _) = server(move |listener| {
            let (request, mut reader) = accept(listener);
            let answer = match &*answer {
                "" => [switch(&request).as_bytes(), &frames].concat(),
                answer => answer.as_bytes().to_vec(),
            };
            reader.get_ref().write_all(&answer).unwrap();
            reader.get_ref().shutdown(Shutdown::Write).unwrap();
            // A client that has given up may have been quicker.
            let _ = reader.read_to_end(&mut Vec::new());
            // Whoever comes back has seen enough. What it asks is no request where it has to say
            // such an id.
            for mut stream in listener.incoming().flatten() {
                stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n").unwrap();
                let _ = stream.read_to_end(&mut Vec::new());
            }
        });
        let (_, out, log) = run(&["--wire", &format!("{scheme}://127.0.0.1:{port}/")], b"");
        assert!(out.contains("2J") || log.contains("2J"), "{out}{log}");
        assert_eq!((obeyed(&out), obeyed(&log)), (None, None), "{out}{log}");
    }
}

#[test]
fn an_end_that_is_not_normal_is_a_failure() {
    for (end, code, log) in [
        (&b"\x88\x02\x03\xe8"[..], 0, "closed: 1000 normal closure"),
        (b"\x88\x00", 0, "closed: 1005 no code"),
        (b"\x88\x02\x03\xf4", 1, "closed: 1012 service restart"),
        (b"\x88\x02\x0f\xa1", 1, "closed: 4001 private use"),
        (b"", 1, "closed: 1006"),
    ] {
        let (port, server) = server(move |listener| {
            let (request, mut reader) = accept(listener);
            reader.get_ref().write_all(&[switch(&request).as_bytes(), end].concat()).unwrap();
            if !end.is_empty() {
                Frame::read_from(&mut reader, Role::Server, 125).unwrap();
            }
        });
        let mut child = spawn(&[&format!("ws://127.0.0.1:{port}/")]);
        let input = child.stdin.take();
        let (exit, _, said) = self::end(child);
        drop(input);
        server.join().unwrap();
        assert_eq!(exit, Some(code), "{said}");
        assert!(said.contains(log), "{said}");
    }
}

#[test]
fn a_pipe_that_nobody_reads_any_more_ends_the_client() {
    let (port, server) = server(|listener| {
        let (_, reader) = accept(listener);
        let mut stream = reader.get_ref();
        let head = "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\n\r\n";
        stream.write_all(head.as_bytes()).unwrap();
        // Until the client has gone.
        while stream.write_all(b"data: x\n\n").is_ok() {}
    });
    let mut child = spawn(&[&format!("http://127.0.0.1:{port}/")]);
    let mut lines = BufReader::new(child.stdout.take().unwrap());
    lines.read_line(&mut String::new()).unwrap();
    drop(lines);
    assert_eq!(end(child).0, Some(0));
    server.join().unwrap();
}

#[test]
fn a_refused_stream_says_what_the_server_said() {
    for (answer, expected) in [
        (
            "HTTP/1.1 403 Forbidden\r\nContent-Type: text/plain\r\nContent-Length: 8\r\n\r\nno\x1b[2J!\n",
            "expected 200 and text/event-stream or application/x-ndjson; came 403 Forbidden and text/plain: \"no\\x1b[2J!\"",
        ),
        (
            "HTTP/1.1 507 Insufficient Storage\r\nContent-Length: 0\r\n\r\n",
            "expected 200 and text/event-stream or application/x-ndjson; came 507 and no Content-Type",
        ),
        (
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nContent-Encoding: gzip\r\n\
                Content-Length: 0\r\n\r\n",
            "expected a body without coding, as asked; came gzip",
        ),
    ] {
        let (port, server) = server(move |listener| {
            let (request, reader) = accept(listener);
            reader.get_ref().write_all(answer.as_bytes()).unwrap();
            request.fields.get("Accept-Encoding").map(str::to_owned)
        });
        let (code, out, log) = run(&[&format!("http://127.0.0.1:{port}/")], b"");
        assert_eq!(server.join().unwrap().as_deref(), Some("identity"));
        assert_eq!((code, out.as_str()), (Some(1), ""));
        assert!(log.ends_with(&format!("{expected}\n")), "{log}");
    }
}

#[test]
fn no_flag_begins_a_field_of_its_own() {
    for flag in ["--after", "--bearer"] {
        let (code, _, log) = run(&[flag, "7\r\nX-Mine: 1", "http://127.0.0.1:1/"], b"");
        assert_eq!(code, Some(2), "{log}");
        assert!(log.contains(&format!("expected no control character in {flag}")), "{log}");
    }
}
