//! A conversation's one direction, frames joined to messages, beside `tungstenite`. The first byte
//! says which end reads.
//!
//! Whatever we hand over, it hands over too, in the same order, up to the first Close or our first
//! refusal. It may go on where we stop: it takes lengths that are not the shortest, and sees that a
//! text is wrong only at its end. Of a Close it refuses 1014, which was registered later; of one
//! that it refuses it says nothing but that.

use crate::cut::every_way;
use push_by_hand::websocket::{Close, Incoming, MessageReader, Role};
use std::io::{self, Cursor, Read, Write};
use tungstenite::protocol::{self, WebSocket};

/// Few enough that an input can go beyond it.
const LIMIT: usize = 1000;

pub fn target(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let client = first & 1 == 1;
    let role = if client { Role::Client } else { Role::Server };
    let (incoming, _) = every_way(bytes, |reader| {
        let mut messages = MessageReader::new(role, LIMIT);
        let mut incoming = Vec::new();
        loop {
            match messages.read_from(reader) {
                Ok(Some(next)) => incoming.push(next),
                Ok(None) => return (incoming, String::new()),
                // A text is found to be wrong in the piece that shows it, which may be an earlier
                // one than the end of the stream: which of the two is said depends on the cuts.
                Err(error) => return (incoming, error.to_string()),
            }
        }
    });
    let mut theirs = tungstenite(bytes, client).into_iter();
    for ours in incoming {
        let expected = match ours {
            Incoming::Fragment => continue,
            Incoming::Message(message) => match message {
                push_by_hand::websocket::Message::Text(text) => tungstenite::Message::text(text),
                push_by_hand::websocket::Message::Binary(bytes) => {
                    tungstenite::Message::binary(bytes)
                }
            },
            Incoming::Ping(payload) => tungstenite::Message::Ping(payload.into()),
            Incoming::Pong(payload) => tungstenite::Message::Pong(payload.into()),
            Incoming::Close(close) => return check_close(&close, theirs.next()),
        };
        assert_eq!(theirs.next(), Some(expected));
    }
}

fn check_close(ours: &Close, theirs: Option<tungstenite::Message>) {
    let mut payload = Vec::new();
    ours.write_to(&mut payload);
    assert_eq!(Close::read_from(&payload).as_ref(), Ok(ours));
    match theirs {
        Some(tungstenite::Message::Close(close)) => {
            let (code, reason) = match close {
                None => (None, String::new()),
                Some(close) => (Some(u16::from(close.code)), close.reason.to_string()),
            };
            let code_of_ours = ours.code.map(|code| code.number());
            if code_of_ours != Some(1014) {
                assert_eq!((code_of_ours, &ours.reason), (code, &reason));
            }
        }
        other => panic!("{ours:?}, where tungstenite has {other:?}"),
    }
}

/// Everything up to the first error, Close included.
fn tungstenite(bytes: &[u8], client: bool) -> Vec<tungstenite::Message> {
    let role = if client { protocol::Role::Client } else { protocol::Role::Server };
    let mut socket = WebSocket::from_raw_socket(Peer(Cursor::new(bytes)), role, None);
    let mut messages = Vec::new();
    while let Ok(message) = socket.read() {
        messages.push(message);
    }
    messages
}

/// A peer that says these bytes, and to whom anything can be said.
struct Peer<'a>(Cursor<&'a [u8]>);

impl Read for Peer<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.0.read(out)
    }
}

impl Write for Peer<'_> {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}
