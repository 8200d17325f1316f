//! One WebSocket frame: from bytes (`read_from`) and to bytes (`write_frame`).
//!
//! Comes after the opening handshake, and before `message`, which joins frames.
//! Implements RFC 6455 §5.2 (layout), §5.5 (what a control frame may be).
//!
//! ```text
//! byte 0             byte 1            0, 2 or 8 bytes   0 or 4 bytes   n bytes
//! FIN RSV RSV RSV    MASK length       longer length     masking-key    payload
//!  1   0   0   0      1   7 bits       if 126 or 127     if MASK is 1
//! and opcode, 4 bits
//! ```
//!
//! A [`Header`] is everything before the payload. A [`Payload`] is read piece by piece, as much at
//! a time as has come, so that a length that somebody merely claims costs nothing. A [`Frame`] is
//! both together, for whoever wants to look at one.
//!
//! Left out: extensions. RSV1–3 must therefore be 0, and nothing is compressed.

use super::error::{Error, Violation};
use super::mask::{fresh_masking_key, mask};
use std::io::BufRead;

/// Byte 0: this frame is the last of its message.
const FIN: u8 = 0b1000_0000;
/// Byte 0: three bits for extensions.
const RSV: u8 = 0b0111_0000;
/// Byte 0: what the payload is.
const OPCODE: u8 = 0b0000_1111;
/// Byte 1: a masking-key stands before the payload.
const MASK: u8 = 0b1000_0000;
/// Byte 1: the length of the payload, or one of the two values below.
const LENGTH: u8 = 0b0111_1111;
/// The length stands in the next two bytes.
const LENGTH_16: u8 = 126;
/// The length stands in the next eight bytes.
const LENGTH_64: u8 = 127;

/// The longest payload of a control frame, in bytes (RFC 6455 §5.5).
pub const MAX_CONTROL: usize = 125;

/// What the payload of a frame is (RFC 6455 §5.2, §11.8).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Opcode {
    /// More of the message that an earlier frame began.
    Continuation = 0x0,
    /// A text message, or its beginning.
    Text = 0x1,
    /// A binary message, or its beginning.
    Binary = 0x2,
    /// No more will come.
    Close = 0x8,
    /// Are you there?
    Ping = 0x9,
    /// I am.
    Pong = 0xa,
}

impl Opcode {
    /// Whether this is a control frame: about the connection, not part of a message. The first of
    /// the four bits says so.
    pub const fn is_control(self) -> bool {
        self as u8 & 0b1000 != 0
    }
}

impl TryFrom<u8> for Opcode {
    type Error = Violation;

    fn try_from(opcode: u8) -> Result<Opcode, Violation> {
        match opcode {
            0x0 => Ok(Opcode::Continuation),
            0x1 => Ok(Opcode::Text),
            0x2 => Ok(Opcode::Binary),
            0x8 => Ok(Opcode::Close),
            0x9 => Ok(Opcode::Ping),
            0xa => Ok(Opcode::Pong),
            _ => Err(Violation::UnknownOpcode { opcode }),
        }
    }
}

/// Which end of the connection we are: it decides who masks.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Role {
    /// What comes is masked, what leaves is not.
    Server,
    /// What leaves is masked, what comes is not.
    Client,
}

/// Everything of a frame but its payload.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Header {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// What the payload is.
    pub opcode: Opcode,
    /// With what the payload is masked, if it is.
    pub masking_key: Option<[u8; 4]>,
    /// How long the payload is, in bytes.
    pub length: u64,
}

