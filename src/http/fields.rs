//! The field lines of a message: what stands between the first line and the empty one.
//!
//! Comes first in `http`; requests, responses and trailers all have a section of fields.
//! Implements RFC 9112 §5 (field lines) and RFC 9110 §5 (names, values, lists).
//!
//! ```text
//! Host: localhost:8080\r\n          name ":" OWS value OWS CRLF
//! Accept: text/html, */*\r\n
//! \r\n                              an empty line ends the section
//! ```
//!
//! A section is kept as it stands on the wire, in one piece of text, with an index of where each
//! name and value begins: reading copies it once, writing copies it once, and no field line costs
//! an allocation of its own.

use super::{Error, Rule};
use std::io::{BufRead, Read};

/// The most a field section may take up, in bytes: twice what browsers send at their worst.
pub const MAX_SECTION: usize = 16 * 1024;
/// The most lines it may have: a browser sends about 20.
pub const MAX_LINES: usize = 100;

/// A section of field lines, in the order in which they stand.
#[derive(Clone, Default, Debug)]
pub struct Fields {
    /// The lines with their line ends, without the empty line that follows.
    text: String,
    lines: Vec<FieldLine>,
    /// How many bytes of the message came before, so that an error can say where a field stood.
    at: usize,
}

/// Where one line's name and value stand in the text.
#[derive(Clone, Copy, Debug)]
struct FieldLine {
    name: (usize, usize),
    value: (usize, usize),
}

impl Fields {
    /// Reads a section and the empty line after it. `at` is how many bytes of the message came
    /// before it.
    ///
    /// # Errors
    /// [`Error::Broken`] at the first line that is not a field line, or beyond a limit.
    pub(crate) fn read_from(reader: &mut impl BufRead, at: usize) -> Result<Fields, Error> {
        Fields::read(reader, at, false)
    }

    /// The same for a response, in which a line may still continue the one before it: a user agent
    /// has to read it as if spaces stood there instead of the line end (RFC 9112 §5.2).
    pub(super) fn read_folded_from(reader: &mut impl BufRead, at: usize) -> Result<Fields, Error> {
        Fields::read(reader, at, true)
    }

    fn read(reader: &mut impl BufRead, at: usize, folded: bool) -> Result<Fields, Error> {
        let mut text = Vec::with_capacity(512);
        let mut lines: Vec<FieldLine> = Vec::with_capacity(16);
        loop {
            let mut start = text.len();
            let end =
                read_line(reader, &mut text, MAX_SECTION - start, Rule::FieldSectionLength, at)?;
            if end == start {
                text.truncate(start);
                break;
            }
            if text.len() > MAX_SECTION {
                return Err(Error::broken(Rule::FieldSectionLength, &text[start..end], at + start));
            }
            if folded
                && matches!(text[start], b' ' | b'\t')
                && let Some(line) = lines.pop()
            {
                text[line.value.1..start].fill(b' ');
                start = line.name.0;
            }
            if lines.len() == MAX_LINES {
                return Err(Error::broken(Rule::FieldCount, &text[start..end], at + start));
            }
            lines.push(FieldLine::find(&text, start, end, at)?);
        }
        // Only ASCII has a meaning in a field; bytes above it are opaque (RFC 9110 §5.5). Where
        // they are not UTF-8, each becomes a `?`: no rule compares them, and names, positions and
        // lengths stay what they were.
        let text = String::from_utf8(text).unwrap_or_else(|error| {
            error
                .into_bytes()
                .iter()
                .map(|&byte| if byte.is_ascii() { char::from(byte) } else { '?' })
                .collect()
        });
        Ok(Fields { text, lines, at })
    }

    /// Writes the section and the empty line after it.
    pub(crate) fn write_to(&self, out: &mut Vec<u8>) {
        out.extend_from_slice(self.text.as_bytes());
        out.extend_from_slice(b"\r\n");
    }

