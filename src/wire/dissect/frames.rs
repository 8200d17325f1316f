//! WebSocket frames, down to their bits: RFC 6455 §5.2.

use super::side::{FrameHead, Kind, Label, Side, count_of};
use crate::websocket::{Opcode, mask};
use crate::wire::{Part, names};

const FRAMES: &str = "RFC 6455 §5.2";

impl Side {
    /// The first two bytes of a frame: five parts.
    pub(super) fn frame_head(&mut self, whole: &Part, client: bool, parts: &mut Vec<Part>) {
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
        self.frame = FrameHead { opcode, masked, key: [0; 4], length: length.into() };
        if length < 126 {
            self.after_length();
        } else {
            self.begin(Kind::ExtendedLength);
            self.left = if length == 126 { 2 } else { 8 };
        }
    }

    /// The length, where it stands in two or eight bytes of its own.
    pub(super) fn extended_length(&mut self, bytes: &[u8]) -> Label {
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
        if self.frame.masked { self.begin(Kind::MaskingKey) } else { self.begin_payload() }
    }

    /// A frame may have no payload at all: then the next frame begins.
    fn begin_payload(&mut self) {
        self.begin(if self.frame.length > 0 { Kind::Payload } else { Kind::FrameHead });
        if self.frame.length > 0 {
            self.left = self.frame.length;
        }
    }
    pub(super) fn masking_key(&mut self, bytes: &[u8]) -> Label {
        self.frame.key.copy_from_slice(bytes);
        self.begin_payload();
        ("masking-key", "RFC 6455 §5.3", "a new one every frame".into())
    }

    /// The payload, and what it is without its mask, if it has one.
    pub(super) fn payload(&mut self, bytes: &[u8]) -> (Label, Option<Vec<u8>>) {
        // Without a mask the key is 0, and changes nothing.
        let mut clear = bytes.to_vec();
        mask(&mut clear, self.frame.key, 0);
        let meaning = meaning_of(self.frame.opcode, &clear);
        self.begin(Kind::FrameHead);
        (("payload", FRAMES, meaning), Some(clear).filter(|_| self.frame.masked))
    }
}

/// What a payload is, by the opcode of its frame.
fn meaning_of(opcode: Option<Opcode>, bytes: &[u8]) -> String {
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
