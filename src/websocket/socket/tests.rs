//! An open socket against a peer that is only bytes: what leaves, when, and in which order.

use super::Limits;
use crate::connection::{Connection, Crossing, Tap};
use crate::websocket::tests::masked;
use crate::websocket::*;
use std::io::{ErrorKind, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::Duration;

/// Longer than anything here takes: a test that would wait for ever fails instead.
const LIMIT: Duration = Duration::from_secs(20);

/// Our end, and the peer's bare socket.
fn pair(tap: Option<Tap>) -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    peer.set_read_timeout(Some(LIMIT)).unwrap();
    peer.set_nodelay(true).unwrap();
    (Connection::new(listener.accept().unwrap().0, LIMIT, tap).unwrap(), peer)
}

fn read<const N: usize>(peer: &mut TcpStream) -> [u8; N] {
    let mut bytes = [0; N];
    peer.read_exact(&mut bytes).unwrap();
    bytes
}

/// Answers every message with itself, until the end.
fn echo(socket: &mut WebSocket<'_>) -> Result<(), Error> {
    while let Some(message) = socket.receive()? {
        socket.send(&message)?;
    }
    Ok(())
}

#[test]
fn pings_are_answered_and_messages_echoed_in_the_order_in_which_they_came() {
    let (mut connection, mut peer) = pair(None);
    let ours = thread::spawn(move || echo(&mut WebSocket::new(&mut connection, Role::Server)));
    let bytes = [
        masked(0x01, b"a"),
        masked(0x89, b"?"),
        masked(0x80, b"b"),
        masked(0x8a, b"!"),
        masked(0x82, b"\xff"),
    ];
    peer.write_all(&bytes.concat()).unwrap();
    assert_eq!(read(&mut peer), *b"\x8a\x01?\x81\x02ab\x82\x01\xff");
    peer.write_all(&masked(0x88, b"\x0f\xa0bye")).unwrap();
    assert_eq!(read(&mut peer), *b"\x88\x02\x0f\xa0");
    assert!(ours.join().unwrap().is_ok());
}

#[test]
fn answers_to_what_came_together_leave_together() {
    let writes = Arc::new(AtomicUsize::new(0));
    let counted = Arc::clone(&writes);
    let tap: Tap = Arc::new(move |_, crossing| {
        if matches!(crossing, Crossing::Sent(_)) {
            counted.fetch_add(1, Ordering::Relaxed);
        }
    });
    let (mut connection, mut peer) = pair(Some(tap));
    peer.write_all(&masked(0x81, b"0123456789").repeat(16)).unwrap();
    let ours = thread::spawn(move || echo(&mut WebSocket::new(&mut connection, Role::Server)));
    assert_eq!(read::<{ 12 * 16 }>(&mut peer).to_vec(), b"\x81\x0a0123456789".repeat(16));
    assert_eq!(writes.load(Ordering::Relaxed), 1, "sixteen answers, one write");
    peer.shutdown(Shutdown::Write).unwrap();
    assert!(ours.join().unwrap().is_ok(), "an end between two messages is an end");
}

#[test]
fn a_silent_peer_is_asked_and_then_given_up() {
    let (mut connection, mut peer) = pair(None);
    let mut socket = WebSocket::new(&mut connection, Role::Server);
    socket.limits.silence = Duration::from_millis(5);
    assert!(matches!(socket.receive(), Err(Error::Silent)));
    assert_eq!(read(&mut peer), [0x89, 0]);
    assert_eq!(socket.state(), State::Closed);
    assert!(matches!(socket.receive(), Ok(None)));
}

#[test]
fn a_peer_that_answers_the_ping_is_kept() {
    let (mut connection, mut peer) = pair(None);
    let ours = thread::spawn(move || {
        let mut socket = WebSocket::new(&mut connection, Role::Server);
        socket.limits.silence = Duration::from_millis(200);
        socket.receive()
    });
    for _ in 0..3 {
        assert_eq!(read(&mut peer), [0x89, 0]);
        peer.write_all(&masked(0x8a, b"")).unwrap();
    }
    peer.write_all(&masked(0x81, b"x")).unwrap();
    assert_eq!(ours.join().unwrap().unwrap(), Some(Message::Text("x".into())));
}

/// Sends a frame of 16 MiB byte by byte, for as long as anybody listens. Each byte is a sign of
/// life: only a clock ends this.
fn drip(mut peer: TcpStream) {
    let mut frame = masked(0x82, &vec![0; DEFAULT_LIMIT]).into_iter();
    while frame.next().is_some_and(|byte| peer.write_all(&[byte]).is_ok()) {}
}

