//! RESP2, the protocol of Redis: a command out, a reply in.
//!
//! Knows no socket: it reads from any `BufRead` and writes to a `Vec<u8>`. Implements the page
//! "Redis serialization protocol specification" of Redis' documentation, version 2.
//!
//! ```text
//! *2\r\n  $4\r\nXLEN\r\n  $9\r\npush:news\r\n      a command: an array of bulk strings
//! :42\r\n                                          its reply: an integer
//! +OK\r\n   -ERR no such key\r\n                   a simple string, an error
//! $5\r\nhello\r\n   $-1\r\n                        a bulk string; the one that is not there
//! *1\r\n :7\r\n     *-1\r\n                        an array; the one that is not there
//! ```
//!
//! Every length stands before what it measures, so a bulk string may hold any bytes, line ends
//! included, and a reader never searches.
//!
//! Left out: RESP3, whose maps and pushes would tell us nothing that these five do not.

use push_by_hand::terminal::visible;
use std::fmt;
use std::io::{self, BufRead, Read};

/// The longest line that is not a bulk string: an error with its text, or a length.
const MAX_LINE: usize = 4096;
/// The most that one reply may hold, in bytes: sixteen times a window of messages. What it counts
/// is what we would have to keep.
const MAX_REPLY: usize = 16 << 20;
/// What is counted for each element beside its own bytes: an array of a million nulls is not free.
const ELEMENT: usize = size_of::<Reply>();
/// How deep arrays may stand in each other. `XREAD` needs four: streams, a stream, entries, fields.
const MAX_DEPTH: usize = 8;

/// What Redis answers.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Reply {
    /// `+OK`
    Simple(String),
    /// `-ERR …`: the command failed, the connection did not. Made visible, for logs and answers.
    Error(String),
    /// `:42`
    Integer(i64),
    /// `$5 hello`: any bytes.
    Bulk(Vec<u8>),
    /// `*2 …`
    Array(Vec<Reply>),
    /// `$-1` or `*-1`: there is no such thing.
    Null,
}

/// Why no reply could be read.
#[derive(Debug)]
pub enum Error {
    /// The socket failed, or stayed silent for too long.
    Io(io::Error),
    /// The stream ended inside a reply.
    CutOff,
    /// This is no RESP.
    Broken {
        /// What should have come.
        expected: &'static str,
        /// What came, made printable and cut short.
        came: String,
    },
    /// The reply holds more than [`MAX_REPLY`] bytes, or says that it will.
    TooLong,
}

/// One command, as an array of bulk strings.
pub fn write_command(out: &mut Vec<u8>, words: &[&[u8]]) {
    out.extend_from_slice(format!("*{}\r\n", words.len()).as_bytes());
    for word in words {
        out.extend_from_slice(format!("${}\r\n", word.len()).as_bytes());
        out.extend_from_slice(word);
        out.extend_from_slice(b"\r\n");
    }
}

impl Reply {
    /// Reads one reply. `None`: the stream ended before its first byte.
    ///
    /// # Errors
    /// Each variant of [`Error`].
    pub fn read_from(reader: &mut impl BufRead) -> Result<Option<Reply>, Error> {
        if reader.fill_buf()?.is_empty() {
            return Ok(None);
        }
        let mut budget = MAX_REPLY;
        read_reply(reader, &mut budget, 0).map(Some)
    }

    /// The bytes of a string, of either kind.
    pub fn bytes(&self) -> Option<&[u8]> {
        match self {
            Reply::Bulk(bytes) => Some(bytes),
            Reply::Simple(text) => Some(text.as_bytes()),
            _ => None,
        }
    }

    /// The same as text, if it is UTF-8.
    pub fn text(&self) -> Option<&str> {
        str::from_utf8(self.bytes()?).ok()
    }

    /// The elements of an array; of one that is not there, none.
    pub fn elements(&self) -> Option<&[Reply]> {
        match self {
            Reply::Array(elements) => Some(elements),
            Reply::Null => Some(&[]),
            _ => None,
        }
    }
}

