//! The Autobahn test suite against our server and our client: every case strictly as RFC 6455
//! demands.

use std::net::TcpListener;
use std::thread;

use push_by_hand::websocket::{Client, Message, Url};
use push_by_hand_interop::autobahn;
use push_by_hand_interop::program::{Program, SOCKET_AND_PAGE};
use tungstenite::Message as ForeignMessage;

/// Echoes with `answer` applied to each message, by an implementation that is not ours.
fn foreign_echo_server(answer: fn(ForeignMessage) -> ForeignMessage) -> String {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("a bound listener has an address");
    thread::spawn(move || {
        for stream in listener.incoming().map_while(Result::ok) {
            thread::spawn(move || -> tungstenite::Result<()> {
                let mut socket = tungstenite::accept(stream)
                    .map_err(|_| tungstenite::Error::ConnectionClosed)?;
                loop {
                    let message = socket.read()?;
                    if message.is_text() || message.is_binary() {
                        socket.send(answer(message))?;
                    }
                }
            });
        }
    });
    format!("ws://{address}/")
}

#[test]
fn our_server_passes_every_case() {
    let lesson = Program::start("websocket", SOCKET_AND_PAGE, &[]);
    let url = format!("{}echo", lesson.url("socket"));
    autobahn::run_against_server(&url, "push-by-hand-server", autobahn::ALL)
        .assert_strict(autobahn::ALL_COUNT);
}

/// Text is looked at when the message is whole, and not in the middle of one: four cases ask for
/// more, as a wish and not as a rule (RFC 6455 §8.1).
#[test]
fn the_raw_server_passes_every_case_but_four_that_want_text_refused_early() {
    let lesson = Program::start("raw_websocket", SOCKET_AND_PAGE, &["--max-message", "16777216"]);
    let run = autobahn::run_against_server(
        &lesson.url("socket").replace("localhost", "127.0.0.1"),
        "push-by-hand-raw",
        autobahn::ALL,
    );
    assert_eq!(run.ratings().len(), autobahn::ALL_COUNT);
    let early: Vec<_> = run
        .ratings()
        .into_iter()
        .filter(|(_, behavior, close)| {
            [behavior, close].iter().any(|rating| *rating == "NON-STRICT")
        })
        .map(|(id, ..)| id)
        .collect();
    assert_eq!(early, ["6.4.1", "6.4.2", "6.4.3", "6.4.4"]);
    let faults = run.faults();
    assert_eq!(faults.len(), early.len(), "{}", faults.join("\n\n"));
}

#[test]
fn our_client_passes_every_case() {
    let server = autobahn::Server::start("push-by-hand-client", autobahn::ALL);
    let count = converse(&server.case_count_url());
    assert_eq!(count, [Message::Text(autobahn::ALL_COUNT.to_string())]);
    for number in 1..=autobahn::ALL_COUNT {
        converse(&server.case_url(number));
    }
    converse(&server.report_url());
    server.finish().assert_strict(autobahn::ALL_COUNT);
}

/// Echoes what comes until the suite ends the connection, and returns it. How it ends is for the
/// suite to judge.
fn converse(url: &str) -> Vec<Message> {
    let url = Url::parse(url).expect("a URL");
    let mut client = Client::connect(&url, &[]).expect("the suite's server takes the handshake");
    let mut socket = client.socket();
    let mut received = Vec::new();
    while let Ok(Some(message)) = socket.receive() {
        // A suite that is closing already does not want it any more.
        let _ = socket.send(&message);
        received.push(message);
    }
    received
}

/// The judge itself is judged: a server that answers text with binary must not pass.
#[test]
fn a_server_that_answers_with_the_wrong_kind_of_message_is_found_out() {
    let url = foreign_echo_server(|message| ForeignMessage::Binary(message.into_data()));
    let run = autobahn::run_against_server(&url, "wrong-kind", &["1.1.2", "1.2.2"]);
    let faults = run.faults();
    assert_eq!(run.ratings().len(), 2);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("case 1.1.2: FAILED"), "{faults:?}");
}

/// This one passes most suites: it looks at the text of a frame when the frame is complete, not as
/// its bytes arrive.
#[test]
fn a_server_that_checks_utf_8_only_at_the_end_of_a_frame_is_found_out() {
    let url = foreign_echo_server(|message| message);
    let run = autobahn::run_against_server(&url, "late-utf-8", &["6.4.1", "6.4.3"]);
    let faults = run.faults();
    assert_eq!(run.ratings().len(), 2);
    assert_eq!(faults.len(), 1, "{faults:?}");
    assert!(faults[0].starts_with("case 6.4.3: NON-STRICT"), "{faults:?}");
}
