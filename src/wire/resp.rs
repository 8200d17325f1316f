//! What crosses a connection to Redis: commands out, replies in, a part for each value.
//!
//! Serves `dissect`, which asks it what a line is. A bulk string is one part, its length and its
//! bytes together: `$4\r\nXADD\r\n`.
//!
//! Left out: RESP3, which nobody here asks for.

use super::Direction;

/// Where these parts are defined.
pub(super) const SECTION: &str = "Redis, RESP";

/// How many bytes belong to a bulk string behind this line, its line end among them; `None` if the
/// line begins none.
pub(super) fn bulk_behind(line: &[u8]) -> Option<u64> {
    number(line.strip_prefix(b"$")?).map(|length| length.saturating_add(2))
}

/// The name of a part that begins with this line, and what it says.
pub(super) fn part(direction: Direction, line: &[u8]) -> (&'static str, String) {
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

fn number(digits: &[u8]) -> Option<u64> {
    let digits = digits.strip_suffix(b"\r\n").unwrap_or(digits);
    str::from_utf8(digits).ok().filter(|text| !text.starts_with('+'))?.parse().ok()
}

fn counted(count: u64, what: &str) -> String {
    format!("{count} {what}{}", if count == 1 { "" } else { "s" })
}
