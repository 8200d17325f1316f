//! The server from outside.

mod support;

use push_by_hand::http::Status;
use support::{Client, Program, text};

fn polling() -> Program {
    Program::start(env!("CARGO_BIN_EXE_polling"), &["--port", "0", "--page-port", "0"])
}

#[test]
fn a_refusal_says_what_was_expected_and_what_came_and_so_does_the_log() {
    let program = polling();
    let mut client = Client::connect(program.port("data"));
    client.send("GET / HTTP/1.1\r\nHost : localhost\r\n\r\n");
    let response = client.response();
    assert_eq!(response.status, Status::BAD_REQUEST);
    assert!(text(&response).starts_with("expected a field name directly followed by a colon (RFC 9112 §5.1); at byte "));
    let line = program.log_line(text(&response).trim_end());
    assert!(line.starts_with("400 127.0.0.1:"), "{line}");
    assert_eq!(client.rest(), b"");
}
