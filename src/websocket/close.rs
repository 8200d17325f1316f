//! Why a WebSocket ends: the status code and the reason in the payload of a Close.
//!
//! Comes after `frame`, of which it reads one payload. Implements RFC 6455 §5.5.1 (the payload),
//! §7.4 (the codes).
//!
//! ```text
//! 2 bytes        0 to 123 bytes
//! status code    reason, UTF-8           or nothing at all
//! ```
//!
//! Three numbers exist only on this side of the wire: 1005 says that a Close came without a code,
//! 1006 that none came at all, and 1015 that TLS failed. A browser reports them; a [`CloseCode`]
//! cannot hold them, so they can be neither sent nor accepted.

use super::error::{NotUtf8, Violation};
use super::frame::MAX_CONTROL;
use std::fmt;
use std::ops::RangeInclusive;

/// Every status code with its name (RFC 6455 §7.4.1; 1012 to 1014 are from the registry of §11.7).
/// The terminal, the wire view and the pages say the same.
const CODES: [(RangeInclusive<u16>, &str); 17] = [
    (1000..=1000, "normal closure"),
    (1001..=1001, "going away"),
    (1002..=1002, "protocol error"),
    (1003..=1003, "unsupported data"),
    (1005..=1005, "no code"),
    (1006..=1006, "no Close came"),
    (1007..=1007, "invalid payload"),
    (1008..=1008, "policy violation"),
    (1009..=1009, "message too big"),
    (1010..=1010, "extension missing"),
    (1011..=1011, "internal error"),
    (1012..=1012, "service restart"),
    (1013..=1013, "try again later"),
    (1014..=1014, "bad gateway"),
    (1015..=1015, "TLS failed"),
    (3000..=3999, "registered"),
    (4000..=4999, "private use"),
];

/// What a number means as the status code of a Close; `None` for those that have no meaning.
pub fn close_code_name(code: u16) -> Option<&'static str> {
    CODES.iter().find(|(codes, _)| codes.contains(&code)).map(|(_, name)| *name)
}

/// A status code that may travel (RFC 6455 §7.4).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct CloseCode(u16);

impl CloseCode {
    /// The conversation is over.
    pub const NORMAL: CloseCode = CloseCode(1000);
    /// The server stops, or the page is left.
    pub const GOING_AWAY: CloseCode = CloseCode(1001);
    /// A rule of the protocol was broken.
    pub const PROTOCOL_ERROR: CloseCode = CloseCode(1002);
    /// This endpoint cannot use data of this type.
    pub const UNSUPPORTED_DATA: CloseCode = CloseCode(1003);
    /// A text that is not UTF-8.
    pub const INVALID_PAYLOAD: CloseCode = CloseCode(1007);
    /// A message longer than this endpoint takes.
    pub const MESSAGE_TOO_BIG: CloseCode = CloseCode(1009);
    /// The server made a mistake.
    pub const INTERNAL_ERROR: CloseCode = CloseCode(1011);
    /// The server has too much to do.
    pub const TRY_AGAIN_LATER: CloseCode = CloseCode(1013);

    /// The number.
    pub const fn number(self) -> u16 {
        self.0
    }
}

/// Those with a name may travel, save the three of this side. Below 3000 they belong to the
/// protocol; 3000 to 3999 are registered by libraries, 4000 to 4999 free for applications (§7.4.2).
impl TryFrom<u16> for CloseCode {
    type Error = Violation;

    fn try_from(code: u16) -> Result<CloseCode, Violation> {
        match close_code_name(code) {
            Some(_) if !matches!(code, 1005 | 1006 | 1015) => Ok(CloseCode(code)),
            _ => Err(Violation::CloseCode { code }),
        }
    }
}

/// `1001 going away`.
impl fmt::Display for CloseCode {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{} {}", self.0, close_code_name(self.0).unwrap_or_default())
    }
}

impl Violation {
    /// What the peer is told when it breaks this rule (RFC 6455 §7.4.1).
    pub const fn close_code(self) -> CloseCode {
        match self {
            Violation::Text(_) | Violation::CloseReason(_) => CloseCode::INVALID_PAYLOAD,
            Violation::MessageTooLong { .. } => CloseCode::MESSAGE_TOO_BIG,
            _ => CloseCode::PROTOCOL_ERROR,
        }
    }
}

/// The payload of a Close.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Close {
    /// The status code. `None` is a Close with nothing in it, which a browser reports as 1005.
    pub code: Option<CloseCode>,
    /// Words for a person who debugs; empty if there is no code.
    pub reason: String,
}

