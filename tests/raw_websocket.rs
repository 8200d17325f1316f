//! The raw server, fault by fault: each test sends the bytes at which the tutorial's Node program
//! goes wrong.

use crate::support;

use push_by_hand::http::Status;
use push_by_hand::websocket::Opcode;
use std::io::Read;
use support::frames::{REQUEST, close_and_end, masked, next, next_text, open};
use support::{Client, Program, request, text};

const ACCEPT: &str = "aWAY+V/uyz5ILZEoWuWdxjnlb7E=";

fn start() -> (Program, u16) {
    let program =
        Program::start(env!("CARGO_BIN_EXE_raw_websocket"), &["--port", "0", "--page-port", "0"]);
    let port = program.port("socket");
    (program, port)
}

#[test]
fn the_answer_to_the_request_of_the_tutorial_is_129_bytes() {
    let (_program, port) = start();
    let mut client = Client::connect(port);
    client.send(format!("{REQUEST}\r\n"));
    let head = String::from_utf8(client.read_through("\r\n\r\n")).unwrap();
    let mut lines: Vec<_> = head.trim_end().lines().collect();
    assert_eq!(lines.remove(0), "HTTP/1.1 101 Switching Protocols");
    lines.sort_unstable();
    assert_eq!(
        lines,
        ["Connection: Upgrade", &format!("Sec-WebSocket-Accept: {ACCEPT}"), "Upgrade: websocket"]
    );
    assert_eq!(head.len(), 129);
}

/// "socket.once('data')": there, a request in two segments is never read.
#[test]
fn a_request_may_come_one_byte_at_a_time() {
    let (_program, port) = start();
    let mut client = Client::connect(port);
    for byte in format!("{REQUEST}\r\n").bytes() {
        client.send([byte]);
    }
    assert_eq!(client.response().status, Status::SWITCHING_PROTOCOLS);
}

/// "data.match(/Upgrade: websocket/)" and "row.split(': ')".
#[test]
fn names_come_in_any_case_and_the_space_after_the_colon_is_optional() {
    let (_program, port) = start();
    for head in [
        REQUEST
            .to_lowercase()
            .replace("get / http/1.1", "GET / HTTP/1.1")
            .replace("ihfmdf8a0aqxbwqo1pkgda==", "IHfMdf8a0aQXbwQO1pkGdA=="),
        REQUEST.replace(": ", ":"),
        REQUEST.replace(": ", ": \t "),
        REQUEST
            .replace("Connection: Upgrade", "Connection: keep-alive, upgrade")
            .replace("websocket", "WebSocket"),
        format!("{REQUEST}Cookie: a: b\r\nX-Key: Sec-WebSocket-Key: x\r\n"),
        REQUEST.replace("GET /", "GET http://localhost/"),
    ] {
        let mut client = Client::connect(port);
        client.send(format!("{head}\r\n"));
        let response = client.response();
        assert_eq!(response.status, Status::SWITCHING_PROTOCOLS, "{head}");
        assert_eq!(response.fields.get("Sec-WebSocket-Accept"), Some(ACCEPT), "{head}");
    }
}

#[test]
fn the_words_upgrade_websocket_elsewhere_are_no_upgrade() {
    let (_program, port) = start();
    let response = request(port, "GET", "/", "X-Note: Upgrade: websocket\r\n", "");
    assert_eq!(response.status, Status::UPGRADE_REQUIRED);
    assert!(text(&response).contains("expected Upgrade: websocket; came nothing"));
}