/// One reply, `depth` arrays deep. What it holds is taken off `budget` before it is held.
fn read_reply(reader: &mut impl BufRead, budget: &mut usize, depth: usize) -> Result<Reply, Error> {
    *budget = budget.checked_sub(ELEMENT).ok_or(Error::TooLong)?;
    let line = read_line(reader)?;
    let (kind, rest) = line.split_first().ok_or_else(|| broken("a reply", &line))?;
    match kind {
        b'+' => Ok(Reply::Simple(String::from_utf8_lossy(rest).into_owned())),
        b'-' => Ok(Reply::Error(visible(rest))),
        b':' => Ok(Reply::Integer(integer(rest).ok_or_else(|| broken("an integer", rest))?)),
        b'$' => match length(rest)? {
            None => Ok(Reply::Null),
            Some(length) => Ok(Reply::Bulk(read_bulk(reader, budget, length)?)),
        },
        b'*' => match length(rest)? {
            None => Ok(Reply::Null),
            Some(_) if depth == MAX_DEPTH => {
                Err(broken("at most eight arrays in each other", rest))
            }
            // No room is made for what is only announced.
            Some(length) => (0..length)
                .map(|_| read_reply(reader, budget, depth + 1))
                .collect::<Result<Vec<_>, _>>()
                .map(Reply::Array),
        },
        _ => Err(broken("a reply: one of + - : $ * first", &line)),
    }
}

/// The bytes of a bulk string, and the line end behind them.
fn read_bulk(
    reader: &mut impl BufRead,
    budget: &mut usize,
    length: usize,
) -> Result<Vec<u8>, Error> {
    *budget = budget.checked_sub(length).ok_or(Error::TooLong)?;
    let mut bytes = Vec::new();
    // Grows with what arrives.
    if reader.take(length as u64).read_to_end(&mut bytes)? < length {
        return Err(Error::CutOff);
    }
    let end = read_line(reader)?;
    if end.is_empty() { Ok(bytes) } else { Err(broken("CR LF after a bulk string", &end)) }
}

/// One line, without its CR LF.
fn read_line(reader: &mut impl BufRead) -> Result<Vec<u8>, Error> {
    let mut line = Vec::new();
    reader.take(MAX_LINE as u64).read_until(b'\n', &mut line)?;
    match line.strip_suffix(b"\r\n") {
        Some(text) => Ok(text.to_vec()),
        None if line.len() == MAX_LINE => Err(Error::TooLong),
        None if line.ends_with(b"\n") => Err(broken("CR LF at the end of a line", &line)),
        None => Err(Error::CutOff),
    }
}

/// The length of a string or an array; `None` is the -1 of one that is not there.
fn length(digits: &[u8]) -> Result<Option<usize>, Error> {
    match integer(digits) {
        Some(-1) => Ok(None),
        Some(length) => usize::try_from(length).map(Some).map_err(|_| broken("a length", digits)),
        None => Err(broken("a length", digits)),
    }
}

fn integer(digits: &[u8]) -> Option<i64> {
    // `parse` alone would let a second sign through to nobody's use, and takes nothing else.
    str::from_utf8(digits).ok()?.parse().ok()
}

fn broken(expected: &'static str, came: &[u8]) -> Error {
    let came = came[..came.len().min(40)].escape_ascii().to_string();
    Error::Broken { expected, came }
}

impl From<io::Error> for Error {
    fn from(error: io::Error) -> Error {
        Error::Io(error)
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Error::Io(error) => error.fmt(f),
            Error::CutOff => f.write_str("expected a whole reply; came the end of the stream"),
            Error::Broken { expected, came } => write!(f, "expected {expected}; came \"{came}\""),
            Error::TooLong => {
                write!(f, "expected a reply of at most {MAX_REPLY} bytes; came a longer one")
            }
        }
    }
}

#[cfg(test)]
mod tests;
