//! The lesson `iframe_stream`, run as it is built, and asked over sockets.

use crate::support;

use push_by_hand::http::Status;
use std::io::Read;
use std::net::Shutdown;
use support::{
    Client, Program, chunk, connections, eventually, get, id, is_time_of_day, request, text, values,
};

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_iframe_stream"), &["--port", "0"])
}

/// What the head says whoever asks, without the first two lines, which name the version and the
/// date.
const HEAD: &str = "Content-Type: text/html; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\nCache-Control: no-store, no-transform\r\nX-Accel-Buffering: no\r\n\r\n";
/// How each document begins; the padding comes after it.
const BEGIN: &str = "<!doctype html>\n<meta charset=\"utf-8\">\n<title>stream</title>\n";

/// The ids of a piece of the document in which every line is a script that hands a message over.
fn pushed(scripts: &str) -> Vec<(u64, u64)> {
    let message = |line: &str| {
        let json = line
            .strip_prefix("<script>parent.push(")
            .and_then(|rest| rest.strip_suffix(")</script>"));
        let json = json.unwrap_or_else(|| panic!("expected a script; came {line}"));
        assert!(!json.contains(['<', '>']), "{json}");
        assert!(is_time_of_day(values(json, "data")[0]), "{json}");
        id(values(json, "id")[0])
    };
    assert!(scripts.ends_with('\n'), "a script is whole: {scripts}");
    scripts.lines().map(message).collect()
}

/// Asks for a document and reads its head and its first chunk, without the lines that every
/// document begins with.
fn open(port: u16, query: &str) -> (Client, String) {
    let mut client = Client::connect(port);
    client.ask("GET", &format!("/clock?padding=off{query}"), "");
    client.read_through("\r\n\r\n");
    let first = String::from_utf8(chunk(&mut client)).unwrap();
    let scripts = first.strip_prefix(BEGIN).unwrap_or_else(|| panic!("{first}")).to_owned();
    (client, scripts)
}

#[test]
fn the_first_line_is_the_url_and_the_page_is_there() {
    let program = start();
    let port = program.port("page");
    assert_eq!(program.output()[0], format!("page  http://localhost:{port}/"));
    let page = get(port, "/");
    assert_eq!(
        (page.status, page.fields.get("content-type")),
        (Status::OK, Some("text/html; charset=utf-8"))
    );
}

#[test]
fn head_padding_and_first_script_leave_in_one_write() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    client.ask("GET", "/clock", "");
    // What one write sends arrives on this machine in one piece.
    let mut bytes = vec![0; 64 * 1024];
    let n = client.stream().read(&mut bytes).unwrap();
    let answer = String::from_utf8(bytes[..n].to_vec()).unwrap();
    let (head, body) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.starts_with("HTTP/1.1 200 OK\r\nDate: "), "{head}");
    assert!(
        format!("{head}\r\n\r\n").ends_with(&format!("\r\nTransfer-Encoding: chunked\r\n{HEAD}")),
        "{head}"
    );
    assert!(!head.contains("Content-Length"));
    let (size, rest) = body.split_once("\r\n").unwrap();
    let document = rest.strip_suffix("\r\n").unwrap();
    assert_eq!(usize::from_str_radix(size, 16).unwrap(), document.len());
    let (padding, scripts) = document.strip_prefix(BEGIN).unwrap().split_once(" -->\n").unwrap();
    assert_eq!(padding, format!("<!-- {}", ".".repeat(1024)));
    assert!(!pushed(scripts).is_empty());
}

#[test]
fn without_the_padding_the_first_script_comes_as_soon() {
    let program = start();
    let (_client, scripts) = open(program.port("page"), "");
    assert!(!pushed(&scripts).is_empty());
}

#[test]
fn each_message_is_a_chunk_of_its_own_with_one_script() {
    let program = start();
    let (mut client, scripts) = open(program.port("page"), "");
    let (epoch, mut last) = *pushed(&scripts).last().unwrap();
    // Only a machine that is a whole second late puts two into one.
    let alone = (0..10).any(|_| {
        let ids = pushed(&String::from_utf8(chunk(&mut client)).unwrap());
        let consecutive: Vec<_> = (last + 1..).map(|seq| (epoch, seq)).take(ids.len()).collect();
        assert_eq!(ids, consecutive);
        last += ids.len() as u64;
        ids.len() == 1
    });
    assert!(alone, "no chunk had one message");
}

#[test]
fn a_page_that_opens_the_document_again_goes_on_where_it_was() {
    let program = start();
    let port = program.port("page");
    let (mut client, scripts) = open(port, "");
    let (epoch, seen) = *pushed(&scripts).last().unwrap();
    let next = pushed(&String::from_utf8(chunk(&mut client)).unwrap());
    drop(client);
    // As if the message after the first had been lost: it comes again, and what follows after it.
    let (_client, scripts) = open(port, &format!("&after={epoch}-{seen}"));
    let again = pushed(&scripts);
    assert_eq!(again[0], next[0]);
    let consecutive: Vec<_> = (seen + 1..).map(|seq| (epoch, seq)).take(again.len()).collect();
    assert_eq!(again, consecutive);
}