/// Where its conditions do not hold, the program says nothing, and the client waits for ever.
#[test]
fn every_request_gets_an_answer() {
    let (_program, port) = start();
    for (head, status) in [
        ("GET / HTTP/1.1\r\nHost: localhost\r\n".to_owned(), 426),
        ("GET /nothing HTTP/1.1\r\nHost: localhost\r\n".to_owned(), 404),
        (REQUEST.replace("GET /", "GET /nothing"), 404),
        (REQUEST.replace("GET", "POST"), 405),
        (REQUEST.replace("GET", "OPTIONS"), 204),
        (REQUEST.replace("GET /", "OPTIONS /nothing"), 404),
        (REQUEST.replace("Version: 13", "Version: 8"), 426),
        (REQUEST.replace("Sec-WebSocket-Version: 13\r\n", ""), 426),
        (REQUEST.replace("Connection: Upgrade", "Connection: close"), 426),
        (REQUEST.replace("Sec-WebSocket-Key", "X-Key"), 400),
        (REQUEST.replace("IHfMdf8a0aQXbwQO1pkGdA==", "undefined"), 400),
        (format!("{REQUEST}Sec-WebSocket-Key: IHfMdf8a0aQXbwQO1pkGdA==\r\n"), 400),
        (REQUEST.replace("Host: localhost\r\n", ""), 400),
        (REQUEST.replace("GET /", "GET ws://localhost/"), 400),
        (REQUEST.replace("GET /", "GET  /"), 400),
        (REQUEST.replace("HTTP/1.1", "HTTP/1.0"), 400),
        (format!("{REQUEST}Host: localhost\r\n"), 400),
        (format!("{REQUEST}Content-Length: 5\r\n"), 400),
        (format!("{REQUEST}X-Note : with a space\r\n"), 400),
        (format!("{REQUEST}X-Long: {}\r\n", "x".repeat(16 * 1024)), 431),
        (format!("{REQUEST}Origin: http://elsewhere.example\r\n"), 403),
    ] {
        let mut client = Client::connect(port);
        client.send(format!("{head}\r\n"));
        let response = client.response();
        assert_eq!(response.status.code(), status, "{head}");
        match status {
            204 | 405 => assert_eq!(response.fields.get("Allow"), Some("GET, HEAD, OPTIONS")),
            426 => {
                assert_eq!(response.fields.get("Sec-WebSocket-Version"), Some("13"));
                assert!(response.fields.contains_token("Upgrade", "websocket"));
            }
            _ => {}
        }
    }
}

#[test]
fn head_is_answered_as_get_without_an_upgrade_and_leaves_nothing_behind() {
    let (_program, port) = start();
    for head in [REQUEST.replace("GET", "HEAD"), "HEAD / HTTP/1.1\r\nHost: localhost\r\n".into()] {
        let mut client = Client::connect(port);
        client.send(format!("{head}\r\n"));
        assert_eq!(client.response_to_head().status, Status::UPGRADE_REQUIRED, "{head}");
        assert_eq!(client.rest(), b"", "{head}");
    }
}

#[test]
fn two_origins_are_none_and_a_foreign_page_may_not_hide() {
    let (_program, port) = start();
    for fields in [
        "Origin: http://localhost:9998\r\nOrigin: http://localhost:9998\r\n",
        "Sec-Fetch-Site: cross-site\r\n",
        "Origin: null\r\n",
    ] {
        let mut client = Client::connect(port);
        client.send(format!("{REQUEST}{fields}\r\n"));
        assert_eq!(client.response().status, Status::FORBIDDEN, "{fields}");
    }
}

/// "socket.on('data')" is added after the answer: a frame that came with the request is lost there.
#[test]
fn a_frame_that_comes_with_the_request_is_answered() {
    let (_program, port) = start();
    let mut client = Client::connect(port);
    client.send([format!("{REQUEST}\r\n").into_bytes(), masked(0x81, b"hello")].concat());
    assert_eq!(client.response().status, Status::SWITCHING_PROTOCOLS);
    assert_eq!(next_text(&mut client), "hello");
}

