//! The library's server: three conversations, who may have them, and clients that mean no good.

use crate::support;

use push_by_hand::http::Status;
use push_by_hand::websocket::{CloseCode, Message, Opcode, Url, close_code_name};
use std::io::{BufRead, BufReader, Read};
use std::process::{Command, Stdio};
use support::frames::{close_and_end, masked, next, next_text, open, request};
use support::{Client, Program, get, text};

fn start() -> (Program, u16) {
    let program =
        Program::start(env!("CARGO_BIN_EXE_websocket"), &["--port", "0", "--page-port", "0"]);
    let port = program.port("socket");
    (program, port)
}

#[test]
fn the_answer_of_the_tutorial_is_23_bytes() {
    let (program, port) = start();
    let mut client = open(port, "/");
    client.send(masked(0x81, b"hello"));
    let mut answer = [0; 23];
    client.read_exact(&mut answer).unwrap();
    assert_eq!(
        answer,
        *b"\x81\x15\xe6\x9c\x8d\xe5\x8a\xa1\xe5\x99\xa8\xe5\x9b\x9e\xe5\xba\x94:hello"
    );
    program.output_line("连接成功");
    program.output_line("接收到客户端消息:hello");
}

#[test]
fn what_came_as_bytes_is_answered_as_bytes() {
    let (_program, port) = start();
    let mut client = open(port, "/");
    client.send(masked(0x82, b"\x00\xff"));
    let answer = next(&mut client);
    assert_eq!(
        (answer.opcode, answer.payload),
        (Opcode::Binary, ["服务器回应:".as_bytes(), b"\x00\xff"].concat())
    );
}

#[test]
fn an_echo_is_what_came_as_what_it_came() {
    let (_program, port) = start();
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/echo")).unwrap();
    let mut client = push_by_hand::websocket::Client::connect(&url, &[]).unwrap();
    let mut socket = client.socket();
    for length in [0, 1, 125, 126, 65_535, 65_536, 1 << 20] {
        for message in [Message::Text("é".repeat(length / 2)), Message::Binary(vec![0xfe; length])]
        {
            socket.send(&message).unwrap();
            assert!(socket.receive().unwrap() == Some(message), "{length} bytes");
        }
    }
    socket.close(CloseCode::NORMAL, "done").unwrap();
    assert_eq!(socket.received_close().unwrap().code, Some(CloseCode::NORMAL));
}

#[test]
fn the_feed_comes_unasked_while_messages_are_answered() {
    let (_program, port) = start();
    let mut client = open(port, "/push");
    let first = next_text(&mut client);
    assert!(first.starts_with("{\"id\":\"") && first.contains("\"data\":"), "{first}");
    client.send(masked(0x81, b"hello"));
    let (mut ticks, mut answers) = (0, 0);
    while ticks < 2 || answers < 1 {
        match next_text(&mut client).as_str() {
            "服务器回应:hello" => answers += 1,
            tick => {
                assert!(tick.starts_with("{\"id\":\""), "{tick}");
                ticks += 1;
            }
        }
    }
    assert_eq!(answers, 1);
}

