use super::writing::FLUSH_AT;
use super::{Connection, Crossing, Tap, Waited};
use std::io::{self, BufRead, BufReader, ErrorKind, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);

/// A connection, and its peer's socket.
fn pair(tap: Option<Tap>) -> (Connection, TcpStream) {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    peer.set_read_timeout(Some(PATIENCE)).unwrap();
    let mut connection = Connection::new(listener.accept().unwrap().0, PATIENCE, tap).unwrap();
    connection.set_patience(PATIENCE);
    (connection, peer)
}

fn append(text: &str) -> impl FnOnce(&mut Vec<u8>) {
    move |out| out.extend_from_slice(text.as_bytes())
}

#[test]
fn what_is_written_leaves_when_the_reader_is_about_to_wait() {
    let (mut connection, mut peer) = pair(None);
    let writer = connection.writer();
    writer.append(append("one ")).unwrap();
    writer.append(append("two")).unwrap();
    peer.set_nonblocking(true).unwrap();
    assert_eq!(
        peer.read(&mut [0]).unwrap_err().kind(),
        ErrorKind::WouldBlock,
        "nothing has left yet"
    );
    peer.set_nonblocking(false).unwrap();
    let reader = thread::spawn(move || connection.fill_buf().map(<[u8]>::to_vec));
    let mut came = [0; 7];
    peer.read_exact(&mut came).unwrap();
    assert_eq!(&came, b"one two");
    peer.write_all(b"thanks").unwrap();
    assert_eq!(reader.join().unwrap().unwrap(), b"thanks");
}

#[test]
fn what_is_long_leaves_at_once_and_what_is_flushed_too() {
    let (connection, mut peer) = pair(None);
    let long = "x".repeat(FLUSH_AT);
    connection.writer().append(append(&long)).unwrap();
    let mut came = vec![0; long.len()];
    peer.read_exact(&mut came).unwrap();
    assert_eq!(came, long.as_bytes());
    connection.writer().append(append("short")).unwrap();
    connection.writer().flush().unwrap();
    peer.read_exact(&mut came[..5]).unwrap();
    assert_eq!(&came[..5], b"short");
    connection.writer().append(append("begin ")).unwrap();
    connection
        .writer()
        .append_with(|out| {
            out.extend_from_slice(b"middle ");
            long.as_bytes()
        })
        .unwrap();
    let mut came = vec![0; 13 + long.len()];
    peer.read_exact(&mut came).unwrap();
    assert_eq!((&came[..13], &came[13..]), (&b"begin middle "[..], long.as_bytes()));
}

#[test]
fn what_several_threads_write_is_never_interleaved() {
    const LINES: usize = 300;
    let (connection, peer) = pair(None);
    thread::scope(|scope| {
        for letter in ["a", "b", "c", "d"] {
            let writer = connection.writer();
            scope.spawn(move || {
                for number in 0..LINES {
                    // From a few bytes to more than one flush.
                    let line = letter.repeat(1 + (number * 97) % 20_000) + "\n";
                    if number % 2 == 0 {
                        writer.append(append(&line)).unwrap();
                    } else {
                        writer.append_with(|_| line.as_bytes()).unwrap();
                    }
                }
                writer.flush().unwrap();
            });
        }
        let mut lines = BufReader::new(&peer).lines().map(Result::unwrap);
        let mut seen = [0; 4];
        for _ in 0..4 * LINES {
            let line = lines.next().unwrap();
            let letter = line.as_bytes()[0];
            assert!(line.bytes().all(|byte| byte == letter), "mixed: {line}");
            let nth = &mut seen[usize::from(letter - b'a')];
            assert_eq!(line.len(), 1 + (*nth * 97) % 20_000, "in the order of its own thread");
            *nth += 1;
        }
    });
}