#[test]
fn a_frame_has_a_time_in_all_however_steadily_it_drips() {
    let (mut connection, peer) = pair(None);
    let dripping = thread::spawn(|| drip(peer));
    let mut socket = WebSocket::new(&mut connection, Role::Server);
    socket.limits.frame = Duration::from_millis(20);
    assert!(matches!(socket.receive(), Err(Error::Silent)));
    connection.writer().cut();
    dripping.join().unwrap();
}

#[test]
fn a_close_has_a_time_in_all_however_steadily_the_peer_drips() {
    let (mut connection, peer) = pair(None);
    let dripping = thread::spawn(|| drip(peer));
    let mut socket = WebSocket::new(&mut connection, Role::Server);
    socket.limits.close = Duration::from_millis(20);
    assert!(matches!(socket.close(CloseCode::NORMAL, ""), Err(Error::Silent)));
    connection.writer().cut();
    dripping.join().unwrap();
}

#[test]
fn a_message_is_refused_at_the_size_that_the_conversation_takes() {
    let (mut connection, mut peer) = pair(None);
    let mut socket = WebSocket::new(&mut connection, Role::Server);
    socket.set_max_message(5);
    peer.write_all(&[masked(0x81, b"12345"), masked(0x01, b"123"), masked(0x80, b"456")].concat())
        .unwrap();
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("12345".into())));
    assert!(matches!(
        socket.receive(),
        Err(Error::Violation(Violation::MessageTooLong { length: 6, limit: 5 }))
    ));
    let head: [u8; 4] = read(&mut peer);
    assert_eq!((head[0], &head[2..]), (0x88, [0x03, 0xf1].as_slice()), "a Close with 1009");
}

#[test]
fn a_broken_rule_is_told_with_its_code_and_nothing_is_read_or_sent_after_it() {
    let (mut connection, mut peer) = pair(None);
    let mut socket = WebSocket::new(&mut connection, Role::Server);
    peer.write_all(&[b"\x81\x05Hello".to_vec(), masked(0x81, b"more")].concat()).unwrap();
    assert!(matches!(socket.receive(), Err(Error::Violation(Violation::NotMasked))));
    assert!(matches!(socket.receive(), Ok(None)));
    assert!(matches!(socket.send_text("x"), Err(Error::Closed)));
    connection.writer().cut();
    let mut sent = Vec::new();
    peer.read_to_end(&mut sent).unwrap();
    let close = Frame::read_from(&mut sent.as_slice(), Role::Client, 125).unwrap().unwrap();
    assert_eq!(close.opcode, Opcode::Close);
    assert_eq!(
        Close::read_from(&close.payload).unwrap(),
        Close::new(CloseCode::PROTOCOL_ERROR, &Violation::NotMasked.to_string())
    );
    assert_eq!(sent.len(), 2 + close.payload.len(), "one Close and nothing else");
}

#[test]
fn our_close_waits_for_the_answer_and_drops_what_was_on_its_way() {
    let (mut connection, mut peer) = pair(None);
    let ours = thread::spawn(move || {
        let mut socket = WebSocket::new(&mut connection, Role::Server);
        let sender = socket.sender();
        socket.close(CloseCode::GOING_AWAY, "later").unwrap();
        let received = socket.received_close().cloned();
        (received, sender.send_text("x").is_err(), sender.state())
    });
    assert_eq!(read(&mut peer), *b"\x88\x07\x03\xe9later");
    peer.write_all(
        &[masked(0x81, b"late"), masked(0x89, b"?"), masked(0x88, b"\x03\xe9")].concat(),
    )
    .unwrap();
    let (received, refused, state) = ours.join().unwrap();
    assert_eq!(received, Some(Close::new(CloseCode::GOING_AWAY, "")));
    assert!(refused);
    assert_eq!(state, State::Closed);
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert!(rest.is_empty(), "after a Close not even a Pong leaves; came {rest:02x?}");
}

#[test]
fn a_close_from_another_thread_lets_the_reader_finish() {
    let (mut connection, mut peer) = pair(None);
    let mut socket = WebSocket::new(&mut connection, Role::Server);
    socket.sender().close(CloseCode::NORMAL, "").unwrap();
    assert_eq!(socket.state(), State::Closing);
    assert!(
        matches!(socket.sender().close(CloseCode::NORMAL, ""), Err(Error::Closed)),
        "one Close is enough"
    );
    peer.write_all(&[masked(0x81, b"late"), masked(0x88, b"")].concat()).unwrap();
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("late".into())));
    assert_eq!(socket.receive().unwrap(), None);
    assert_eq!(socket.received_close(), Some(&Close::default()));
    assert_eq!(read(&mut peer), *b"\x88\x02\x03\xe8");
}

