//! Another WebSocket implementation, tungstenite, at both our ends.

use std::io::Write;
use std::net::{TcpListener, TcpStream};
use std::process::{Command, Stdio};

use proptest::prelude::*;
use push_by_hand::websocket::{
    Client, CloseCode as OurCloseCode, Message as OurMessage, Opcode, Role as OurRole, Url,
    write_frame,
};
use push_by_hand_interop::client::LIMIT;
use push_by_hand_interop::messages::{Data, Plan, SIZES, plans};
use push_by_hand_interop::program::{Program, SOCKET_AND_PAGE, binary};
use push_by_hand_interop::{Patient, wait_for};
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data as Kind, OpCode};
use tungstenite::protocol::{CloseFrame, Role};
use tungstenite::{Error, Message, WebSocket};

type Socket = WebSocket<Patient>;

/// A client that is not ours, at our `/echo`.
fn foreign_client(lesson: &Program) -> Socket {
    let url = format!("{}echo", lesson.url("socket"));
    let stream = TcpStream::connect(("localhost", lesson.port("socket")))
        .expect("the lesson accepts connections");
    let (socket, _) =
        tungstenite::client(url, Patient::new(stream, LIMIT)).expect("the opening handshake");
    socket
}

/// A server that is not ours, once a client has come.
fn foreign_server(listener: &TcpListener) -> Socket {
    // A client that never comes must not keep the test waiting for ever.
    listener.set_nonblocking(true).expect("a socket option");
    let (stream, _) = wait_for("a client", LIMIT, || listener.accept().ok());
    stream.set_nonblocking(false).expect("a socket option");
    tungstenite::accept(Patient::new(stream, LIMIT)).expect("the opening handshake")
}

/// Sends a message as planned; each fragment and each Ping is a frame of its own.
fn send(socket: &mut Socket, plan: &Plan) -> tungstenite::Result<()> {
    let fragments = plan.fragments();
    let last = fragments.len() - 1;
    for (i, (ping, fragment)) in fragments.into_iter().enumerate() {
        if let Some(ping) = ping {
            socket.write(Message::Ping(ping.to_vec().into()))?;
        }
        let kind = match (i, &plan.data) {
            (0, Data::Text(_)) => Kind::Text,
            (0, Data::Binary(_)) => Kind::Binary,
            _ => Kind::Continue,
        };
        socket.write(Message::Frame(Frame::message(
            fragment.to_vec(),
            OpCode::Data(kind),
            i == last,
        )))?;
    }
    socket.flush()
}

/// The next message, and the Pongs that came before it.
fn receive(socket: &mut Socket) -> tungstenite::Result<(Data, Vec<Vec<u8>>)> {
    let mut pongs = Vec::new();
    loop {
        match socket.read()? {
            Message::Text(text) => return Ok((Data::Text(text.to_string()), pongs)),
            Message::Binary(bytes) => return Ok((Data::Binary(bytes.to_vec()), pongs)),
            Message::Pong(payload) => pongs.push(payload.to_vec()),
            other => panic!("came {other:?}"),
        }
    }
}

/// Each message comes back as it was sent, and before it a Pong for every Ping among its fragments.
fn assert_echoed(socket: &mut Socket, plan: &Plan) {
    send(socket, plan).expect("the server reads");
    let (data, pongs) = receive(socket).expect("the server answers");
    assert_eq!(data, plan.data);
    assert_eq!(pongs, pings(plan));
}

#[test]
fn tungstenite_gets_messages_of_every_size_back_from_our_server() {
    let lesson = Program::start("websocket", SOCKET_AND_PAGE, &[]);
    let mut socket = foreign_client(&lesson);
    for size in SIZES {
        for text in [true, false] {
            assert_echoed(&mut socket, &Plan::whole(Data::new(text, size, 7)));
        }
    }
}

#[test]
fn tungstenite_gets_fragmented_messages_back_from_our_server() {
    let lesson = Program::start("websocket", SOCKET_AND_PAGE, &[]);
    let config =
        ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
    proptest!(config, |(plans in prop::collection::vec(plans(), 1..5))| {
        let mut socket = foreign_client(&lesson);
        for plan in &plans {
            assert_echoed(&mut socket, plan);
        }
    });
}

#[test]
fn a_thousand_messages_in_flight_come_back_in_order() {
    let lesson = Program::start("websocket", SOCKET_AND_PAGE, &[]);
    let mut socket = foreign_client(&lesson);
    for number in 0..1000 {
        socket.write(Message::text(number.to_string())).expect("the server reads");
    }
    socket.flush().expect("the server reads");
    for number in 0..1000 {
        let (data, _) = receive(&mut socket).expect("the server answers");
        assert_eq!(data, Data::Text(number.to_string()));
    }
}

#[test]
fn our_server_returns_the_close_code_and_ends_the_connection() {
    let lesson = Program::start("websocket", SOCKET_AND_PAGE, &[]);
    for code in [1000, 1001, 1011, 3000, 4999] {
        let mut socket = foreign_client(&lesson);
        let code = CloseCode::from(code);
        socket.close(Some(CloseFrame { code, reason: "再见".into() })).expect("the server reads");
        let Message::Close(Some(answer)) = socket.read().expect("a Close comes back") else {
            panic!("no Close with a code")
        };
        assert_eq!(answer.code, code);
        assert!(
            matches!(socket.read(), Err(Error::ConnectionClosed)),
            "the server closes TCP first"
        );
    }
}

