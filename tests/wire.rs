//! `--wire` as a learner sees it who sends it through a pipe.

use crate::support;

use support::{Client, Program};

fn start(flags: &[&str]) -> Program {
    Program::start(
        env!("CARGO_BIN_EXE_polling"),
        &[&["--port", "0", "--page-port", "0"], flags].concat(),
    )
}

#[test]
fn a_pipe_gets_every_line_of_a_request_and_its_answer_without_escape_codes() {
    let program = start(&["--wire"]);
    let request = "GET / HTTP/1.1\r\nHost: localhost\r\nOrigin: http://elsewhere\r\nConnection: close\r\n\r\n";
    let mut client = Client::connect(program.port("data"));
    client.send(request);
    let answer = String::from_utf8(client.rest()).unwrap();
    drop(client);
    program.output_line(" closed ");
    let output = program.output();
    let all = output.join("\n");

    assert!(!all.contains('\x1b'), "{all}");
    assert!(
        output[0].starts_with("page  http://localhost:")
            && output[1].starts_with("data  http://localhost:"),
        "{all}"
    );
    assert!(output[5].contains("opened by "), "{all}");
    for line in [
        r"←    16  request-line   GET / HTTP/1.1\r\n ",
        r"      17  field line     Host: localhost\r\n ",
        r"       2  end of head    \r\n ",
        r"→    17  status-line    HTTP/1.1 200 OK\r\n ",
        r"      19  field line     Content-Length: 8\r\n ",
        r"       8  message body   ",
    ] {
        assert!(all.contains(line), "no \"{line}\" in\n{all}");
    }
    let (_, time) = answer.split_once("\r\n\r\n").unwrap();
    assert!(
        output.iter().any(|line| line.contains("message body") && line.contains(time)),
        "no \"{time}\" in\n{all}"
    );
    let totals = format!(" {} bytes in, {} out, ", request.len(), answer.len());
    assert!(output.last().unwrap().contains(&totals), "no \"{totals}\" in\n{all}");
}

#[test]
fn without_the_flag_there_is_nothing_to_see_but_the_first_lines() {
    let program = start(&[]);
    let mut client = Client::connect(program.port("data"));
    client.send("GET / HTTP/1.0\r\n\r\n");
    assert!(client.rest().starts_with(b"HTTP/1.1 200 OK\r\n"));
    assert_eq!(program.output().len(), 5, "{:?}", program.output());
}
