//! Another WebSocket implementation, tungstenite, at both our ends.

use std::net::TcpStream;

use proptest::prelude::*;
use push_by_hand_interop::client::LIMIT;
use push_by_hand_interop::messages::{Data, Plan, SIZES, plans};
use push_by_hand_interop::program::{Program, SOCKET_AND_PAGE};
use tungstenite::protocol::CloseFrame;
use tungstenite::protocol::frame::Frame;
use tungstenite::protocol::frame::coding::{CloseCode, Data as Kind, OpCode};
use tungstenite::{Error, Message, WebSocket};

type Socket = WebSocket<TcpStream>;

/// A client that is not ours, at our `/echo`.
fn foreign_client(lesson: &Program) -> Socket {
    let url = format!("{}echo", lesson.url("socket"));
    let stream = TcpStream::connect(("localhost", lesson.port("socket"))).expect("the lesson accepts connections");
    stream.set_read_timeout(Some(LIMIT)).expect("the limit is not zero");
    stream.set_nodelay(true).expect("a TCP option");
    let (socket, _) = tungstenite::client(url, stream).expect("the opening handshake");
    socket
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
        socket.write(Message::Frame(Frame::message(fragment.to_vec(), OpCode::Data(kind), i == last)))?;
    }
    socket.flush()
}

/// The next message, and the Pongs that came before it.
fn receive(socket: &mut Socket) -> tungstenite::Result<(Data, Vec<Vec<u8>>)> {
    let mut pongs = Vec::new();
    loop {
        match socket.read()? {
            Message::Text(text) => return Ok((Data::Text(text.to_string()), pongs)),
            Message::Binary(octets) => return Ok((Data::Binary(octets.to_vec()), pongs)),
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
    let pings: Vec<_> = plan.fragments().iter().filter_map(|(ping, _)| ping.map(<[u8]>::to_vec)).collect();
    assert_eq!(pongs, pings);
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
    let config = ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() };
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
        let Message::Close(Some(answer)) = socket.read().expect("a Close comes back") else { panic!("no Close with a code") };
        assert_eq!(answer.code, code);
        assert!(matches!(socket.read(), Err(Error::ConnectionClosed)), "the server closes TCP first");
    }
}
