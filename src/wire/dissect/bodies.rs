//! The body of an HTTP message: in one piece, in chunks (RFC 9112 §7.1), or as an event stream
//! (HTML, "Server-sent events").

use super::side::{Kind, Label, Side, count_of};
use crate::wire::names;
use std::mem;

const EVENTS: &str = "HTML, Server-sent events";
const CHUNKS: &str = "RFC 9112 §7.1";

impl Side {
    /// What can be said about a piece of a body.
    pub(super) fn body(&mut self, line: &str, length: u64) -> Label {
        let head = &mut self.head;
        let said = if head.events {
            let ended = self.left > 0 || head.last == b'\n';
            let (name, mut meaning) = match head.cut {
                Some(name) => (name, "…continued".into()),
                None => event_field(line),
            };
            match name {
                "data" => head.data = true,
                "end of event" if !mem::take(&mut head.data) && head.cut.is_none() => {
                    meaning = "no data: nothing fires".into()
                }
                _ => {}
            }
            if !ended && head.last != b'\r' {
                meaning = "continued in next chunk".into();
            }
            head.cut = Some(name).filter(|_| !ended);
            (name, EVENTS, meaning)
        } else if head.chunked {
            ("chunk data", CHUNKS, String::new())
        } else {
            ("message body", "RFC 9112 §6", count_of(length))
        };
        if head.endless && !head.events {
            self.begin(Kind::Body);
        } else if self.left == 0 {
            self.begin(if self.head.chunked { Kind::ChunkEnd } else { Kind::StartLine });
        }
        said
    }

    /// The line before the data of a chunk.
    pub(super) fn chunk_size(&mut self, line: &str) -> Label {
        let digits = line.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(line.len());
        let Ok(size) = u64::from_str_radix(&line[..digits], 16) else {
            self.begin(Kind::StartLine);
            return ("chunk size", CHUNKS, "wrong: not hexadecimal".into());
        };
        if size == 0 {
            self.begin(Kind::Trailer);
            return ("last chunk", CHUNKS, "nothing follows".into());
        }
        self.begin(Kind::Body);
        self.left = size;
        ("chunk size", CHUNKS, count_of(size))
    }
    /// The line end behind the data of a chunk.
    pub(super) fn chunk_end(&mut self, line: &str) -> Label {
        self.begin(Kind::ChunkSize);
        let meaning = if line.is_empty() { "" } else { "wrong: no line end" };
        ("end of chunk", CHUNKS, meaning.into())
    }

    /// What follows the last chunk: fields, which are rare, and an empty line.
    pub(super) fn trailer(&mut self, line: &str) -> Label {
        if line.is_empty() {
            self.begin(Kind::StartLine);
            return ("end of body", CHUNKS, String::new());
        }
        let name = line.split(':').next().unwrap_or_default();
        ("trailer field", "RFC 9112 §7.1.2", names::field(name).0.into())
    }
}

/// What a line of an event stream is.
fn event_field(line: &str) -> (&'static str, String) {
    let (name, value) = line.split_once(':').unwrap_or((line, ""));
    let value = value.strip_prefix(' ').unwrap_or(value);
    match name {
        "" if line.is_empty() => ("end of event", "now it fires".into()),
        "" => ("comment", "ignored; a sign of life".into()),
        "event" => ("event", "the event type".into()),
        "data" => ("data", "a line of data".into()),
        "id" => ("id", "the last event ID".into()),
        "retry" => (
            "retry",
            value.parse().map_or("ignored: not a number".into(), |ms: u64| {
                format!("reconnect after {ms} ms")
            }),
        ),
        _ => ("unknown field", "ignored".into()),
    }
}
