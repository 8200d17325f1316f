//! One direction: the part at hand, and what the heads before it have said.

use crate::http::Status;
use crate::websocket::Opcode;
use crate::wire::{Direction, Part};
use std::mem;

/// How many bytes of a part are kept.
pub const KEPT: usize = 1024;
/// The longest line, in bytes: a longer one is shown in pieces.
const LONGEST_LINE: u64 = 16 * 1024;

/// Where one direction stands.
#[derive(Default)]
pub(super) struct Side {
    /// What the part at hand is.
    pub(super) kind: Kind,
    /// How many bytes it may still take.
    pub(super) left: u64,
    /// Its beginning, and its length so far.
    pub(super) held: Vec<u8>,
    pub(super) length: u64,
    pub(super) head: Head,
    pub(super) frame: FrameHead,
    /// Whether the command to Redis at hand begins with AUTH; `None` before its first word.
    pub(super) secret: Option<bool>,
}

#[derive(Clone, Copy, Default, PartialEq, Eq)]
pub(super) enum Kind {
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
pub(super) struct Head {
    /// The status code of an answer; none for a request.
    pub(super) status: Option<Status>,
    pub(super) head_only: bool,
    pub(super) length: Option<u64>,
    pub(super) chunked: bool,
    pub(super) events: bool,
    pub(super) websocket: bool,
    /// The body lasts as long as the connection.
    pub(super) endless: bool,
    /// In an event stream, the last byte: after a CR, an LF still belongs to the same line end.
    pub(super) last: u8,
    /// In an event stream, the field that the end of a chunk cut in two.
    pub(super) cut: Option<&'static str>,
    /// In an event stream, whether the block so far has data: without, no event fires.
    pub(super) data: bool,
}

/// What a frame says about its payload.
#[derive(Default)]
pub(super) struct FrameHead {
    /// None of a reserved one.
    pub(super) opcode: Option<Opcode>,
    pub(super) masked: bool,
    pub(super) key: [u8; 4],
    pub(super) length: u64,
}

/// A part's name, section and meaning.
pub(super) type Label = (&'static str, &'static str, String);

impl Side {
    /// Begins a part, and says how many bytes it may have: those of a fixed size exactly so many, a
    /// line at most so many.
    pub(super) fn begin(&mut self, kind: Kind) {
        self.kind = kind;
        self.left = match kind {
            Kind::FrameHead | Kind::ChunkEnd => 2,
            Kind::MaskingKey => 4,
            Kind::Body if self.head.events => u64::MAX,
            Kind::Body => KEPT as u64,
            _ => LONGEST_LINE,
        };
    }

    /// The part at hand, still without a name.
    pub(super) fn part(&mut self, direction: Direction) -> Part {
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
    pub(super) fn take(&mut self, bytes: &[u8]) -> (usize, bool) {
        let within =
            &bytes[..usize::try_from(self.left).map_or(bytes.len(), |left| left.min(bytes.len()))];
        let (n, ended) = match self.kind {
            Kind::Body if self.head.events => self.event_line(within),
            Kind::Body if !self.head.endless => (within.len(), false),
            Kind::FrameHead
            | Kind::ExtendedLength
            | Kind::MaskingKey
            | Kind::Payload
            | Kind::Bulk => (within.len(), false),
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
}

pub(super) fn count_of(count: u64) -> String {
    format!("{count} byte{}", if count == 1 { "" } else { "s" })
}
