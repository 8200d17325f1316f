//! The dissector: bytes go in as they cross, parts come out as they become whole.
//!
//! Stands between a tap and whoever shows the parts. The readers of `http` and `websocket` block
//! until they have what they need; this one is fed what there is, so it remembers where it was. Any
//! cut of the same bytes gives the same parts.
//!
//! ```text
//! StartLine ─▶ Field… ─▶ Body ──────────────────────────────────────────────▶ StartLine
//!                    ├─▶ ChunkSize ─▶ Body ─▶ ChunkEnd ─▶ ChunkSize … Trailer ─┘
//!                    └─▶ FrameHead ─▶ ExtendedLength ─▶ MaskingKey ─▶ Payload ─▶ FrameHead
//! Value ─▶ Bulk ─▶ Value                       where our first byte is the `*` of a Redis command
//! ```
//!
//! Implements the outlines of RFC 9112 §2 to §7, HTML, "Server-sent events", and RFC 6455 §5.2.
//! What fits nothing is a part that says so. A part is kept by its beginning and its length: no
//! input makes the state larger than a few KiB a direction.
//!
//! Left out: codings other than chunked, and all that a strict reader must check.

use super::{Direction, Part, names, resp};
use crate::http::Status;
use crate::websocket::{Opcode, mask};
use std::collections::VecDeque;
use std::mem;

/// How many bytes of a part are kept.
pub const KEPT: usize = 1024;
/// The longest line, in bytes: a longer one is shown in pieces.
const LONGEST_LINE: u64 = 16 * 1024;
/// How many requests may wait for their answers; of what comes beyond, it is forgotten whether it
/// was HEAD.
const MAX_ASKED: usize = 1024;

const EVENTS: &str = "HTML, Server-sent events";
const CHUNKS: &str = "RFC 9112 §7.1";
const FRAMES: &str = "RFC 6455 §5.2";

/// One connection, both directions. Which end is the client is seen from what it sends.
///
/// ```
/// use push_by_hand::wire::{Direction, Dissector};
/// let mut dissector = Dissector::default();
/// let parts = dissector.read(Direction::In, b"GET /clock HTTP/1.1\r\nHost: localhost:8080\r\n\r\n");
/// let names: Vec<_> = parts.iter().map(|part| (part.name, part.length, part.section)).collect();
/// assert_eq!(names, [
///     ("request-line", 21, "RFC 9112 §3"), ("field line", 22, "RFC 9110 §7.2"), ("end of head", 2, "RFC 9112 §2.1"),
/// ]);
/// ```
#[derive(Default)]
pub struct Dissector {
    sides: [Side; 2],
    /// For each request without an answer yet, whether it was HEAD, whose answer has a length and
    /// no body.
    asked: VecDeque<bool>,
    /// Who said 101: that direction carries the server's frames, the other one the client's.
    switched: Option<Direction>,
    /// Whether this is a connection to Redis. Nobody else is spoken to first with a `*`.
    redis: Option<bool>,
}

/// Where one direction stands.
#[derive(Default)]
struct Side {
    /// What the part at hand is.
    state: State,
    /// How many bytes it may still take.
    left: u64,
    /// Its beginning, and its length so far.
    held: Vec<u8>,
    length: u64,
    head: Head,
    frame: Frame,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
enum State {
    #[default]
    StartLine,
    Field,
    Body,
    ChunkSize,
    ChunkEnd,
    Trailer,
    FrameHead,
    ExtendedLength,
    MaskingKey,
    Payload,
    Value,
    Bulk,
}

/// What a head says about what follows it.
#[derive(Default)]
struct Head {
    /// The status code of an answer; none for a request.
    status: Option<Status>,
    head_only: bool,
    length: Option<u64>,
    chunked: bool,
    events: bool,
    websocket: bool,
    /// The body lasts as long as the connection.
    endless: bool,
    /// In an event stream, the last byte: after a CR, an LF still belongs to the same line end.
    last: u8,
    /// In an event stream, the field that the end of a chunk cut in two.
    cut: Option<&'static str>,
    /// In an event stream, whether the block so far has data: without, no event fires.
    data: bool,
}

/// What a frame says about its payload.
#[derive(Default)]
struct Frame {
    /// None of a reserved one.
    opcode: Option<Opcode>,
    masked: bool,
    key: [u8; 4],
    length: u64,
}

/// A part's name, section and meaning.
type Said = (&'static str, &'static str, String);

impl Dissector {
    /// The parts that these bytes complete.
    pub fn read(&mut self, direction: Direction, mut bytes: &[u8]) -> Vec<Part> {
        let mut parts = Vec::new();
        while let Some(&first) = bytes.first() {
            let spoken = direction == Direction::Out && first == b'*';
            let redis = *self.redis.get_or_insert(spoken);
            let side = &mut self.sides[direction as usize];
            if side.state == State::StartLine && side.length == 0 {
                // A client must wait for the 101 (RFC 6455 §4.1). One that does not is read all the
                // same: no request begins with a byte that begins a frame without extensions.
                let early = side.head.websocket
                    && side.head.status.is_none()
                    && !first.is_ascii_graphic()
                    && !first.is_ascii_whitespace();
                side.begin(match early || self.switched.is_some() {
                    _ if redis => State::Value,
                    true => State::FrameHead,
                    false => State::StartLine,
                });
            }
            let (n, whole) = side.take(bytes);
            bytes = &bytes[n..];
            if whole {
                self.complete(direction, &mut parts);
            }
        }
        parts
    }

