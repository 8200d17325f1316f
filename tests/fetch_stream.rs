//! The lesson `fetch_stream`, run as it is built, and asked over sockets.

use crate::support;

use push_by_hand::http::Status;
use std::thread;
use support::{Client, Program, chunk, connections, eventually, get, id, request, text, values};

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_fetch_stream"), &["--port", "0"])
}

const LOGIN: &str = "Authorization: Bearer open-sesame\r\n";

/// Posts, and reads the head of an answer that goes on.
fn post(port: u16, target: &str, body: &str) -> Client {
    let mut client = Client::connect(port);
    let length = body.len();
    client.send(format!(
        "POST {target} HTTP/1.1\r\nHost: localhost\r\n{LOGIN}Content-Length: {length}\r\n\r\n{body}"
    ));
    let head = String::from_utf8(client.read_through("\r\n\r\n")).unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\n"), "{head}");
    assert!(head.contains("\r\nContent-Type: application/x-ndjson\r\n"), "{head}");
    client
}

/// The ids of whole lines, each of which is a message.
fn messages(lines: &str) -> Vec<(u64, u64)> {
    assert!(lines.ends_with('\n'), "{lines}");
    let message = |line: &str| {
        assert!(line.starts_with("{\"id\":") && line.ends_with("秒\"}"), "{line}");
        id(values(line, "id")[0])
    };
    lines.lines().map(message).collect()
}

fn next(client: &mut Client) -> Vec<(u64, u64)> {
    messages(&String::from_utf8(chunk(client)).unwrap())
}

#[test]
fn the_head_and_a_first_line_come_at_once_and_then_a_line_a_message() {
    let program = start();
    let mut client = post(program.port("page"), "/clock", "");
    let (epoch, first) = next(&mut client)[0];
    assert_eq!(next(&mut client)[0], (epoch, first + 1));
}

#[test]
fn the_body_of_the_request_says_where_to_go_on() {
    let program = start();
    let port = program.port("page");
    let mut client = post(port, "/clock", "");
    let (epoch, first) = next(&mut client)[0];
    let second = next(&mut client)[0];
    drop(client);
    let mut again = post(port, "/clock", &format!("{epoch}-{first}"));
    assert_eq!(next(&mut again)[0], second, "as if it had been lost");
}

#[test]
fn a_cursor_of_another_run_is_told_so_in_a_line() {
    let program = start();
    let mut client = post(program.port("page"), "/clock", "1-7");
    let lines = String::from_utf8(chunk(&mut client)).unwrap();
    let messages_of = lines.strip_prefix("{\"missed\":null}\n").unwrap();
    assert_eq!(messages(messages_of)[0].1, 1, "all that the log has");
}

#[test]
fn an_answer_begins_at_once_though_there_is_no_news() {
    let program = start();
    let port = program.port("page");
    let (epoch, mut newest) = *next(&mut post(port, "/clock", "")).last().unwrap();
    // If a tick comes just then, the next try has nearly a whole second.
    let begun = (0..10).any(|_| {
        let mut client = post(port, "/clock", &format!("{epoch}-{newest}"));
        let line = String::from_utf8(chunk(&mut client)).unwrap();
        if line == "{\"heartbeat\":true}\n" {
            return true;
        }
        newest = messages(&line).last().unwrap().1;
        false
    });
    assert!(begun, "each answer waited for a message");
}

#[test]
fn pieces_that_are_cut_in_a_character_make_whole_lines_together() {
    let program = start();
    let mut client = post(program.port("page"), "/clock?cut=on", "");
    let pieces = [chunk(&mut client), chunk(&mut client), chunk(&mut client)];
    for piece in &pieces {
        assert!(piece.ends_with(b"\xe7"), "the first of the three bytes of 秒");
    }
    let whole = [&pieces.concat(), b"\xa7\x92\"}\n".as_slice()].concat();
    let ids = messages(&String::from_utf8(whole).unwrap());
    let (epoch, first) = ids[0];
    assert_eq!(ids[..3], [(epoch, first), (epoch, first + 1), (epoch, first + 2)]);
}

#[test]
fn a_request_without_the_login_is_told_which_kind_there_is() {
    let program = start();
    let port = program.port("page");
    for login in ["", "Authorization: Bearer sesame\r\n", "Authorization: open-sesame\r\n"] {
        for target in ["/clock", "/assistant"] {
            let answer = request(port, "POST", target, login, "");
            assert_eq!(
                (answer.status.code(), answer.fields.get("www-authenticate")),
                (401, Some("Bearer")),
                "{login}"
            );
        }
    }
    // RFC 9110 §11.1: the kind is named in small letters or capitals. Then the body is looked at.
    let small = "Authorization: bearer open-sesame\r\n";
    let answer = request(port, "POST", "/clock", small, "yesterday");
    assert_eq!(answer.status, Status::BAD_REQUEST);
}