#[test]
fn a_reader_goes_on_while_a_writer_waits_for_the_peer() {
    let (mut connection, mut peer) = pair(None);
    let much = vec![b'x'; 32 * 1024 * 1024];
    thread::scope(|scope| {
        let writer = connection.writer();
        let length = much.len();
        let sending = scope.spawn(move || writer.append_with(|_| &much));
        // More than the system takes: as long as the peer does not read, that thread cannot be
        // done.
        for _ in 0..100 {
            peer.write_all(b"ping").unwrap();
            let mut came = [0; 4];
            connection.read_exact(&mut came).unwrap();
            assert_eq!(&came, b"ping");
        }
        assert!(!sending.is_finished());
        let mut left = length;
        let mut buffer = vec![0; 1 << 20];
        while left > 0 {
            left -= peer.read(&mut buffer).unwrap();
        }
        sending.join().unwrap().unwrap();
    });
}

#[test]
fn a_deadline_is_for_all_reads_together_and_patience_for_each() {
    let (mut connection, mut peer) = pair(None);
    peer.write_all(b"ab").unwrap();
    connection.set_deadline(PATIENCE);
    assert_eq!(connection.fill_buf().unwrap(), b"ab");
    connection.consume(1);
    // What is here is here, whatever the hour; only waiting ends.
    connection.set_deadline(Duration::ZERO);
    assert_eq!(connection.fill_buf().unwrap(), b"b");
    connection.consume(1);
    assert_eq!(connection.fill_buf().unwrap_err().kind(), ErrorKind::TimedOut);
    peer.write_all(b"c").unwrap();
    assert_eq!(connection.fill_buf().unwrap_err().kind(), ErrorKind::TimedOut, "still over");
    // Nothing was lost by that.
    connection.set_patience(PATIENCE);
    assert_eq!(connection.fill_buf().unwrap(), b"c");
    connection.consume(1);
    connection.set_patience(Duration::from_millis(1));
    assert_eq!(connection.fill_buf().unwrap_err().kind(), ErrorKind::TimedOut);
    assert_eq!(connection.wait_for_input(Duration::from_millis(1)).unwrap(), Waited::TimedOut);
    peer.write_all(b"d").unwrap();
    assert_eq!(connection.wait_for_input(PATIENCE).unwrap(), Waited::Ready);
    connection.consume(1);
    drop(peer);
    assert_eq!(connection.wait_for_input(PATIENCE).unwrap(), Waited::Ended);
    assert_eq!(connection.fill_buf().unwrap(), b"", "the end is the end");
}

#[test]
fn a_stray_byte_destroys_no_answer_that_may_still_be_on_its_way() {
    let (mut connection, mut peer) = pair(None);
    let answer = "x".repeat(FLUSH_AT / 2);
    connection.writer().append(append(&answer)).unwrap();
    connection.expect_no_more();
    peer.write_all(b"\r\n").unwrap();
    let closing = thread::spawn(move || connection.close());
    let mut came = String::new();
    peer.read_to_string(&mut came).unwrap();
    assert_eq!(came, answer);
    drop(peer);
    closing.join().unwrap();
}

#[test]
fn a_peer_that_does_not_read_is_an_error_and_no_silence() {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let mut peer = TcpStream::connect(listener.local_addr().unwrap()).unwrap();
    let mut connection =
        Connection::new(listener.accept().unwrap().0, Duration::from_millis(50), None).unwrap();
    let much = vec![b'x'; FLUSH_AT - 1];
    // A peer that only asks. Its answers are small pieces, sent when we read on, until the system
    // takes no more.
    let error = (0..).find_map(|_| {
        peer.write_all(b"?").unwrap();
        connection.writer().append(|out| out.extend_from_slice(&much)).unwrap();
        let waited = connection.wait_for_input(PATIENCE);
        connection.consume(usize::from(waited.is_ok()));
        waited.err()
    });
    let error = error.unwrap();
    assert_eq!(
        (error.kind(), error.to_string().as_str()),
        (ErrorKind::TimedOut, "the peer has not read what was sent to it")
    );
    // Half a message has left, and nothing can follow it: what the peer asked last is still here,
    // and then comes the end.
    let mut rest = Vec::new();
    connection.read_to_end(&mut rest).unwrap();
    assert_eq!(rest, b"?");
}

