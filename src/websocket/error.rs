//! What can go wrong on an open WebSocket: one variant for each rule that a peer can break.
//!
//! Comes first in `websocket`: frames, messages and the closing handshake all report here. Read as
//! a list, [`Violation`] is the checklist of RFC 6455 for whoever receives. `close` says, in one
//! `match`, with which status code each breach is answered.

use std::{fmt, io};

/// Why nothing more can be read or sent.
#[derive(Debug)]
pub enum Error {
    /// The socket failed, or the peer did not read for as long as it may.
    Io(io::Error),
    /// The peer broke a rule. It is told so with a Close before the connection ends (RFC 6455
    /// §7.1.7).
    Violation(Violation),
    /// The stream ended inside a frame. A browser calls this 1006.
    CutOff {
        /// Inside what.
        part: &'static str,
        /// How many bytes it should have had.
        expected: u64,
        /// How many came.
        came: u64,
    },
    /// The stream ended between two frames of one message, of which so many bytes had come.
    Unfinished {
        /// How many.
        came: u64,
    },
    /// The peer said nothing for too long, and did not answer the Ping that asked whether it was
    /// there.
    Silent,
    /// Nothing may be sent after a Close (RFC 6455 §5.5.1), whichever side began.
    Closed,
}

/// A rule that the peer broke, and with what.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Violation {
    /// RFC 6455 §5.2: RSV1–3 are 0 unless an extension says otherwise, and we agree to none.
    ReservedBits {
        /// The three bits, as a number.
        bits: u8,
    },
    /// RFC 6455 §5.2: opcodes 3–7 and 11–15 have no meaning.
    UnknownOpcode {
        /// The opcode.
        opcode: u8,
    },
    /// RFC 6455 §5.1: a client masks every frame.
    NotMasked,
    /// RFC 6455 §5.1: a server masks none.
    Masked,
    /// RFC 6455 §5.2: a length is written in the fewest bytes that hold it.
    LengthNotMinimal {
        /// The length.
        length: u64,
        /// In how many bytes it came.
        bytes: usize,
    },
    /// RFC 6455 §5.2: the first bit of a length in eight bytes is 0.
    LengthTopBit {
        /// The eight bytes as a number.
        length: u64,
    },
    /// RFC 6455 §5.5: a control frame is not fragmented.
    ControlFragmented {
        /// Its opcode.
        opcode: u8,
    },
    /// RFC 6455 §5.5: a control frame has 125 bytes of payload at most.
    ControlTooLong {
        /// The length as it stands in byte 1: 126 or 127, which announce a longer one.
        length: u8,
    },
    /// RFC 6455 §5.4: a continuation frame continues a message.
    NothingToContinue,
    /// RFC 6455 §5.4: a message ends before the next one begins.
    MessageInterrupted {
        /// The opcode that came instead of 0.
        opcode: u8,
    },
    /// RFC 6455 §5.5.1: the payload of a Close is empty or begins with a status code in two bytes.
    CloseTooShort,
    /// RFC 6455 §7.4: some numbers are no status codes, and some may not be sent.
    CloseCode {
        /// The number.
        code: u16,
    },
    /// RFC 6455 §5.5.1: the reason of a Close is UTF-8.
    CloseReason(NotUtf8),
    /// RFC 6455 §5.6: the payload of a text message is UTF-8.
    Text(NotUtf8),
    /// RFC 6455 §10.4: how long a message may be is for each side to say.
    MessageTooLong {
        /// How long it would become with this frame, in bytes.
        length: u64,
        /// The limit, in bytes.
        limit: usize,
    },
}

/// Where a text stops being UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotUtf8 {
    /// How many bytes of it are right.
    pub at: usize,
    /// The byte after them; `None` where the text ends in the middle of a character.
    pub came: Option<u8>,
}

impl NotUtf8 {
    /// What std found wrong with `text`, of which byte 0 is byte `at` of the whole.
    pub(crate) fn new(error: std::str::Utf8Error, text: &[u8], at: usize) -> NotUtf8 {
        let valid = error.valid_up_to();
        NotUtf8 { at: at + valid, came: error.error_len().and_then(|_| text.get(valid).copied()) }
    }
}