    /// What is left of each direction when the connection is over.
    pub fn end(&mut self) -> Vec<Part> {
        let mut parts = Vec::new();
        for direction in [Direction::In, Direction::Out] {
            let side = &mut self.sides[direction as usize];
            if side.state == State::StartLine || side.head.endless || side.length == 0 {
                self.complete(direction, &mut parts);
            } else {
                let meaning = "the connection ended".into();
                parts.push(Part {
                    name: "unfinished",
                    section: "RFC 9112 §8",
                    meaning,
                    ..side.part(direction)
                });
            }
        }
        parts
    }

    /// How many bytes the state holds on to, for a test to bound.
    #[cfg(test)]
    pub(super) fn held(&self) -> usize {
        self.sides.iter().map(|side| side.held.capacity()).sum::<usize>() + self.asked.capacity()
    }

    /// The part at hand is whole: names it, and sets out for the next.
    fn complete(&mut self, direction: Direction, parts: &mut Vec<Part>) {
        let side = &mut self.sides[direction as usize];
        let mut part = side.part(direction);
        if part.length == 0 {
            side.head.cut = None;
            return;
        }
        let bytes = part.bytes.as_slice();
        let text = String::from_utf8_lossy(bytes);
        let line = text.trim_end_matches(['\r', '\n']);
        let (name, section, meaning) = match side.state {
            State::StartLine => self.start_line(direction, line),
            State::Field if line.is_empty() => {
                ("end of head", "RFC 9112 §2.1", self.end_head(direction))
            }
            State::Field => side.field(line),
            State::Body => side.body(line, part.length),
            State::ChunkSize => side.chunk_size(line),
            State::ChunkEnd => {
                side.begin(State::ChunkSize);
                (
                    "end of chunk",
                    CHUNKS,
                    if line.is_empty() { String::new() } else { "wrong: no line end".into() },
                )
            }
            State::Trailer if line.is_empty() => {
                side.begin(State::StartLine);
                ("end of body", "RFC 9112 §7.1", String::new())
            }
            State::Trailer => (
                "trailer field",
                "RFC 9112 §7.1.2",
                names::field(line.split(':').next().unwrap_or("")).0.into(),
            ),
            State::FrameHead => {
                let client = self.switched != Some(direction);
                return side.frame_head(&part, client, parts);
            }
            State::Value if let Some(left) = resp::bulk_behind(bytes) => {
                (side.state, side.left) = (State::Bulk, left);
                (side.held, side.length) = (part.bytes, part.length);
                return;
            }
            State::Value | State::Bulk => {
                side.begin(State::Value);
                let line = bytes.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default();
                let (name, meaning) = resp::part(direction, line.trim_ascii_end());
                (name, resp::SECTION, meaning)
            }
            State::ExtendedLength => side.extended_length(bytes),
            State::MaskingKey => {
                side.frame.key.copy_from_slice(bytes);
                side.begin_payload();
                ("masking-key", "RFC 6455 §5.3", "a new one every frame".into())
            }
            State::Payload => {
                // Without a mask the key is 0, and changes nothing.
                let mut clear = bytes.to_vec();
                mask(&mut clear, side.frame.key, 0);
                let meaning = payload(side.frame.opcode, &clear);
                part.unmasked = Some(clear).filter(|_| side.frame.masked);
                side.begin(State::FrameHead);
                ("payload", FRAMES, meaning)
            }
        };
        parts.push(Part { name, section, meaning, ..part });
    }

