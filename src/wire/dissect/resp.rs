//! What crosses a connection to Redis: commands out, replies in, a part for each value.
//!
//! A bulk string is one part, its length and its
//! bytes together: `$4\r\nXADD\r\n`.
//!
//! Left out: RESP3, which nobody here asks for.

use super::side::{Kind, Label, Side};
use crate::wire::{Direction, Part};

impl Side {
    /// One value: a line, or a bulk string with the line before it.
    pub(super) fn value(&mut self, part: &mut Part) -> Label {
        self.begin(Kind::Value);
        let line = part.bytes.split_inclusive(|&byte| byte == b'\n').next().unwrap_or_default();
        let (name, mut meaning) = name(part.direction, line.trim_ascii_end());
        match (name, self.secret) {
            ("command", _) => self.secret = None,
            ("bulk string", None) => self.secret = Some(is_auth(&part.bytes)),
            ("bulk string", Some(true)) => {
                cover(&mut part.bytes);
                meaning += ", not shown";
            }
            _ => {}
        }
        (name, "Redis, RESP", meaning)
    }
}

/// How many bytes belong to a bulk string behind this line, its line end among them; `None` if the
/// line begins none.
pub(super) fn bulk_behind(line: &[u8]) -> Option<u64> {
    number(line.strip_prefix(b"$")?).map(|length| length.saturating_add(2))
}

/// The name of a part that begins with this line, and what it says.
fn name(direction: Direction, line: &[u8]) -> (&'static str, String) {
    let (kind, rest) = line.split_first().unwrap_or((&0, &[]));
    match (kind, number(rest)) {
        (b'*', Some(count)) if direction == Direction::Out => ("command", counted(count, "word")),
        (b'*', Some(count)) => ("array", counted(count, "element")),
        (b'$', Some(length)) => ("bulk string", counted(length, "byte")),
        (b'*' | b'$', None) if rest == b"-1" => ("null", "there is none".into()),
        (b':', _) => ("integer", String::new()),
        (b'+', _) => ("simple string", String::new()),
        (b'-', _) => ("error", "it did not do it".into()),
        _ => ("not RESP", String::new()),
    }
}

/// Whether this word of a command says that a name or a password follows.
fn is_auth(word: &[u8]) -> bool {
    word.eq_ignore_ascii_case(b"$4\r\nAUTH\r\n")
}

/// Covers what is in a bulk string: a password is not for whoever looks at the screen.
fn cover(bytes: &mut [u8]) {
    let content = bytes.iter_mut().skip_while(|byte| **byte != b'\n');
    content.filter(|byte| !b"\r\n".contains(byte)).for_each(|byte| *byte = b'*');
}

fn number(digits: &[u8]) -> Option<u64> {
    let digits = digits.strip_suffix(b"\r\n").unwrap_or(digits);
    str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?.parse().ok()
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