#[test]
fn a_client_that_comes_back_misses_nothing() {
    let (_program, port) = start();
    let mut client = open(port, "/push");
    let id = |text: &str| text.split('"').nth(3).unwrap().to_owned();
    let first = id(&next_text(&mut client));
    drop(client);
    let (epoch, seq) = first.split_once('-').unwrap();
    let seq: u64 = seq.parse().unwrap();
    let mut client = open(port, &format!("/push?after={first}"));
    for n in 1..=2 {
        assert_eq!(id(&next_text(&mut client)), format!("{epoch}-{}", seq + n));
    }
    let mut client = open(port, "/push?after=1-1");
    assert_eq!(next_text(&mut client), r#"{"missed":null}"#, "an id of another run");
    assert_eq!(get(port, "/push?after=x").status, Status::BAD_REQUEST);
}

#[test]
fn only_our_own_pages_may_connect() {
    let (program, port) = start();
    let page = program.port("page");
    for (origin, status) in [
        (format!("http://localhost:{page}"), 101),
        (format!("http://127.0.0.1:{page}"), 101),
        ("http://localhost".into(), 101),
        (format!("http://localhost:{}", page ^ 1), 403),
        ("http://elsewhere.example".into(), 403),
        ("null".into(), 403),
    ] {
        let mut client = Client::connect(port);
        client.send(format!("{}Origin: {origin}\r\n\r\n", request("/")));
        assert_eq!(client.response().status.code(), status, "{origin}");
    }
}

#[test]
fn the_page_learns_where_the_socket_is() {
    let (program, port) = start();
    let page = program.port("page");
    assert!(text(&get(page, "/")).contains("new WebSocket"));
    let origin = get(page, "/socket-origin");
    assert_eq!(text(&origin), format!("ws://localhost:{port}"));
    assert_eq!(origin.fields.get("Cache-Control"), Some("no-store"));
}

#[test]
fn a_request_that_is_no_websocket_is_told_what_is_missing() {
    let (_program, port) = start();
    let plain = get(port, "/");
    assert_eq!(plain.status, Status::UPGRADE_REQUIRED);
    assert_eq!(plain.fields.get("Sec-WebSocket-Version"), Some("13"));
    assert_eq!(text(&plain), "expected Upgrade: websocket; came nothing (RFC 6455 §4.2.1)\n");
    assert_eq!(get(port, "/nowhere").status, Status::NOT_FOUND);
}

#[test]
fn extensions_are_declined_and_nobody_gets_a_subprotocol_that_is_not_spoken() {
    let (_program, port) = start();
    let mut client = Client::connect(port);
    let offers = "Sec-WebSocket-Extensions: permessage-deflate; client_max_window_bits\r\nSec-WebSocket-Protocol: chat\r\n";
    client.send(format!("{}{offers}\r\n", request("/")));
    let response = client.response();
    assert_eq!(response.status, Status::SWITCHING_PROTOCOLS);
    assert_eq!(response.fields.iter().count(), 3);
}

#[test]
fn sixteen_messages_sent_together_are_answered_in_order() {
    let (_program, port) = start();
    let mut client = open(port, "/echo");
    let messages: Vec<String> = (0..16).map(|n| format!("message {n}")).collect();
    client.send(
        messages.iter().flat_map(|message| masked(0x81, message.as_bytes())).collect::<Vec<u8>>(),
    );
    for message in &messages {
        assert_eq!(next_text(&mut client), *message);
    }
}

#[test]
fn wrong_text_is_refused_before_its_frame_is_complete() {
    let (program, port) = start();
    let mut client = open(port, "/echo");
    // A frame of a mebibyte begins, and its third byte is wrong. The rest never comes.
    client.send(&masked(0x81, &[b"ab\xff", vec![b'x'; 1 << 20].as_slice()].concat())[..14 + 3]);
    let (code, reason) = close_and_end(&mut client);
    assert_eq!(
        (code, reason.as_str()),
        (1007, "expected UTF-8; at byte 2 of the text came 0xff (§5.6)")
    );
    program.log_line("RFC 6455: expected UTF-8; at byte 2 of the text came 0xff");
}

#[test]
fn lengths_that_nobody_could_keep_are_refused_before_a_byte_of_them_is_read() {
    let (program, port) = start();
    for (head, code) in [
        (&b"\x82\xff\x80\0\0\0\0\0\0\0"[..], 1002),
        (b"\x82\xff\xff\xff\xff\xff\xff\xff\xff\xff", 1002),
        (b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0", 1009),
        (b"\x82\xff\0\0\0\0\x01\0\0\x01\0\0\0\0", 1009),
    ] {
        let mut client = open(port, "/echo");
        client.send(head);
        assert_eq!(close_and_end(&mut client).0, code);
    }
    // A length that is allowed and only claimed takes no room: 50 such claims are 800 MiB.
    let before = program.resident_kib();
    let claims: Vec<Client> = (0..50)
        .map(|_| {
            let mut client = open(port, "/echo");
            client.send(b"\x82\xff\0\0\0\0\x01\0\0\0\0\0\0\0x");
            client
        })
        .collect();
    let mut client = open(port, "/echo");
    client.send(masked(0x81, b"x"));
    assert_eq!(next_text(&mut client), "x");
    let grown = program.resident_kib() - before;
    assert!(grown < 50 * 1024, "{grown} KiB for {} claims", claims.len());
}

#[test]
fn a_conversation_takes_no_more_than_it_says() {
    let (_program, port) = start();
    let mut client = open(port, "/");
    client.send(masked(0x81, &[b'x'; 65_536]));
    assert_eq!(next(&mut client).payload.len(), "服务器回应:".len() + 65_536);
    // The length of the second frame is enough: its payload never comes.
    client.send([masked(0x01, b"x"), b"\x80\xff\0\0\0\0\0\x01\0\0\0\0\0\0".to_vec()].concat());
    assert_eq!(
        close_and_end(&mut client),
        (
            1009,
            "expected a message of at most 65536 bytes; came one of 65537 or more (§10.4)".into()
        )
    );
}

#[test]
fn what_a_client_says_cannot_command_the_terminal_that_shows_it() {
    let (program, port) = start();
    let mut client = open(port, "/");
    client.send(masked(0x81, "a\x1b[2J\u{9b}\u{202e}\n连接成功".as_bytes()));
    program.output_line(r"接收到客户端消息:a\x1b[2J\u{9b}\u{202e}\n连接成功");
    assert_eq!(program.output().iter().filter(|line| *line == "连接成功").count(), 1);
}

#[test]
fn conversations_go_on_while_nobody_reads_what_the_program_prints() {
    let mut program = Command::new(env!("CARGO_BIN_EXE_websocket"))
        .args(["--port", "0", "--page-port", "0"])
        .stdout(Stdio::piped())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    let mut output = BufReader::new(program.stdout.take().unwrap());
    let mut line = String::new();
    while !line.starts_with("socket") {
        line.clear();
        output.read_line(&mut line).unwrap();
    }
    let port = line.trim_end().trim_end_matches('/').rsplit(':').next().unwrap().parse().unwrap();
    // A pipe holds 64 KiB as a rule; these are forty times as much.
    let mut client = open(port, "/");
    for _ in 0..40 {
        client.send(masked(0x81, &[b'x'; 65_536]));
        assert_eq!(next(&mut client).payload.len(), "服务器回应:".len() + 65_536);
    }
    program.kill().unwrap();
    program.wait().unwrap();
}

#[test]
fn the_page_names_close_codes_as_the_library_does() {
    let entries: Vec<(u16, &str)> = include_str!("../pages/words.en.txt")
        .lines()
        .filter_map(|line| line.strip_prefix("close.1")?.split_once(": "))
        .map(|(code, name)| (format!("1{code}").parse().unwrap(), name))
        .collect();
    for (code, name) in &entries {
        assert_eq!(close_code_name(*code), Some(*name), "{code}");
    }
    let named = (1000..3000).filter(|code| close_code_name(*code).is_some()).count();
    assert_eq!(entries.len(), named, "and none is missing");
}

#[test]
fn a_hundred_thousand_fragments_of_one_byte_are_one_message() {
    let (_program, port) = start();
    let mut client = open(port, "/echo");
    let mut bytes = masked(0x01, b"x");
    bytes.extend(masked(0x00, b"x").repeat(99_998));
    bytes.extend(masked(0x80, b"x"));
    client.send(&bytes);
    assert!(next_text(&mut client) == "x".repeat(100_000));
}

#[test]
fn a_flood_of_pings_is_answered_ping_by_ping_and_holds_up_nobody_else() {
    let (_program, port) = start();
    let mut client = open(port, "/echo");
    let mut other = open(port, "/echo");
    for round in 0..20u8 {
        client.send(masked(0x89, &[round; 125]).repeat(500));
        other.send(masked(0x81, b"in between"));
        assert_eq!(next_text(&mut other), "in between");
        for _ in 0..500 {
            let pong = next(&mut client);
            assert_eq!(
                (pong.opcode, pong.payload.as_slice()),
                (Opcode::Pong, [round; 125].as_slice())
            );
        }
    }
}

#[test]
fn a_client_that_vanishes_frees_its_threads() {
    let (program, port) = start();
    let mut kept = open(port, "/echo");
    let mut gone: Vec<Client> = (0..8).map(|_| open(port, "/push")).collect();
    for client in &mut gone {
        next_text(client);
        client.send(&masked(0x81, b"cut off here")[..9]);
    }
    drop(gone);
    support::eventually("their threads end", || {
        support::connections(&program) == 1 && support::threads_named(&program, "push") == 0
    });
    kept.send(masked(0x81, b"unharmed"));
    assert_eq!(next_text(&mut kept), "unharmed");
}

#[test]
fn after_a_close_nothing_is_answered() {
    let (_program, port) = start();
    let mut client = open(port, "/echo");
    client.send([masked(0x88, b"\x03\xe8"), masked(0x81, b"late"), masked(0x89, b"late")].concat());
    assert_eq!(close_and_end(&mut client), (1000, String::new()));
}
