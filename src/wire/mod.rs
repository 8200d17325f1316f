//! The wire view: what crosses a socket, in both directions, cut into its parts, each with its name
//! and its meaning.
//!
//! Hangs on the two ends of `connection` and sees nothing else: what it shows is what was sent, not
//! what we meant to send. The parts are those of RFC 9112 (messages, chunks), of HTML, "Server-sent
//! events", of RFC 6455 §5.2 (frames), and of RESP, where this program asks Redis.
//!
//! ```text
//! Connection ─▶ Tap ─▶ Crossing: 81 85 37 fa 21 3d 7f 9f 4d 51 58
//!                         └▶ Dissector ─▶ Part: FIN  RSV1-3  opcode  MASK  payload length  …
//!                                           └▶ the terminal (`--wire`), or JSON for a page
//! ```
//!
//! Without a tap a connection pays for one `None`; with one, it waits until its bytes are shown.
//!
//! Left out: a verdict. Whoever reads the bytes to act on them is strict and stops at the first
//! fault; this goes on, and says what it does not know.

mod dissect;
mod names;
mod view;

pub use dissect::{Dissector, KEPT};
pub use view::to_terminal;

use crate::connection::{Crossing, Tap};
use crate::json;
use std::fmt::Write;
use std::ops::Range;

/// Which way bytes crossed, seen from this program.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Direction {
    /// From the peer.
    In,
    /// To the peer.
    Out,
}

/// The smallest piece of a protocol that has a name.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Part {
    /// Which way it crossed.
    pub direction: Direction,
    /// Its bytes; of a long part the first [`KEPT`].
    pub bytes: Vec<u8>,
    /// How many bytes it has in all.
    pub length: u64,
    /// Which bits of `bytes` it is, where it is not all of them: a frame begins with five parts in
    /// two bytes. Numbered as in the figure of RFC 6455 §5.2, from the most significant bit.
    pub bits: Option<Range<u8>>,
    /// The same bytes without their mask, where they had one.
    pub unmasked: Option<Vec<u8>>,
    /// What the section calls it.
    pub name: &'static str,
    /// What it says, in plain words; empty where the bytes say it themselves.
    pub meaning: String,
    /// Where it is defined.
    pub section: &'static str,
}

impl Part {
    /// The part as a JSON object, its bytes in hexadecimal:
    /// `{"direction":"in","name":"payload","length":5,"bytes":"7f9f4d5158",`
    /// `"unmasked":"68656c6c6f","bits":null,"meaning":…,"section":…}`.
    pub fn to_json(&self) -> String {
        let direction = if self.direction == Direction::In { "in" } else { "out" };
        let (length, bytes) = (self.length, hex(&self.bytes, ""));
        let or_null = |value: Option<String>| value.unwrap_or_else(|| "null".into());
        let unmasked = self.unmasked.as_ref().map(|bytes| format!("\"{}\"", hex(bytes, "")));
        let bits = self.bits.as_ref().map(|bits| format!("[{},{}]", bits.start, bits.end));
        let (unmasked, bits) = (or_null(unmasked), or_null(bits));
        let [name, meaning, section] = [self.name, &self.meaning, self.section].map(json::string);
        let which = format!(r#""direction":"{direction}","name":{name},"length":{length}"#);
        let what = format!(r#""bytes":"{bytes}","unmasked":{unmasked},"bits":{bits}"#);
        format!(r#"{{{which},{what},"meaning":{meaning},"section":{section}}}"#)
    }
}

/// Two hexadecimal digits a byte.
fn hex(bytes: &[u8], between: &str) -> String {
    bytes.iter().enumerate().fold(String::new(), |mut text, (i, byte)| {
        write!(text, "{}{byte:02x}", if i > 0 { between } else { "" })
            .expect("a String takes every write because it grows");
        text
    })
}

#[cfg(test)]
mod tests;