#[test]
fn whether_the_peer_has_ended_is_known_without_waiting() {
    let (mut connection, mut peer) = pair(None);
    assert!(!connection.peer_has_ended());
    peer.write_all(b"x").unwrap();
    assert_eq!(connection.wait_for_input(PATIENCE).unwrap(), Waited::Ready);
    assert!(!connection.peer_has_ended(), "there is something to read");
    connection.consume(1);
    assert!(!connection.peer_has_ended());
    connection.writer().append(append("last words")).unwrap();
    assert!(!connection.peer_has_ended());
    let mut came = [0; 10];
    peer.read_exact(&mut came).unwrap();
    assert_eq!(&came, b"last words", "asking sends what is pending");
    drop(peer);
    let deadline = Instant::now() + PATIENCE;
    while !connection.peer_has_ended() {
        assert!(Instant::now() < deadline);
        thread::yield_now();
    }
    // The socket still waits where it should.
    assert_eq!(connection.fill_buf().unwrap(), b"");
    assert!(connection.peer_has_ended());
}

#[test]
fn a_cut_from_another_thread_wakes_the_reader() {
    let (mut connection, _peer) = pair(None);
    let writer = connection.writer();
    let (reading, begun) = mpsc::channel();
    let reader = thread::spawn(move || {
        reading.send(()).unwrap();
        connection.fill_buf().map(<[u8]>::to_vec)
    });
    begun.recv_timeout(PATIENCE).unwrap();
    // Whether it waits already or not yet makes no difference.
    writer.cut();
    assert_eq!(reader.join().unwrap().unwrap(), b"");
    assert!(writer.append(append(&"x".repeat(FLUSH_AT))).is_err());
}

#[test]
fn the_tap_sees_every_byte_in_its_order_and_the_counters_agree() {
    type Seen = Arc<Mutex<Vec<(u64, String)>>>;
    let seen = Seen::default();
    let into = Arc::clone(&seen);
    let tap: Tap = Arc::new(move |number, crossing| {
        let what = match crossing {
            Crossing::Opened(_) => "opened".into(),
            Crossing::Received(bytes) => format!("received {}", bytes.escape_ascii()),
            Crossing::Sent(bytes) => format!("sent {}", bytes.escape_ascii()),
            Crossing::Closed => "closed".into(),
        };
        into.lock().unwrap().push((number, what));
    });
    let (mut connection, mut peer) = pair(Some(tap));
    let (number, writer) = (connection.number(), connection.writer());
    peer.write_all(b"hello").unwrap();
    let mut came = [0; 5];
    connection.read_exact(&mut came).unwrap();
    writer.append(append("good")).unwrap();
    writer.append(append("bye")).unwrap();
    writer.flush().unwrap();
    writer.flush().unwrap();
    assert_eq!(writer.bytes(), (5, 7));
    peer.shutdown(std::net::Shutdown::Write).unwrap();
    connection.close();
    assert_eq!(
        seen.lock().unwrap().last().unwrap().1,
        "sent goodbye",
        "as long as there is a writer, it is not over"
    );
    drop(writer);
    let seen: Vec<_> = seen.lock().unwrap().drain(..).collect();
    let expected = ["opened", "received hello", "sent goodbye", "closed"];
    assert_eq!(seen, expected.map(|what| (number, what.to_owned())));
}

#[test]
fn a_client_connects_to_the_first_address_that_answers() {
    // taken, and free again
    let deaf = TcpListener::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let addresses = [deaf, listener.local_addr().unwrap()];
    let connection = Connection::connect(&addresses[..], PATIENCE, None).unwrap();
    assert_eq!(connection.peer_addr().unwrap(), addresses[1]);
    let error = |result: io::Result<Connection>| result.err().map(|error| error.kind());
    assert_eq!(
        error(Connection::connect(deaf, PATIENCE, None)),
        Some(ErrorKind::ConnectionRefused)
    );
    assert_eq!(error(Connection::connect(&[][..], PATIENCE, None)), Some(ErrorKind::NotFound));
}