/// One "data" event is no frame: there, these two got the one answer `81 0a 61 62 a0 bf 00 00 00 00
/// 63 64`.
#[test]
fn two_frames_in_one_segment_get_two_answers() {
    let (_program, port) = start();
    let mut client = open(port, "/");
    client.send([masked(0x81, b"ab"), masked(0x81, b"cd")].concat());
    let mut answers = [0; 8];
    client.read_exact(&mut answers).unwrap();
    assert_eq!(answers, *b"\x81\x02ab\x81\x02cd");
}

#[test]
fn one_frame_in_many_segments_gets_one_answer() {
    let (_program, port) = start();
    let mut client = open(port, "/");
    for byte in masked(0x81, "服务器".as_bytes()) {
        client.send([byte]);
    }
    assert_eq!(next_text(&mut client), "服务器");
}

/// `buffers[1] & 0b100000000 === 0b100000000` is the last bit of the length: 0 for even ones, 1 for
/// odd ones. `buffers.slice(2, 6)` is no key where the length takes more bytes, and `response[1] =
/// payload.length` no length beyond 125.
#[test]
fn messages_of_every_length_come_back() {
    let (_program, port) = start();
    let mut client = open(port, "/");
    for length in
        [0, 1, 2, 3, 4, 5, 124, 125, 126, 127, 128, 129, 255, 256, 300, 65_535, 65_536, 1 << 20]
    {
        let payload = "x".repeat(length);
        client.send(masked(0x81, payload.as_bytes()));
        assert!(next_text(&mut client) == payload, "{length} bytes");
    }
}

/// The length takes one, three or nine bytes, and as few as it can. There, 126 gave `80`: MASK set
/// and length 0.
#[test]
fn the_length_of_the_answer_is_written_in_the_shortest_form() {
    let (_program, port) = start();
    for (length, head) in [
        (125, &[0x82, 125][..]),
        (126, &[0x82, 126, 0, 126]),
        (300, &[0x82, 126, 1, 44]),
        (65_535, &[0x82, 126, 0xff, 0xff]),
        (65_536, &[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0]),
    ] {
        let mut client = open(port, "/");
        client.send(masked(0x82, &vec![7; length]));
        let mut came = vec![0; head.len() + length];
        client.read_exact(&mut came).unwrap();
        assert_eq!(&came[..head.len()], head, "{length} bytes");
    }
}

/// There, "Hel" with FIN 0 came back as a whole message, and "lo" as the end of none.
#[test]
fn fragments_are_one_message_also_with_a_ping_between_them() {
    let (_program, port) = start();
    let mut client = open(port, "/");
    client.send(
        [masked(0x01, b"Hel"), masked(0x89, b"?"), masked(0x00, b""), masked(0x80, b"lo")].concat(),
    );
    let mut answers = [0; 10];
    client.read_exact(&mut answers).unwrap();
    assert_eq!(answers, *b"\x8a\x01?\x81\x05Hello");
    // Three bytes of one character, each in a frame.
    client.send([masked(0x01, b"\xe6"), masked(0x00, b"\x9c"), masked(0x80, b"\x8d")].concat());
    assert_eq!(next_text(&mut client), "服");
}

/// "_opcode | 0b10000000" answers a Ping with a Ping.
#[test]
fn each_opcode_is_answered_as_it_asks() {
    let (_program, port) = start();
    let mut client = open(port, "/");
    client.send(
        [masked(0x89, b"there?"), masked(0x8a, b"unasked"), masked(0x82, b"\x00\xff")].concat(),
    );
    let pong = next(&mut client);
    assert_eq!((pong.opcode, pong.payload.as_slice()), (Opcode::Pong, b"there?".as_slice()));
    let binary = next(&mut client);
    assert_eq!(
        (binary.opcode, binary.payload.as_slice()),
        (Opcode::Binary, b"\x00\xff".as_slice())
    );
}