/// A message as our own end has it.
fn our_message(data: &Data) -> OurMessage {
    match data {
        Data::Text(text) => OurMessage::Text(text.clone()),
        Data::Binary(bytes) => OurMessage::Binary(bytes.clone()),
    }
}

/// The Pings of a plan, each of which wants a Pong.
fn pings(plan: &Plan) -> Vec<Vec<u8>> {
    plan.fragments().iter().filter_map(|(ping, _)| ping.map(<[u8]>::to_vec)).collect()
}

/// Our client and their server in one conversation: each message goes there whole and comes back as
/// planned.
fn converse_with_a_foreign_server(plans: &[Plan]) {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!(
        "ws://{}/any/path?and=query",
        listener.local_addr().expect("a bound listener has an address")
    );
    std::thread::scope(|scope| {
        scope.spawn(|| {
            let mut socket = foreign_server(&listener);
            let mut wanted = Vec::new();
            for plan in plans {
                let (data, pongs) = receive(&mut socket).expect("our client sends");
                assert_eq!(data, plan.data);
                assert_eq!(pongs, wanted);
                send(&mut socket, plan).expect("our client reads");
                wanted = pings(plan);
            }
            let reason = "再见".into();
            socket
                .close(Some(CloseFrame { code: CloseCode::from(4000), reason }))
                .expect("our client reads");
            let closed = std::iter::from_fn(|| socket.read().ok()).find(Message::is_close);
            let Some(Message::Close(Some(answer))) = closed else {
                panic!("no Close with a code came back: {closed:?}")
            };
            assert_eq!(u16::from(answer.code), 4000);
        });
        let mut client =
            Client::connect(&Url::parse(&url).expect("a URL"), &[]).expect("the opening handshake");
        let mut socket = client.socket();
        for plan in plans {
            let message = our_message(&plan.data);
            socket.send(&message).expect("the server reads");
            let answer = socket.receive().expect("the server answers");
            assert!(answer.as_ref() == Some(&message), "sent {:?}", plan.data);
        }
        assert_eq!(socket.receive().expect("a clean end"), None);
        let close = socket.received_close().expect("the server sent a Close");
        assert_eq!(
            (close.code.map(OurCloseCode::number), close.reason.as_str()),
            (Some(4000), "再见")
        );
    });
}

#[test]
fn our_client_exchanges_messages_of_every_size_with_tungstenite() {
    let sizes = SIZES.into_iter().flat_map(|size| [(true, size), (false, size)]);
    let plans: Vec<_> = sizes.map(|(text, size)| Plan::whole(Data::new(text, size, 11))).collect();
    converse_with_a_foreign_server(&plans);
}

#[test]
fn the_client_in_the_terminal_talks_to_tungstenite() {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let url = format!("ws://{}/", listener.local_addr().expect("a bound listener has an address"));
    let mut child = Command::new(binary("client"))
        .arg(&url)
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .spawn()
        .expect("the client can be started");
    // Both lines are typed, and the input ends, before the server says anything.
    child
        .stdin
        .take()
        .expect("stdin is piped")
        .write_all("hello\n服务器\n".as_bytes())
        .expect("the client reads");

    let mut socket = foreign_server(&listener);
    let close = loop {
        match socket.read().expect("the client says something") {
            Message::Text(text) => {
                socket.send(Message::text(format!("you said {text}"))).expect("the client reads")
            }
            Message::Close(close) => break close,
            other => panic!("came {other:?}"),
        }
    };
    assert_eq!(close.map(|close| u16::from(close.code)), Some(1000));
    while socket.read().is_ok() {}
    drop(socket);
    let output = child.wait_with_output().expect("the client ends");
    assert!(output.status.success(), "{:?}", output.status);
    assert_eq!(String::from_utf8_lossy(&output.stdout), "you said hello\nyou said 服务器\n");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn our_client_joins_the_fragments_of_tungstenite(plans in prop::collection::vec(plans(), 1..5)) {
        converse_with_a_foreign_server(&plans);
    }

    #[test]
    fn tungstenite_joins_the_fragments_that_we_write(plan in plans()) {
        let mut bytes = Vec::new();
        let fragments = plan.fragments();
        let last = fragments.len() - 1;
        for (i, (ping, fragment)) in fragments.into_iter().enumerate() {
            if let Some(ping) = ping {
                write_frame(&mut bytes, OurRole::Client, true, Opcode::Ping, ping);
            }
            let opcode = match (i, &plan.data) {
                (0, Data::Text(_)) => Opcode::Text,
                (0, Data::Binary(_)) => Opcode::Binary,
                _ => Opcode::Continuation,
            };
            write_frame(&mut bytes, OurRole::Client, i == last, opcode, fragment);
        }
        let mut socket = WebSocket::from_partially_read(std::io::Cursor::new(Vec::new()), bytes, Role::Server, None);
        let mut asked = Vec::new();
        let data = loop {
            match socket.read().expect("tungstenite reads our frames") {
                Message::Ping(payload) => asked.push(payload.to_vec()),
                Message::Text(text) => break Data::Text(text.to_string()),
                Message::Binary(bytes) => break Data::Binary(bytes.to_vec()),
                other => panic!("came {other:?}"),
            }
        };
        prop_assert_eq!(data, plan.data.clone());
        prop_assert_eq!(asked, pings(&plan));
    }
}