#[test]
fn nothing_leaves_behind_a_close() {
    let (mut connection, mut peer) = pair(None);
    let sender = WebSocket::new(&mut connection, Role::Server).sender();
    sender.send_text("二").unwrap();
    assert_eq!(read(&mut peer), *b"\x81\x03\xe4\xba\x8c");
    sender.close(CloseCode::NORMAL, "").unwrap();
    assert!(matches!(sender.send_text("late"), Err(Error::Closed)));
    connection.writer().cut();
    let mut rest = Vec::new();
    peer.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"\x88\x02\x03\xe8", "a Close, and nothing behind it");
}

#[test]
fn frames_from_several_threads_stay_whole() {
    let (mut connection, mut peer) = pair(None);
    let socket = WebSocket::new(&mut connection, Role::Server);
    thread::scope(|scope| {
        for n in 0..4u8 {
            let sender = socket.sender();
            scope.spawn(move || {
                for length in [1, 200, 70_000, 125, 126, 30_000] {
                    sender.send(&Message::Binary(vec![n; length])).unwrap();
                }
            });
        }
        let mut reader = std::io::BufReader::new(&mut peer);
        for _ in 0..24 {
            let frame = Frame::read_from(&mut reader, Role::Client, 70_000).unwrap().unwrap();
            assert!(frame.payload.iter().all(|byte| *byte == frame.payload[0]));
        }
    });
}

#[test]
fn a_peer_that_vanishes_inside_a_frame_is_an_error_and_no_message() {
    let (mut connection, mut peer) = pair(None);
    peer.write_all(&masked(0x81, &[b'x'; 300])[..100]).unwrap();
    drop(peer);
    let result = WebSocket::new(&mut connection, Role::Server).receive();
    assert!(matches!(result, Err(Error::CutOff { expected: 300, came: 92, .. })), "{result:?}");
}

#[test]
fn a_peer_that_stops_inside_a_frame_is_given_up() {
    let (mut connection, mut peer) = pair(None);
    let mut socket = WebSocket::new(&mut connection, Role::Server);
    socket.limits.frame = Duration::from_millis(5);
    peer.write_all(&masked(0x81, b"Hello")[..8]).unwrap();
    assert!(matches!(socket.receive(), Err(Error::Silent)));
}

#[test]
fn a_peer_that_never_reads_ends_with_the_write_deadline() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let _peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut connection =
        Connection::new(listener.accept().unwrap().0, Duration::from_millis(20), None).unwrap();
    let sender = WebSocket::new(&mut connection, Role::Server).sender();
    let message = Message::Binary(vec![0; 1 << 20]);
    // The kernels' buffers take the first few mebibytes.
    let error =
        (0..1000).find_map(|_| sender.send(&message).err()).expect("an error, sooner or later");
    assert!(
        matches!(error, Error::Io(ref error) if error.kind() == ErrorKind::TimedOut),
        "{error:?}"
    );
}

#[test]
fn both_our_ends_understand_each_other() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let url = Url::parse(&format!("ws://{}/chat", listener.local_addr().unwrap())).unwrap();
    let server = thread::spawn(move || {
        let mut connection = Connection::new(listener.accept().unwrap().0, LIMIT, None).unwrap();
        let request = crate::http::Request::read_from(&mut connection).unwrap().unwrap();
        let policy = Policy { protocols: vec!["echo".into()], ..Policy::default() };
        let response = handshake::answer(&request, &policy).unwrap();
        let terms = request.terms();
        // An interim answer comes first (RFC 9110 §15.2), and the first frame leaves together with
        // the head: it must not be lost in the client's HTTP reader.
        let head_and_frame = |out: &mut Vec<u8>| {
            out.extend(b"HTTP/1.1 103 Early Hints\r\nLink: </style.css>\r\n\r\n");
            response.write_to(out, terms);
            out.extend(text_frame("welcome"));
        };
        connection.writer().append(head_and_frame).unwrap();
        echo(&mut WebSocket::new(&mut connection, Role::Server))
    });
    let mut client = Client::connect(&url, &["other", "echo"]).unwrap();
    assert_eq!(client.protocol.as_deref(), Some("echo"));
    let mut socket = client.socket();
    assert_eq!(socket.receive().unwrap(), Some(Message::Text("welcome".into())));
    for message in [
        Message::Text("服务器".into()),
        Message::Binary(vec![0xff; 100_000]),
        Message::Text(String::new()),
    ] {
        socket.send(&message).unwrap();
        assert_eq!(socket.receive().unwrap(), Some(message));
    }
    socket.close(CloseCode::NORMAL, "done").unwrap();
    assert_eq!(socket.received_close(), Some(&Close::new(CloseCode::NORMAL, "")));
    assert!(server.join().unwrap().is_ok());
}

#[test]
fn a_client_waits_longer_for_the_answer_to_its_close_than_a_server() {
    let (server, client) = (Limits::of(Role::Server), Limits::of(Role::Client));
    assert_eq!(server.close, Duration::from_secs(3));
    // What it has asked before its Close may still have to be answered.
    assert!(client.close >= 10 * server.close);
}