#[test]
fn a_close_is_answered_with_its_code_and_the_end_of_the_connection() {
    let (program, port) = start();
    for (payload, code) in [(&b""[..], 1005), (b"\x03\xe8", 1000), (b"\x0f\xa0bye", 4000)] {
        let mut client = open(port, "/");
        client.send(masked(0x88, payload));
        assert_eq!(close_and_end(&mut client).0, code);
    }
    program.output_line("close");
}

/// There, an unmasked "Hello" came back as `81 01 27`.
#[test]
fn every_broken_rule_ends_the_connection_with_its_code() {
    let (_program, port) = start();
    for (bytes, code, reason) in [
        (b"\x81\x05Hello".to_vec(), 1002, "expected a masked frame"),
        (masked(0xc1, b"x"), 1002, "expected RSV1-3 to be 000; came 100"),
        (masked(0x83, b"x"), 1002, "expected opcode 0, 1, 2, 8, 9 or 10; came 3"),
        (masked(0x89, &[0; 126]), 1002, "expected at most 125 bytes"),
        (masked(0x09, b"x"), 1002, "expected FIN 1"),
        (masked(0x80, b"x"), 1002, "expected the first frame of a message"),
        ([masked(0x01, b"x"), masked(0x81, b"y")].concat(), 1002, "expected a continuation"),
        (b"\x81\xfe\x00\x05".to_vec(), 1002, "expected the shortest form of length 5"),
        (b"\x81\xff\0\0\0\0\0\0\0\x05".to_vec(), 1002, "expected the shortest form of length 5"),
        (b"\x81\xff\x80\0\0\0\0\0\0\0".to_vec(), 1002, "expected a length below 2^63"),
        (
            b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff".to_vec(),
            1009,
            "expected a message of at most",
        ),
        (
            [masked(0x02, &[0; 9]), b"\x80\xff\0\0\0\0\0\x0f\xff\xf8".to_vec()].concat(),
            1009,
            "expected a message of at most 1048576 bytes; came one of 1048577 or more",
        ),
        (masked(0x81, b"ab\xff"), 1007, "expected UTF-8; at byte 2 of the text came 0xff"),
        (masked(0x81, b"ab\xe6\x9c"), 1007, "expected UTF-8; at byte 2 of the text came its end"),
        (masked(0x88, b"\x03"), 1002, "expected a Close of 0 or 2"),
        (masked(0x88, b"\x03\xed"), 1002, "expected a status code that may be sent; came 1005"),
        (masked(0x88, b"\x03\xe8\xff"), 1007, "expected UTF-8; at byte 0 of the reason"),
    ] {
        let mut client = open(port, "/");
        client.send(&bytes);
        let (came, why) = close_and_end(&mut client);
        assert_eq!(came, code, "{}", bytes.escape_ascii());
        assert!(why.starts_with(reason), "{why}");
    }
}

#[test]
fn a_message_may_be_as_long_as_the_flag_says() {
    let flags = ["--port", "0", "--page-port", "0", "--max-message", "5"];
    let program = Program::start(env!("CARGO_BIN_EXE_raw_websocket"), &flags);
    let mut client = open(program.port("socket"), "/");
    client.send([masked(0x01, b"He"), masked(0x80, b"llo")].concat());
    assert_eq!(next_text(&mut client), "Hello");
    client.send([masked(0x01, b"He"), masked(0x80, b"llo!")].concat());
    assert_eq!(close_and_end(&mut client).0, 1009);
}

#[test]
fn end_close_and_error_are_told_and_concern_one_connection_alone() {
    let (program, port) = start();
    let mut other = open(port, "/");
    let mut vanishing = open(port, "/");
    vanishing.send(&masked(0x81, b"Hello")[..8]);
    drop(vanishing);
    program.output_line(
        "error expected 5 bytes of a frame's payload; came 2 and the end of the stream",
    );
    let mut leaving = open(port, "/");
    leaving.end_sending();
    assert!(leaving.rest().is_empty());
    program.output_line("end");
    program.output_line("close");
    other.send(masked(0x81, b"still here"));
    assert_eq!(next_text(&mut other), "still here");
}