impl Close {
    /// A Close with a reason, which is cut at the end of a character to the 123 bytes that fit: it
    /// is a hint, and part of a hint is better than none.
    pub fn new(code: CloseCode, reason: &str) -> Close {
        let mut end = reason.len().min(MAX_CONTROL - 2);
        while !reason.is_char_boundary(end) {
            end -= 1;
        }
        Close { code: Some(code), reason: reason[..end].to_owned() }
    }

    /// Reads the payload of a Close.
    ///
    /// # Errors
    /// One byte alone, a code that may not travel, a reason that is not UTF-8.
    pub fn read_from(payload: &[u8]) -> Result<Close, Violation> {
        let Some((code, reason)) = payload.split_first_chunk::<2>() else {
            return if payload.is_empty() {
                Ok(Close::default())
            } else {
                Err(Violation::CloseTooShort)
            };
        };
        let code = CloseCode::try_from(u16::from_be_bytes(*code))?;
        match str::from_utf8(reason) {
            Ok(reason) => Ok(Close { code: Some(code), reason: reason.to_owned() }),
            Err(error) => Err(Violation::CloseReason(NotUtf8::new(error, reason, 0))),
        }
    }

    /// Writes the payload of a Close.
    pub fn write_to(&self, out: &mut Vec<u8>) {
        if let Some(code) = self.code {
            out.extend_from_slice(&code.number().to_be_bytes());
            out.extend_from_slice(self.reason.as_bytes());
        }
    }
}

/// As a log shows it: `1000 normal closure "bye"`.
impl fmt::Display for Close {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.code {
            None => write!(f, "1005 {}", close_code_name(1005).unwrap_or_default()),
            Some(code) if self.reason.is_empty() => code.fmt(f),
            Some(code) => write!(f, "{code} \"{}\"", self.reason.escape_debug()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_close_is_read_and_written_as_the_same_bytes() {
        let long = "x".repeat(123);
        for (close, bytes) in [
            (Close::default(), Vec::new()),
            (Close::new(CloseCode::NORMAL, ""), vec![0x03, 0xe8]),
            (
                Close::new(CloseCode::GOING_AWAY, "再见"),
                b"\x03\xe9\xe5\x86\x8d\xe8\xa7\x81".to_vec(),
            ),
            (Close::new(CloseCode(4999), &long), [b"\x13\x87", long.as_bytes()].concat()),
        ] {
            let mut written = Vec::new();
            close.write_to(&mut written);
            assert_eq!(written, bytes);
            assert_eq!(Close::read_from(&bytes), Ok(close));
        }
    }

    #[test]
    fn accepts_the_codes_that_may_travel_and_no_others() {
        let may = |code: u16| matches!(code, 1000..=1003 | 1007..=1014 | 3000..=4999);
        for code in 0..=u16::MAX {
            let read = Close::read_from(&code.to_be_bytes());
            match may(code) {
                true => assert_eq!(read.unwrap().code.unwrap().number(), code),
                false => assert_eq!(read, Err(Violation::CloseCode { code })),
            }
        }
    }

    #[test]
    fn rejects_one_byte_alone() {
        assert_eq!(Close::read_from(&[0x03]), Err(Violation::CloseTooShort));
        assert_eq!(Violation::CloseTooShort.close_code(), CloseCode::PROTOCOL_ERROR);
    }

    #[test]
    fn rejects_a_reason_that_is_not_utf8_and_says_where() {
        let violation = Close::read_from(b"\x03\xe8ab\xff").unwrap_err();
        assert_eq!(violation, Violation::CloseReason(NotUtf8 { at: 2, came: Some(0xff) }));
        assert_eq!(violation.close_code(), CloseCode::INVALID_PAYLOAD);
    }

    #[test]
    fn a_reason_is_cut_between_characters() {
        let close = Close::new(CloseCode::NORMAL, &"见".repeat(42));
        assert_eq!(close.reason.len(), 123);
        let close = Close::new(CloseCode::NORMAL, &format!("x{}", "见".repeat(42)));
        assert_eq!(close.reason.len(), 121);
    }

    #[test]
    fn every_violation_fits_into_the_reason_of_its_close() {
        for violation in [
            Violation::LengthNotMinimal { length: 65_535, bytes: 8 },
            Violation::LengthTopBit { length: u64::MAX },
            Violation::ControlFragmented { opcode: 10 },
            Violation::ControlTooLong { length: 127 },
            Violation::Text(NotUtf8 { at: usize::MAX, came: None }),
            Violation::MessageTooLong { length: u64::MAX, limit: usize::MAX },
        ] {
            let text = violation.to_string();
            assert!(text.len() <= 123, "{} bytes: {text}", text.len());
        }
    }
}
