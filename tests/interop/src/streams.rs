//! Event streams made up at random, mostly of the pieces in which readers differ.

use std::io::BufRead;

use proptest::prelude::*;
use push_by_hand::event_stream::EventReader;

/// Pieces of event streams: every field, with and without colon, space and value; a byte order
/// mark; wrong UTF-8; traps.
///
/// A byte order mark is never followed by a line end: Chromium then overlooks that line end.
const PIECES: &[&[u8]] = &[
    b"data",
    b"data:",
    b"data: ",
    b"data:  two spaces",
    b"data: x",
    b"data:y",
    b"data: a:b:c",
    "data: 服务器回应: 👋".as_bytes(),
    "data\u{85}: x".as_bytes(),
    b"data: \xff \xe2\x82 \xf0\x9f\x91 \xed\xa0\x80 \xc0\x80",
    b"data: nul \0",
    b"data : a space too many",
    b"Data: not a field",
    b" data: nor this",
    b"event",
    b"event: tick",
    b"event:tick",
    b"event: ",
    b"event: notice",
    b"id",
    b"id:",
    b"id: 7",
    b"id: 0-12",
    b"id: nul\0",
    b"retry: 3000",
    b"retry: 3s",
    b"retry:",
    b":",
    b": a comment",
    b"unknown: field",
    b"\xef\xbb\xbfdata: after a mark",
];
const LINE_ENDS: &[&[u8]] = &[b"\n", b"\n", b"\n\n", b"\r\n", b"\r", b"\r\n\r\n", b"\r\r", b"\n\r"];

/// A stream of up to two dozen such lines, which may end in the middle of an event.
pub fn event_streams() -> impl Strategy<Value = Vec<u8>> {
    let line = (prop::sample::select(PIECES), prop::sample::select(LINE_ENDS))
        .prop_map(|(piece, end)| [piece, end].concat());
    let lines = prop::collection::vec(line, 0..24).prop_map(|lines| lines.concat());
    let cut = prop::sample::select(vec!["", "", "data: cut off", "data: cut off\n"]);
    let mark = prop::sample::select(vec!["", "", "", "\u{feff}"]);
    (mark, lines, cut)
        .prop_map(|(mark, lines, cut)| [mark.as_bytes(), &lines, cut.as_bytes()].concat())
}

/// An event as every reader here can tell it: its type, its data, and the last event ID when it
/// fired.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Told {
    pub event: String,
    pub data: String,
    pub last_event_id: String,
}

/// What our own reader makes of a stream.
pub fn ours(stream: impl BufRead) -> Vec<Told> {
    let mut reader = EventReader::new(stream, "");
    let mut told = Vec::new();
    while let Some(event) = next(&mut reader) {
        told.push(event);
    }
    told
}

/// The next event that our own reader finds.
pub fn next(reader: &mut EventReader<impl BufRead>) -> Option<Told> {
    let event = reader.next_event().expect("the stream can be read")?;
    Some(Told {
        event: event.event.unwrap_or_else(|| "message".into()),
        data: event.data.unwrap_or_default(),
        last_event_id: event.id.unwrap_or_default(),
    })
}