    /// Adds a field line at the end. Names come from the program, so they are right; a control
    /// character in a value, which may have come from anywhere, becomes a space: CR and LF would
    /// start a field of the sender's choice (RFC 9110 §5.5).
    pub fn push(&mut self, name: &'static str, value: &str) {
        self.add(name, value);
    }

    fn add(&mut self, name: &str, value: &str) {
        if self.text.capacity() == 0 {
            self.text.reserve(256);
            self.lines.reserve(8);
        }
        let start = self.text.len();
        self.text.push_str(name);
        self.text.push_str(": ");
        let from = self.text.len();
        match value.bytes().any(|byte| byte.is_ascii_control()) {
            true => self.text += &value.replace(|c: char| c.is_ascii_control(), " "),
            false => self.text.push_str(value),
        }
        self.lines
            .push(FieldLine { name: (start, start + name.len()), value: (from, self.text.len()) });
        self.text.push_str("\r\n");
    }

    /// The same without the fields whose names `drops` picks: what an intermediary passes on.
    #[must_use]
    pub fn without(&self, drops: impl Fn(&str) -> bool) -> Fields {
        let mut kept = Fields::default();
        self.iter()
            .filter(|(name, _)| !drops(name))
            .for_each(|(name, value)| kept.add(name, value));
        kept
    }

    /// The fields, each a name and a value without the white space around it.
    pub fn iter(&self) -> impl Iterator<Item = (&str, &str)> {
        self.lines.iter().map(|line| (self.name(line), self.value(line)))
    }

    /// The values of every field of this name; names are case-insensitive (RFC 9110 §5.1).
    pub fn get_all<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.located(name).map(|(value, _)| value)
    }

    /// The same, each with the place in the message where it stood.
    pub(crate) fn located<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, usize)> {
        let named =
            self.lines.iter().filter(move |line| self.name(line).eq_ignore_ascii_case(name));
        named.map(|line| (self.value(line), self.at + line.value.0))
    }

    fn name<'a>(&'a self, line: &FieldLine) -> &'a str {
        &self.text[line.name.0..line.name.1]
    }

    fn value<'a>(&'a self, line: &FieldLine) -> &'a str {
        &self.text[line.value.0..line.value.1]
    }

    /// The place in the message where the section ends.
    pub(crate) fn end(&self) -> usize {
        self.at + self.text.len()
    }

    /// The value of the first field of this name.
    pub fn get(&self, name: &str) -> Option<&str> {
        self.iter().find(|(other, _)| other.eq_ignore_ascii_case(name)).map(|(_, value)| value)
    }

    /// How many field lines have this name.
    pub fn count(&self, name: &str) -> usize {
        self.get_all(name).count()
    }

    /// The members of a list field: split at commas, over all its lines, empty members left out
    /// (RFC 9110 §5.6.1).
    pub fn list<'a>(&'a self, name: &'a str) -> impl Iterator<Item = &'a str> {
        self.members(name).map(|(member, _)| member)
    }

    /// The same, each with the place in the message where it stood.
    pub(crate) fn members<'a>(&'a self, name: &'a str) -> impl Iterator<Item = (&'a str, usize)> {
        let members = |(value, mut at): (&'a str, usize)| {
            value.split(',').map(move |part| {
                let member = trim_ows(part);
                let stood = at + part.len() - part.trim_start_matches([' ', '\t']).len();
                at += part.len() + 1;
                (member, stood)
            })
        };
        self.located(name).flat_map(members).filter(|(member, _)| !member.is_empty())
    }

    /// The first content coding that is one, with the place where it stood: `identity` is none
    /// (RFC 9110 §8.4, §12.5.3).
    pub(crate) fn content_coding(&self) -> Option<(&str, usize)> {
        self.members("content-encoding")
            .find(|(coding, _)| !coding.eq_ignore_ascii_case("identity"))
    }

    /// Whether a list field has this token as a member. Tokens in the fields we ask about are
    /// case-insensitive.
    pub fn contains_token(&self, name: &str, token: &str) -> bool {
        self.list(name).any(|member| member.eq_ignore_ascii_case(token))
    }
}