#[test]
fn a_document_begins_at_once_though_there_is_no_news() {
    let program = start();
    let port = program.port("page");
    let mut newest = *pushed(&open(port, "").1).last().unwrap();
    // If a tick comes just then, the next try has nearly a whole second.
    let begun = (0..10).any(|_| {
        let (mut client, scripts) = open(port, &format!("&after={}-{}", newest.0, newest.1));
        if scripts.is_empty() {
            assert_eq!(
                pushed(&String::from_utf8(chunk(&mut client)).unwrap())[0],
                (newest.0, newest.1 + 1)
            );
            return true;
        }
        newest = *pushed(&scripts).last().unwrap();
        false
    });
    assert!(begun, "each document waited for a message");
}

#[test]
fn a_cursor_of_another_run_is_told_so_before_anything_else() {
    let program = start();
    let (_client, scripts) = open(program.port("page"), "&after=1-7");
    let messages = scripts
        .strip_prefix("<script>parent.missed(null)</script>\n")
        .unwrap_or_else(|| panic!("{scripts}"));
    assert_eq!(pushed(messages)[0].1, 1, "all that the log has");
}

#[test]
fn a_cursor_that_is_none_is_refused_in_words() {
    let program = start();
    let answer = get(program.port("page"), "/clock?after=%3Cscript%3E");
    assert_eq!(answer.status, Status::BAD_REQUEST);
    // What came is shown, and as plain text: a browser runs nothing of it.
    assert_eq!(answer.fields.get("content-type"), Some("text/plain; charset=utf-8"));
    assert_eq!(text(&answer), "expected an id as in 1763700000000-42; came \"<script>\"\n");
}

#[test]
fn a_document_that_is_long_enough_ends_and_leaves_the_connection_to_the_next() {
    let program = start();
    let (mut client, scripts) = open(program.port("page"), "&rotate=1");
    let (epoch, seen) = *pushed(&scripts).last().unwrap();
    assert_eq!(chunk(&mut client), b"", "the last chunk");
    let next = client.get(&format!("/clock?padding=off&rotate=120&after={epoch}-{seen}"), "");
    let ids = pushed(text(&next).strip_prefix(BEGIN).unwrap());
    assert_eq!(ids[0], (epoch, seen + 1), "no message falls between two documents");
}

#[test]
fn an_old_client_gets_the_document_without_chunks_and_the_end_of_the_connection_for_its_end() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    client.send("GET /clock?padding=off&rotate=1 HTTP/1.0\r\n\r\n");
    let answer = String::from_utf8(client.rest()).unwrap();
    let (head, document) = answer.split_once("\r\n\r\n").unwrap();
    assert!(head.contains("\r\nConnection: close\r\n"), "{head}");
    assert!(!head.contains("Transfer-Encoding") && !head.contains("Content-Length"), "{head}");
    assert!(!pushed(document.strip_prefix(BEGIN).unwrap()).is_empty());
}

#[test]
fn no_thread_outlives_its_client() {
    let program = start();
    let port = program.port("page");
    let mut clients: Vec<_> = (0..12).map(|_| open(port, "").0).collect();
    eventually("each has a thread", || connections(&program) >= 12);
    let mut kept = open(port, "").0;
    // Some shut their socket down and keep it, the others close it.
    let shut = clients.split_off(8);
    for client in &shut {
        client.stream().shutdown(Shutdown::Both).unwrap();
    }
    drop(clients);
    eventually("the threads of all who left have ended", || connections(&program) == 1);
    // One client's leaving is nothing to another.
    assert!(!pushed(&String::from_utf8(chunk(&mut kept)).unwrap()).is_empty());
}

#[test]
fn head_is_answered_without_the_document() {
    let program = start();
    let mut client = Client::connect(program.port("page"));
    client.ask("HEAD", "/clock", "");
    let head = client.response_to_head();
    assert_eq!(
        (head.status, head.fields.get("content-type")),
        (Status::OK, Some("text/html; charset=utf-8"))
    );
    assert_eq!(client.get("/nowhere", "").status, Status::NOT_FOUND);
}

#[test]
fn the_document_cannot_be_posted_to() {
    let program = start();
    let answer = request(program.port("page"), "POST", "/clock", "", "");
    assert_eq!(
        (answer.status, answer.fields.get("allow")),
        (Status::METHOD_NOT_ALLOWED, Some("GET, HEAD, OPTIONS"))
    );
}

#[test]
fn options_is_told_the_methods_of_a_path_and_a_path_that_is_none_is_not_found() {
    let program = start();
    let port = program.port("page");
    for (target, allow) in [
        ("/clock", "GET, HEAD, OPTIONS"),
        ("*", "GET, HEAD, POST, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        let answer = request(port, "OPTIONS", target, "", "");
        assert_eq!(
            (answer.status, answer.fields.get("allow")),
            (Status::NO_CONTENT, Some(allow)),
            "{target}"
        );
    }
    for method in ["GET", "POST", "OPTIONS"] {
        assert_eq!(request(port, method, "/nowhere", "", "").status, Status::NOT_FOUND, "{method}");
    }
}