impl Violation {
    /// The section of RFC 6455 that sets the rule.
    pub const fn section(self) -> &'static str {
        match self {
            Violation::NotMasked | Violation::Masked => "§5.1",
            Violation::ReservedBits { .. }
            | Violation::UnknownOpcode { .. }
            | Violation::LengthNotMinimal { .. }
            | Violation::LengthTopBit { .. } => "§5.2",
            Violation::NothingToContinue | Violation::MessageInterrupted { .. } => "§5.4",
            Violation::ControlFragmented { .. } | Violation::ControlTooLong { .. } => "§5.5",
            Violation::CloseTooShort | Violation::CloseReason(_) => "§5.5.1",
            Violation::Text(_) => "§5.6",
            Violation::CloseCode { .. } => "§7.4",
            Violation::MessageTooLong { .. } => "§10.4",
        }
    }
}

/// What was expected, what came, and where: for the log, and as the reason of the Close that
/// answers.
impl fmt::Display for Violation {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match *self {
            Violation::ReservedBits { bits } => {
                write!(f, "expected RSV1-3 to be 000; came {bits:03b} in byte 0")
            }
            Violation::UnknownOpcode { opcode } => {
                write!(f, "expected opcode 0, 1, 2, 8, 9 or 10; came {opcode} in byte 0")
            }
            Violation::NotMasked => {
                f.write_str("expected a masked frame from a client; came MASK 0 in byte 1")
            }
            Violation::Masked => {
                f.write_str("expected no masking from a server; came MASK 1 in byte 1")
            }
            Violation::LengthNotMinimal { length, bytes } => {
                write!(
                    f,
                    "expected the shortest form of length {length}; came {bytes} bytes from byte 2"
                )
            }
            Violation::LengthTopBit { length } => {
                write!(f, "expected a length below 2^63; came {length:#x} from byte 2")
            }
            Violation::ControlFragmented { opcode } => {
                write!(
                    f,
                    "expected FIN 1 in a control frame; came FIN 0, opcode {opcode} in byte 0"
                )
            }
            Violation::ControlTooLong { length } => {
                write!(
                    f,
                    "expected at most 125 bytes in a control frame; came length {length} in byte 1"
                )
            }
            Violation::NothingToContinue => {
                f.write_str("expected the first frame of a message; came opcode 0 in byte 0")
            }
            Violation::MessageInterrupted { opcode } => {
                write!(f, "expected a continuation of the message; came opcode {opcode} in byte 0")
            }
            Violation::CloseTooShort => {
                f.write_str("expected a Close of 0 or 2 to 125 bytes; came 1")
            }
            Violation::CloseCode { code } => {
                write!(f, "expected a status code that may be sent; came {code}")
            }
            Violation::CloseReason(NotUtf8 { at, came }) => write_utf8(f, "the reason", at, came),
            Violation::Text(NotUtf8 { at, came }) => write_utf8(f, "the text", at, came),
            Violation::MessageTooLong { length, limit } => {
                write!(
                    f,
                    "expected a message of at most {limit} bytes; came one of {length} or more"
                )
            }
        }?;
        write!(f, " ({})", self.section())
    }
}

fn write_utf8(f: &mut fmt::Formatter<'_>, what: &str, at: usize, came: Option<u8>) -> fmt::Result {
    write!(f, "expected UTF-8; at byte {at} of {what} came ")?;
    match came {
        Some(byte) => write!(f, "{byte:#04x}"),
        None => f.write_str("its end, inside a character"),
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => error.fmt(f),
            Error::Violation(violation) => write!(f, "RFC 6455: {violation}"),
            Error::CutOff { part, expected, came } => {
                write!(
                    f,
                    "expected {expected} bytes of {part}; came {came} and the end of the stream"
                )
            }
            Error::Unfinished { came } => {
                write!(
                    f,
                    "expected a continuation frame; came the end of the stream, {came} bytes into \
                     a message"
                )
            }
            Error::Silent => f.write_str("expected an answer to a Ping; came nothing"),
            Error::Closed => {
                f.write_str("expected an open WebSocket; it is closing (RFC 6455 §5.5.1)")
            }
        }
    }
}

impl std::error::Error for Error {}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

impl From<Violation> for Error {
    fn from(violation: Violation) -> Error {
        Error::Violation(violation)
    }
}

/// For the server, which logs what a connection ends with.
impl From<Error> for io::Error {
    fn from(error: Error) -> io::Error {
        let kind = match error {
            Error::Io(error) => return error,
            Error::Violation(_) => io::ErrorKind::InvalidData,
            Error::CutOff { .. } | Error::Unfinished { .. } => io::ErrorKind::UnexpectedEof,
            Error::Silent => io::ErrorKind::TimedOut,
            Error::Closed => io::ErrorKind::NotConnected,
        };
        io::Error::new(kind, error)
    }
}