impl FieldLine {
    /// Finds name and value in `text[start..end]`, the last line read, without its line end.
    fn find(text: &[u8], start: usize, end: usize, at: usize) -> Result<FieldLine, Error> {
        let line = &text[start..end];
        // RFC 9112 §5.2: a line that begins with white space once continued the line before it.
        // That is over.
        if matches!(line[0], b' ' | b'\t') {
            return Err(Error::broken(Rule::NoFolding, line, at + start));
        }
        // RFC 9112 §5.1: no white space between the name and the colon. A token has none, so this
        // finds both faults.
        let colon = line.iter().position(|&byte| !is_token(byte)).unwrap_or(line.len());
        if colon == 0 || line.get(colon) != Some(&b':') {
            return Err(Error::broken(Rule::FieldName, &text[start + colon..], at + start + colon));
        }
        let after = &line[colon + 1..];
        let leading = after.iter().take_while(|&&byte| is_ows(byte)).count();
        let trailing = after[leading..].iter().rev().take_while(|&&byte| is_ows(byte)).count();
        let value = (colon + 1 + leading, line.len() - trailing);
        if let Some(bad) = line[value.0..value.1].iter().position(|&byte| is_control(byte)) {
            let (bad, at) = (&line[value.0 + bad..], at + start + value.0 + bad);
            // RFC 9112 §2.2: a CR that no LF follows is not a line end, and may not stand for one.
            let rule = if bad[0] == b'\r' { Rule::LineEnd } else { Rule::FieldValue };
            return Err(Error::broken(rule, bad, at));
        }
        Ok(FieldLine { name: (start, start + colon), value: (start + value.0, start + value.1) })
    }
}

/// Reads one line with its line end onto `text`; returns where the line's own bytes end, `limit`
/// of them at most.
///
/// RFC 9112 §2.2: the line end is CRLF; a lone LF is taken for one too, so that a request can be
/// typed into `nc`.
pub(super) fn read_line(
    reader: &mut impl BufRead,
    text: &mut Vec<u8>,
    limit: usize,
    too_long: Rule,
    at: usize,
) -> Result<usize, Error> {
    let start = text.len();
    let length = reader.by_ref().take(limit as u64 + 2).read_until(b'\n', text)?;
    let end = match text[start..] {
        [.., b'\r', b'\n'] => text.len() - 2,
        [.., b'\n'] => text.len() - 1,
        _ if length < limit + 2 => {
            return Err(Error::broken(Rule::WholeMessage, b"", at + text.len()));
        }
        _ => text.len(),
    };
    if end - start > limit {
        Err(Error::broken(too_long, &text[start..end], at + start))
    } else {
        Ok(end)
    }
}

/// OWS, optional white space: spaces and tabs (RFC 9110 §5.6.3).
const fn is_ows(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t')
}

/// The text without the optional white space around it.
pub(crate) fn trim_ows(text: &str) -> &str {
    text.trim_matches([' ', '\t'])
}

/// A character of a token: a visible ASCII character that is no delimiter (RFC 9110 §5.6.2).
pub(crate) fn is_token(byte: u8) -> bool {
    // A list to be searched would take 430 instructions more a request, which is 4 %, measured.
    byte.is_ascii_alphanumeric()
        || matches!(byte, b'!' | b'#'..=b'\'' | b'*' | b'+' | b'-' | b'.')
        || matches!(byte, b'^'..=b'`' | b'|' | b'~')
}

/// What may not stand in a field value: a control character other than the tab (RFC 9110 §5.5).
const fn is_control(byte: u8) -> bool {
    byte.is_ascii_control() && byte != b'\t'
}