impl Header {
    /// Reads a header, by the steps of RFC 6455 §5.2. `None`: the stream ended before this frame
    /// began.
    ///
    /// ```
    /// use push_by_hand::websocket::{Header, Opcode, Role};
    /// let mut bytes = [0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d].as_slice();
    /// let header = Header::read_from(&mut bytes, Role::Server).unwrap().unwrap();
    /// assert_eq!((header.fin, header.opcode, header.length), (true, Opcode::Text, 5));
    /// ```
    ///
    /// # Errors
    /// The [`Violation`] that the header contains, as soon as the byte that shows it is here; or
    /// the end of the stream inside it.
    pub fn read_from(input: &mut impl BufRead, role: Role) -> Result<Option<Header>, Error> {
        if input.fill_buf()?.is_empty() {
            return Ok(None);
        }
        // 1. Byte 0: FIN, RSV1–3, opcode. Byte 1: MASK and the first form of the length.
        let [byte0, byte1] = read_array(input, "a frame's first two bytes")?;
        // 2. No extension was agreed on, so no extension bit may be set.
        if byte0 & RSV != 0 {
            return Err(Violation::ReservedBits { bits: (byte0 & RSV) >> 4 }.into());
        }
        // 3. The opcode is one of six.
        let opcode = Opcode::try_from(byte0 & OPCODE)?;
        let fin = byte0 & FIN != 0;
        // 4. Clients mask, servers do not (§5.1).
        let masked = byte1 & MASK != 0;
        match role {
            Role::Server if !masked => return Err(Violation::NotMasked.into()),
            Role::Client if masked => return Err(Violation::Masked.into()),
            _ => {}
        }
        // 5. A control frame is whole and short (§5.5), so that it fits between the frames of any
        //   message.
        let length = byte1 & LENGTH;
        if opcode.is_control() {
            if !fin {
                return Err(Violation::ControlFragmented { opcode: opcode as u8 }.into());
            }
            if usize::from(length) > MAX_CONTROL {
                return Err(Violation::ControlTooLong { length }.into());
            }
        }
        // 6. A length of 126 or 127 is not a length but says where it stands. Network byte order:
        //   the highest byte first.
        let length = match length {
            LENGTH_16 => match u16::from_be_bytes(read_array(input, "a length")?) {
                length @ 0..126 => {
                    return Err(
                        Violation::LengthNotMinimal { length: length.into(), bytes: 2 }.into()
                    );
                }
                length => u64::from(length),
            },
            LENGTH_64 => match u64::from_be_bytes(read_array(input, "a length")?) {
                length @ 0..65_536 => {
                    return Err(Violation::LengthNotMinimal { length, bytes: 8 }.into());
                }
                length if length >> 63 != 0 => {
                    return Err(Violation::LengthTopBit { length }.into());
                }
                length => length,
            },
            length => u64::from(length),
        };
        // 7. The key, which the length does not count.
        let masking_key = if masked { Some(read_array(input, "a masking-key")?) } else { None };
        Ok(Some(Header { fin, opcode, masking_key, length }))
    }

    /// Writes the header, its length in the shortest form.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        let byte0 = if self.fin { FIN } else { 0 } | self.opcode as u8;
        let mask = if self.masking_key.is_some() { MASK } else { 0 };
        if let Ok(length @ 0..LENGTH_16) = u8::try_from(self.length) {
            out.extend_from_slice(&[byte0, mask | length]);
        } else if let Ok(length) = u16::try_from(self.length) {
            out.extend_from_slice(&[byte0, mask | LENGTH_16]);
            out.extend_from_slice(&length.to_be_bytes());
        } else {
            out.extend_from_slice(&[byte0, mask | LENGTH_64]);
            out.extend_from_slice(&self.length.to_be_bytes());
        }
        if let Some(key) = self.masking_key {
            out.extend_from_slice(&key);
        }
    }

    /// The payload that follows, if with the `before` bytes that its message already has it stays
    /// within `limit`.
    ///
    /// # Errors
    /// [`Violation::MessageTooLong`], before a byte of it is read or room for one is made.
    pub fn payload(&self, before: usize, limit: usize) -> Result<Payload, Violation> {
        let too_long = || Violation::MessageTooLong {
            length: self.length.saturating_add(before as u64),
            limit,
        };
        let length = usize::try_from(self.length).map_err(|_| too_long())?;
        if length > limit.saturating_sub(before) {
            return Err(too_long());
        }
        Ok(Payload { length, left: length, masking_key: self.masking_key })
    }
}