    /// A line that begins a message, or does not.
    fn start_line(&mut self, direction: Direction, line: &str) -> Said {
        let side = &mut self.sides[direction as usize];
        let mut words = line.split(' ');
        let (first, second, third) =
            (words.next().unwrap_or(""), words.next().unwrap_or(""), words.next().unwrap_or(""));
        if first.starts_with("HTTP/") {
            let Some(status) = second.parse().ok().and_then(Status::new) else {
                return ("not HTTP", "RFC 9112 §4", "wrong: no status code".into());
            };
            // An interim answer leaves the question open.
            let head_only =
                matches!(status.code(), 101 | 200..) && self.asked.pop_front().unwrap_or(false);
            side.head = Head { status: Some(status), head_only, ..Head::default() };
            side.begin(State::Field);
            ("status-line", "RFC 9112 §4", names::status(status).into())
        } else if third.starts_with("HTTP/") && words.next().is_none() {
            if self.asked.len() < MAX_ASKED {
                self.asked.push_back(first == "HEAD");
            }
            side.head = Head::default();
            side.begin(State::Field);
            ("request-line", "RFC 9112 §3", names::method(first).into())
        } else if line.is_empty() {
            ("empty line", "RFC 9112 §2.2", "ignored before a request".into())
        } else if line.starts_with("\u{16}\u{3}") {
            ("not HTTP", "RFC 8446 §5.1", "TLS: was https:// asked?".into())
        } else {
            ("not HTTP", "RFC 9112 §2.1", String::new())
        }
    }

    /// RFC 9112 §6.3: where the body ends, and with it the message.
    fn end_head(&mut self, direction: Direction) -> String {
        let side = &mut self.sides[direction as usize];
        let head = &mut side.head;
        let code = head.status.map(Status::code);
        let bodiless = head.head_only || head.status.is_some_and(Status::never_has_content);
        if code == Some(101) && head.websocket {
            self.switched = Some(direction);
            side.begin(State::FrameHead);
            return "now WebSocket frames".into();
        }
        match head.length {
            _ if head.chunked && !bodiless => {
                side.begin(State::ChunkSize);
                "a body in chunks follows".into()
            }
            Some(length @ 1..) if !bodiless => {
                side.begin(State::Body);
                side.left = length;
                format!("{} to come", count_of(length))
            }
            None if head.status.is_some() && !bodiless => {
                head.endless = true;
                side.begin(State::Body);
                "a body up to the close".into()
            }
            _ => {
                side.begin(State::StartLine);
                "no body follows".into()
            }
        }
    }
}

impl Side {
    /// Sets out for a part. Those of fixed size take so many bytes, lines as many as a line may
    /// have.
    fn begin(&mut self, state: State) {
        self.state = state;
        self.left = match state {
            State::FrameHead | State::ChunkEnd => 2,
            State::MaskingKey => 4,
            State::Body if self.head.events => u64::MAX,
            State::Body => KEPT as u64,
            _ => LONGEST_LINE,
        };
    }

    /// The part at hand, still without a name.
    fn part(&mut self, direction: Direction) -> Part {
        let (bytes, length) = (mem::take(&mut self.held), mem::take(&mut self.length));
        Part {
            direction,
            bytes,
            length,
            bits: None,
            unmasked: None,
            name: "",
            meaning: String::new(),
            section: "",
        }
    }

    /// Takes what belongs to the part at hand. Returns how many bytes that was, and whether the
    /// part is whole.
    fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        let within =
            &bytes[..usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()))];
        let (n, ended) = match self.state {
            State::Body if self.head.events => self.event_line(within),
            State::Body if !self.head.endless => (within.len(), false),
            State::FrameHead
            | State::ExtendedLength
            | State::MaskingKey
            | State::Payload
            | State::Bulk => (within.len(), false),
            _ => match within.iter().position(|&byte| byte == b'\n') {
                Some(end) => (end + 1, true),
                None => (within.len(), false),
            },
        };
        self.held.extend_from_slice(&within[..n.min(KEPT - self.held.len())]);
        self.length += n as u64;
        self.left -= n as u64;
        (n, ended || self.left == 0)
    }

    /// Where the line of an event stream ends, which CR, LF and CRLF all do: after a CR, the next
    /// byte tells.
    fn event_line(&mut self, bytes: &[u8]) -> (usize, bool) {
        let after_cr = self.head.last == b'\r';
        let end = bytes.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
        let (n, ended) = match end {
            _ if after_cr => (usize::from(bytes[0] == b'\n'), true),
            Some(end) => (end + 1, bytes[end] == b'\n'),
            None => (bytes.len(), false),
        };
        self.head.last = if n > 0 { bytes[n - 1] } else { 0 };
        (n, ended)
    }

    fn field(&mut self, line: &str) -> Said {
        let Some((name, value)) = line.split_once(':') else {
            return ("field line", "RFC 9112 §5", "wrong: no colon".into());
        };
        let value = value.trim().to_ascii_lowercase();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => self.head.length = value.parse().ok(),
            "transfer-encoding" => self.head.chunked = value.ends_with("chunked"),
            "content-type" => self.head.events = value.starts_with("text/event-stream"),
            "upgrade" => self.head.websocket = value == "websocket",
            _ => {}
        }
        let (meaning, section) = names::field(name);
        ("field line", section, meaning.into())
    }
}

