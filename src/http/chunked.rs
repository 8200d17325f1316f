//! The chunked transfer coding: a body whose length nobody knows yet, both ways (RFC 9112 §7.1).
//!
//! ```text
//! 5\r\n          chunk size, in hexadecimal
//! hello\r\n      so many bytes of data, and a line end that is not data
//! 0\r\n          a size of 0: the last chunk
//! \r\n           the end of the trailer section, which is nearly always empty
//! ```
//!
//! This is what makes an endless answer possible in HTTP/1.1: each message is a chunk, and the last
//! chunk never comes.

use super::fields::read_line;
use super::{Error, Fields, Rule};
use crate::connection::Writer;
use std::io::{self, BufRead, Read, Write};

/// The most a chunk-size line may hold, extensions included (RFC 9112 §7.1.1 asks for a limit): we
/// use 5 bytes or fewer.
const MAX_SIZE_LINE: usize = 256;

/// Reads the data of chunks, up to the last one and the trailers behind it.
pub struct ChunkedReader<R> {
    reader: R,
    /// Bytes of the current chunk that are still to come; `None` before the first.
    left: Option<u64>,
    done: bool,
    /// Bytes of the coded body consumed so far: where we stand, for an error to name.
    at: usize,
}

impl<R: BufRead> ChunkedReader<R> {
    /// Reads chunks from here on.
    pub fn new(reader: R) -> ChunkedReader<R> {
        ChunkedReader { reader, left: None, done: false, at: 0 }
    }

    /// Goes on to the next chunk: past the end of this one, and over its size line.
    fn next_chunk(&mut self) -> Result<(), Error> {
        let mut line = Vec::new();
        if self.left.is_some() {
            let end = read_line(&mut self.reader, &mut line, 0, Rule::ChunkEnd, self.at)?;
            if end != 0 || line != b"\r\n" {
                return Err(Error::broken(Rule::ChunkEnd, &line, self.at));
            }
            self.at += line.len();
            line.clear();
        }
        let end = read_line(&mut self.reader, &mut line, MAX_SIZE_LINE, Rule::ChunkSize, self.at)?;
        let digits = line[..end].iter().take_while(|byte| byte.is_ascii_hexdigit()).count();
        let extension = line[digits..end].trim_ascii_start();
        let bare_control =
            line[digits..end].iter().any(|byte| byte.is_ascii_control() && *byte != b'\t');
        // Nothing but an extension may follow, and here a lone LF is no line end: where two parsers
        // disagree about where a chunk ends, a request can be smuggled past one of them.
        let nothing_else =
            line[digits..] == *b"\r\n" || extension.starts_with(b";") && line.ends_with(b"\r\n");
        // Sixteen hexadecimal digits fit 64 bits; more are refused even where the first are zeros.
        let size = str::from_utf8(&line[..digits.min(16)]).ok();
        let size = size.and_then(|digits| u64::from_str_radix(digits, 16).ok());
        let Some(size) = size.filter(|_| digits <= 16 && nothing_else && !bare_control) else {
            return Err(Error::broken(Rule::ChunkSize, &line, self.at));
        };
        self.at += line.len();
        self.left = Some(size);
        if size == 0 {
            // RFC 9112 §7.1.2: trailer fields must not be taken for fields of the head. We have no
            // use for them.
            Fields::read_from(&mut self.reader, self.at)?;
            self.done = true;
        }
        Ok(())
    }
}

impl<R: BufRead> BufRead for ChunkedReader<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        while !self.done && self.left.unwrap_or(0) == 0 {
            self.next_chunk()?;
        }
        if self.done {
            return Ok(&[]);
        }
        let left = usize::try_from(self.left.unwrap_or(0)).unwrap_or(usize::MAX);
        let buffer = self.reader.fill_buf()?;
        if buffer.is_empty() {
            return Err(Error::broken(Rule::WholeMessage, b"", self.at).into());
        }
        Ok(&buffer[..buffer.len().min(left)])
    }

    fn consume(&mut self, n: usize) {
        self.reader.consume(n);
        self.at += n;
        self.left = self.left.map(|left| left - n as u64);
    }
}

impl<R: BufRead> Read for ChunkedReader<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

/// Writes a body of unknown length: each [`send`](ChunkedWriter::send) is one chunk and leaves at
/// once.
pub struct ChunkedWriter {
    writer: Writer,
    /// An HTTP/1.0 client does not know chunks: it gets the bare data, and the end of the
    /// connection is the end.
    framed: bool,
}

impl ChunkedWriter {
    pub(crate) fn new(writer: Writer, framed: bool) -> ChunkedWriter {
        ChunkedWriter { writer, framed }
    }

    /// Sends `data` as one chunk, in one `write` with its framing.
    ///
    /// # Errors
    /// The peer is gone, or has not read for longer than the write deadline: the only news of its
    /// leaving that we get.
    pub fn send(&self, data: &[u8]) -> io::Result<()> {
        // A chunk of size 0 would be the last one.
        if data.is_empty() {
            return Ok(());
        }
        self.queue(b"", data, b"")?;
        self.flush()
    }

    /// Adds one chunk to what is about to leave: `shared`, which may be long and the same for many
    /// readers and then is not copied, between two short parts. Not all three may be empty: that
    /// would be the last chunk.
    ///
    /// # Errors
    /// As [`send`](ChunkedWriter::send).
    pub fn queue(&self, before: &[u8], shared: &[u8], after: &[u8]) -> io::Result<()> {
        let length = before.len() + shared.len() + after.len();
        self.writer.append_with(|out| {
            if self.framed {
                write!(out, "{length:x}\r\n").expect("a Vec takes every write because it grows");
            }
            out.extend_from_slice(before);
            shared
        })?;
        self.writer.append(|out| {
            out.extend_from_slice(after);
            if self.framed {
                out.extend_from_slice(b"\r\n");
            }
        })
    }

    /// Sends what has been queued.
    ///
    /// # Errors
    /// As [`send`](ChunkedWriter::send).
    pub fn flush(&self) -> io::Result<()> {
        self.writer.flush()
    }

    /// Ends the body: the last chunk, and no trailers.
    pub(crate) fn finish(self) -> io::Result<()> {
        self.writer.append(|out| {
            if self.framed {
                out.extend_from_slice(b"0\r\n\r\n")
            }
        })
    }
}