#[test]
fn a_cursor_that_is_none_is_refused_in_words_and_said_back_in_short() {
    let program = start();
    let port = program.port("page");
    let answer = request(port, "POST", "/clock", LOGIN, "yesterday");
    assert_eq!(answer.status, Status::BAD_REQUEST);
    assert_eq!(text(&answer), "expected an id as in 1763700000000-42; came \"yesterday\"\n");
    let answer = request(port, "POST", "/clock", LOGIN, &"中".repeat(100_000));
    assert_eq!(answer.status, Status::BAD_REQUEST);
    assert!(answer.body.len() < 200, "{}", text(&answer));
    let fields = format!("{LOGIN}Content-Encoding: gzip\r\n");
    for target in ["/clock", "/assistant"] {
        let answer = request(port, "POST", target, &fields, "\u{1f}");
        assert_eq!(answer.status, Status::UNSUPPORTED_MEDIA_TYPE, "{target}");
    }
}

#[test]
fn an_assistant_answers_word_by_word_in_the_language_of_the_question() {
    let program = start();
    let port = program.port("page");
    // Side by side, since an answer takes its time.
    thread::scope(|scope| {
        for (question, words) in [("how?", ["I ", "am "]), ("怎样？", ["我", "不"])] {
            scope.spawn(move || {
                let mut client = post(port, "/assistant", question);
                for word in words {
                    let line = String::from_utf8(chunk(&mut client)).unwrap();
                    assert_eq!(line, format!("{{\"word\":\"{word}\"}}\n"));
                }
                let mut last = Vec::new();
                loop {
                    match chunk(&mut client) {
                        end if end.is_empty() => break,
                        line => last = line,
                    }
                }
                assert_eq!(last, b"{\"done\":true}\n");
            });
        }
    });
}

#[test]
fn pages_of_other_origins_ask_first_and_are_let_in_by_flag() {
    let origin = "Origin: http://app.example\r\n";
    let preflight = format!(
        "{origin}Access-Control-Request-Method: POST\r\n\
         Access-Control-Request-Headers: authorization\r\n"
    );
    let closed = start();
    let answer = request(closed.port("page"), "OPTIONS", "/clock", &preflight, "");
    assert_eq!(answer.fields.get("access-control-allow-origin"), None);

    let program = env!("CARGO_BIN_EXE_fetch_stream");
    let open = Program::start(program, &["--port", "0", "--allow-origin", "http://app.example"]);
    let port = open.port("page");
    let answer = request(port, "OPTIONS", "/clock", &preflight, "");
    for (name, value) in [
        ("access-control-allow-origin", "http://app.example"),
        ("access-control-allow-methods", "POST"),
        ("access-control-allow-headers", "Authorization"),
    ] {
        assert_eq!(answer.fields.get(name), Some(value));
    }
    let mut client = Client::connect(port);
    client.ask("POST", "/clock", &format!("{LOGIN}{origin}Content-Length: 0\r\n"));
    let (head, _) = client.response_in_parts();
    assert_eq!(head.fields.get("access-control-allow-origin"), Some("http://app.example"));
}

#[test]
fn an_old_client_gets_bare_lines() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    client.send(format!("POST /clock HTTP/1.0\r\n{LOGIN}Content-Length: 0\r\n\r\n"));
    let head = String::from_utf8(client.read_through("\r\n\r\n")).unwrap();
    assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    assert!(!head.contains("Transfer-Encoding") && !head.contains("Content-Length"), "{head}");
    messages(&String::from_utf8(client.read_through("\n")).unwrap());
}

#[test]
fn no_thread_outlives_its_client() {
    let program = start();
    let port = program.port("page");
    let mut kept = post(port, "/clock", "");
    let clients: Vec<_> = (0..10).map(|_| post(port, "/clock", "")).collect();
    let assistant = post(port, "/assistant", "how?");
    eventually("each has a thread", || connections(&program) >= 12);
    drop((clients, assistant));
    eventually("the threads of all who left have ended", || connections(&program) == 1);
    next(&mut kept);
}

#[test]
fn each_path_says_which_method_it_takes() {
    let program = start();
    let port = program.port("page");
    for (method, target, allow) in [
        ("GET", "/clock", "POST, OPTIONS"),
        ("HEAD", "/assistant", "POST, OPTIONS"),
        ("POST", "/", "GET, HEAD, OPTIONS"),
    ] {
        let mut client = Client::connect(port);
        client.ask(method, target, "Content-Length: 0\r\n");
        let head = client.response_to_head();
        assert_eq!(
            (head.status, head.fields.get("allow")),
            (Status::METHOD_NOT_ALLOWED, Some(allow)),
            "{method} {target}"
        );
    }
    assert_eq!(get(port, "/").status, Status::OK);
    assert_eq!(get(port, "/nowhere").status, Status::NOT_FOUND);
}