/// A page of evil.example, whose name leads to 127.0.0.1 by now, is of one origin with whatever
/// answers there: only a look at the name tells it from ours.
#[test]
fn a_name_that_is_not_ours_is_turned_away_with_421() {
    let (_program, port) = start();
    for (host, status) in [
        ("evil.example", 421),
        ("localhost.evil.example:9999", 421),
        ("localhost", 101),
        ("LOCALHOST:9999", 101),
        ("127.0.0.1:9999", 101),
        ("[::1]:9999", 101),
    ] {
        let mut client = Client::connect(port);
        let head = REQUEST.replace("Host: localhost", &format!("Host: {host}"));
        client.send(format!("{head}Origin: http://{host}\r\n\r\n"));
        assert_eq!(client.response().status.code(), status, "{host}");
    }
}

#[test]
fn a_page_comes_from_a_port_of_its_own_and_may_connect() {
    let (program, port) = start();
    let page_port = program.port("page");
    assert_ne!(page_port, port);
    let page = support::get(page_port, "/");
    assert_eq!(page.fields.get("Content-Type"), Some("text/html; charset=utf-8"));
    assert!(text(&page).contains("new WebSocket"));
    let deleted = request(page_port, "DELETE", "/socket-origin", "", "");
    assert_eq!(deleted.fields.get("Allow"), Some("GET, HEAD, OPTIONS"));
    let socket = support::get(page_port, "/socket-origin");
    assert_eq!(text(&socket), format!("ws://localhost:{port}"));
    for origin in [format!("http://localhost:{page_port}"), format!("http://127.0.0.1:{page_port}")]
    {
        let mut client = Client::connect(port);
        client.send(format!("{REQUEST}Origin: {origin}\r\n\r\n"));
        assert_eq!(client.response().status, Status::SWITCHING_PROTOCOLS);
    }
}

#[test]
fn one_connection_more_than_there_are_threads_is_told_so() {
    let program = Program::start(
        env!("CARGO_BIN_EXE_raw_websocket"),
        &["--port", "0", "--page-port", "0", "--max-threads", "1"],
    );
    let port = program.port("socket");
    let mut open = open(port, "/");
    let refused = Client::connect(port).response();
    assert_eq!(refused.status, Status::SERVICE_UNAVAILABLE);
    assert_eq!(refused.fields.get("Retry-After"), Some("1"));
    open.send(masked(0x81, b"still here"));
    assert_eq!(next_text(&mut open), "still here");
}

/// The mirror and the Node program can be read side by side: whatever stands in the one is quoted
/// in the other, in its order, save for the lines named here.
#[test]
fn every_line_of_the_node_program_has_its_line_here() {
    let node = include_str!("../docs/node/raw_websocket.js");
    let ours = include_str!("../src/bin/raw_websocket.rs");
    let quoted: Vec<_> =
        ours.lines().filter_map(|line| line.trim_start().strip_prefix("// node: ")).collect();
    let lines = || node.lines().map(str::trim).filter(|line| !line.is_empty());
    // What only closes a bracket has no line of its own here.
    let without: Vec<_> = lines()
        .filter(|line| !line.starts_with(['}', ']']))
        .filter(|line| !quoted.contains(line) && !ours.contains(&line.replace('\'', "\"")))
        .collect();
    let only_there = [
        "// A WebSocket server on nothing but `net`.",
        "const { createHash } = require('node:crypto');",
        "const net = require('node:net');",
    ];
    assert_eq!(without, only_there);
    // Theirs asks for the word before it has cut the rows, ours when it has.
    let early = "if (!/Upgrade: websocket/.test(text)) return;";
    let mut places = quoted.iter().filter(|line| **line != early);
    let mut rest = lines();
    assert!(places.all(|quote| rest.any(|line| line == *quote)), "a quotation out of order");
}