/// A payload that is being read.
#[derive(Debug)]
pub struct Payload {
    length: usize,
    left: usize,
    masking_key: Option<[u8; 4]>,
}

impl Payload {
    /// How many bytes are still to come.
    pub const fn left(&self) -> usize {
        self.left
    }

    /// Appends what has come of the payload, unmasked; waits only if nothing has. Memory grows with
    /// what came, and not with what was announced.
    ///
    /// # Errors
    /// The end of the stream.
    pub fn read_piece(
        &mut self,
        input: &mut impl BufRead,
        into: &mut Vec<u8>,
    ) -> Result<(), Error> {
        let here = input.fill_buf()?;
        let n = here.len().min(self.left);
        if n == 0 && self.left > 0 {
            let came = (self.length - self.left) as u64;
            return Err(Error::CutOff {
                part: "a frame's payload",
                expected: self.length as u64,
                came,
            });
        }
        let start = into.len();
        into.extend_from_slice(&here[..n]);
        input.consume(n);
        if let Some(key) = self.masking_key {
            mask(&mut into[start..], key, self.length - self.left);
        }
        self.left -= n;
        Ok(())
    }
}

/// A whole frame. Masking is not part of it: that happens on the way in and on the way out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Frame {
    /// Whether this is the last frame of its message.
    pub fin: bool,
    /// What the payload is.
    pub opcode: Opcode,
    /// The payload, unmasked.
    pub payload: Vec<u8>,
}

impl Frame {
    /// Reads a frame and unmasks it. `None`: the stream ended before this frame began.
    ///
    /// # Errors
    /// As [`Header::read_from`]; [`Violation::MessageTooLong`] for a payload of more than `limit`
    /// bytes.
    pub fn read_from(
        input: &mut impl BufRead,
        role: Role,
        limit: usize,
    ) -> Result<Option<Frame>, Error> {
        let Some(header) = Header::read_from(input, role)? else { return Ok(None) };
        let mut rest = header.payload(0, limit)?;
        let mut payload = Vec::new();
        while rest.left() > 0 {
            rest.read_piece(input, &mut payload)?;
        }
        Ok(Some(Frame { fin: header.fin, opcode: header.opcode, payload }))
    }
}

/// Writes a frame; a client masks it with a fresh key.
///
/// ```
/// use push_by_hand::websocket::{Opcode, Role, write_frame};
/// let mut bytes = Vec::new();
/// write_frame(&mut bytes, Role::Server, true, Opcode::Text, b"Hello");
/// assert_eq!(bytes, b"\x81\x05Hello");
/// ```
pub fn write_frame(out: &mut Vec<u8>, role: Role, fin: bool, opcode: Opcode, payload: &[u8]) {
    let masking_key = match role {
        Role::Server => None,
        Role::Client => Some(fresh_masking_key()),
    };
    Header { fin, opcode, masking_key, length: payload.len() as u64 }.write_to(out);
    let start = out.len();
    out.extend_from_slice(payload);
    if let Some(key) = masking_key {
        mask(&mut out[start..], key, 0);
    }
}

/// A server's text message as the bytes of its frame. Nothing in them depends on who reads it, so
/// they can be made once for all.
///
/// ```
/// assert_eq!(push_by_hand::websocket::text_frame("Hello"), b"\x81\x05Hello");
/// ```
pub fn text_frame(text: &str) -> Vec<u8> {
    let mut bytes = Vec::new();
    write_frame(&mut bytes, Role::Server, true, Opcode::Text, text.as_bytes());
    bytes
}

/// Reads exactly `N` bytes, however few of them come at a time.
fn read_array<const N: usize>(
    input: &mut impl BufRead,
    part: &'static str,
) -> Result<[u8; N], Error> {
    let mut bytes = [0; N];
    let mut came = 0;
    while came < N {
        let n = input.fill_buf()?.len().min(N - came);
        if n == 0 {
            return Err(Error::CutOff { part, expected: N as u64, came: came as u64 });
        }
        input.read_exact(&mut bytes[came..came + n])?;
        came += n;
    }
    Ok(bytes)
}