impl Side {
    /// What can be said about a piece of a body.
    fn body(&mut self, line: &str, length: u64) -> Said {
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
            self.begin(State::Body);
        } else if self.left == 0 {
            self.begin(if self.head.chunked { State::ChunkEnd } else { State::StartLine });
        }
        said
    }

    fn chunk_size(&mut self, line: &str) -> Said {
        let digits = line.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(line.len());
        let Ok(size) = u64::from_str_radix(&line[..digits], 16) else {
            self.begin(State::StartLine);
            return ("chunk size", CHUNKS, "wrong: not hexadecimal".into());
        };
        if size == 0 {
            self.begin(State::Trailer);
            return ("last chunk", CHUNKS, "nothing follows".into());
        }
        self.begin(State::Body);
        self.left = size;
        ("chunk size", CHUNKS, count_of(size))
    }

    /// The first two bytes of a frame: five parts.
    fn frame_head(&mut self, whole: &Part, client: bool, parts: &mut Vec<Part>) {
        let bytes = &whole.bytes;
        let (fin, rsv, number) =
            (bytes[0] & 0b1000_0000 != 0, bytes[0] & 0b0111_0000, bytes[0] & 0b0000_1111);
        let (masked, length) = (bytes[1] & 0b1000_0000 != 0, bytes[1] & 0b0111_1111);
        // Reserved opcodes are told apart, too: the first of their bits makes a control frame.
        let (opcode, control) = (Opcode::try_from(number).ok(), number & 0b1000 != 0);
        let fin = match fin {
            true if control || number == 0 => "final",
            true => "final: the whole message",
            false if control => "wrong: it cannot be cut",
            false => "more frames to come",
        };
        let mask = match (masked, client) {
            (true, true) => "masked: from the client",
            (false, false) => "bare: from the server",
            (false, true) => "wrong: a client must mask",
            (true, false) => "wrong: a server must not",
        };
        let size = match length {
            126.. if control => "wrong: at most 125".into(),
            126 => "see the next 2 bytes".into(),
            127 => "see the next 8 bytes".into(),
            length => count_of(length.into()),
        };
        let rsv = if rsv == 0 { "no extension in use" } else { "wrong: no extension is on" };
        for (name, bits, meaning, section) in [
            ("FIN", 0..1, fin, FRAMES),
            ("RSV1-3", 1..4, rsv, FRAMES),
            ("opcode", 4..8, names::opcode(opcode), FRAMES),
            ("MASK", 8..9, mask, "RFC 6455 §5.1"),
            ("payload length", 9..16, &size, FRAMES),
        ] {
            parts.push(Part {
                name,
                bits: Some(bits),
                meaning: meaning.into(),
                section,
                ..whole.clone()
            });
        }
        self.frame = Frame { opcode, masked, key: [0; 4], length: length.into() };
        if length < 126 {
            self.after_length();
        } else {
            self.begin(State::ExtendedLength);
            self.left = if length == 126 { 2 } else { 8 };
        }
    }

    fn extended_length(&mut self, bytes: &[u8]) -> Said {
        let length = bytes.iter().fold(0, |length, &byte| length << 8 | u64::from(byte));
        self.frame.length = length;
        self.after_length();
        let shortest = if bytes.len() == 2 { 126 } else { 65_536 };
        let meaning = match length {
            length if length < shortest => format!("wrong: {length} fits in less"),
            length if length >> 63 == 1 => "wrong: the first bit is 0".into(),
            length => count_of(length),
        };
        ("extended payload length", FRAMES, meaning)
    }

    /// After the length comes the key, or, without one, the payload.
    fn after_length(&mut self) {
        if self.frame.masked { self.begin(State::MaskingKey) } else { self.begin_payload() }
    }

    /// A frame may have no payload at all: then the next frame begins.
    fn begin_payload(&mut self) {
        self.begin(if self.frame.length > 0 { State::Payload } else { State::FrameHead });
        if self.frame.length > 0 {
            self.left = self.frame.length;
        }
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

/// What a payload is, by the opcode of its frame.
fn payload(opcode: Option<Opcode>, bytes: &[u8]) -> String {
    match (opcode, bytes) {
        (Some(Opcode::Continuation), _) => "the message goes on".into(),
        (Some(Opcode::Text), _) => "text".into(),
        (Some(Opcode::Binary), _) => "binary data".into(),
        (Some(Opcode::Close), &[high, low, ..]) => {
            let code = u16::from_be_bytes([high, low]);
            format!("close code {code}: {}", names::close_code(code))
        }
        (Some(Opcode::Close), _) => "wrong: half a close code".into(),
        (Some(Opcode::Ping), _) => "a pong will bring it back".into(),
        (Some(Opcode::Pong), _) => "what the ping brought".into(),
        (None, _) => String::new(),
    }
}

fn count_of(count: u64) -> String {
    format!("{count} byte{}", if count == 1 { "" } else { "s" })
}
