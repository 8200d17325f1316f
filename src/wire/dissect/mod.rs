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

mod bodies;
mod frames;
mod heads;
mod resp;
mod side;

pub use side::KEPT;

use super::{Direction, Part};
use side::{Kind, Side};
use std::collections::VecDeque;

/// One connection, both directions. Which end is the client is seen from what it sends.
///
/// ```
/// use push_by_hand::wire::{Direction, Dissector};
/// let mut dissector = Dissector::default();
/// let request = b"GET /clock HTTP/1.1\r\nHost: localhost:8080\r\n\r\n";
/// let parts = dissector.read(Direction::In, request);
/// let names: Vec<_> = parts.iter().map(|part| (part.name, part.length, part.section)).collect();
/// assert_eq!(names, [
///     ("request-line", 21, "RFC 9112 §3"),
///     ("field line", 22, "RFC 9110 §7.2"),
///     ("end of head", 2, "RFC 9112 §2.1"),
/// ]);
/// ```
#[derive(Default)]
pub struct Dissector {
    sides: [Side; 2],
    /// For each request without an answer yet, whether it was HEAD, whose answer has a length and
    /// no body.
    asked: VecDeque<bool>,
    /// The direction in which a 101 went: it carries the server's frames, the other the client's.
    switched: Option<Direction>,
    /// Whether this is a connection to Redis: the first byte that we send on it is a `*`.
    redis: Option<bool>,
}

impl Dissector {
    /// The parts that these bytes complete.
    pub fn read(&mut self, direction: Direction, mut bytes: &[u8]) -> Vec<Part> {
        let mut parts = Vec::new();
        while let Some(&first) = bytes.first() {
            let spoken = direction == Direction::Out && first == b'*';
            let redis = *self.redis.get_or_insert(spoken);
            let side = &mut self.sides[direction as usize];
            if side.kind == Kind::StartLine && side.length == 0 {
                // A client must wait for the 101 (RFC 6455 §4.1). One that does not is read all the
                // same: no request begins with a byte that begins a frame without extensions.
                let early = side.head.websocket
                    && side.head.status.is_none()
                    && !first.is_ascii_graphic()
                    && !first.is_ascii_whitespace();
                side.begin(match early || self.switched.is_some() {
                    _ if redis => Kind::Value,
                    true => Kind::FrameHead,
                    false => Kind::StartLine,
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
            if side.kind == Kind::StartLine || side.head.endless || side.length == 0 {
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

    /// The part at hand is whole: names it, and begins the next.
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
        let (name, section, meaning) = match side.kind {
            Kind::StartLine => side.start_line(&mut self.asked, line),
            Kind::Field if line.is_empty() => {
                let meaning = side.end_head();
                if side.kind == Kind::FrameHead {
                    self.switched = Some(direction);
                }
                ("end of head", "RFC 9112 §2.1", meaning)
            }
            Kind::Field => side.field(line),
            Kind::Body => side.body(line, part.length),
            Kind::ChunkSize => side.chunk_size(line),
            Kind::ChunkEnd => side.chunk_end(line),
            Kind::Trailer => side.trailer(line),
            Kind::FrameHead => {
                let client = self.switched != Some(direction);
                return side.frame_head(&part, client, parts);
            }
            Kind::Value if let Some(left) = resp::bulk_behind(bytes) => {
                (side.kind, side.left) = (Kind::Bulk, left);
                (side.held, side.length) = (part.bytes, part.length);
                return;
            }
            Kind::Value | Kind::Bulk => side.value(&mut part),
            Kind::ExtendedLength => side.extended_length(bytes),
            Kind::MaskingKey => side.masking_key(bytes),
            Kind::Payload => {
                let (label, unmasked) = side.payload(bytes);
                part.unmasked = unmasked;
                label
            }
        };
        parts.push(Part { name, section, meaning, ..part });
    }
}
