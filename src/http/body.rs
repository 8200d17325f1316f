//! Where a message body ends: RFC 9112 §6.3, for both directions.

use super::fields::trim_ows;
use super::{Error, Fields, Rule, Version, chunked::ChunkedReader};
use std::io::{self, BufRead, Read, Take};

/// The most a request's body may hold, in bytes: 1 MiB. Nothing here has more to say.
pub const MAX_BODY: usize = 1024 * 1024;

/// How the end of a body is marked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Framing {
    /// So many bytes. A request that says nothing has a body of none.
    Length(u64),
    /// Chunks, each with its size before it; one of size 0 is the last.
    Chunked,
    /// The end of the connection: responses only, and what HTTP/1.0 did. A cut connection looks
    /// just like the end.
    UntilClose,
}

impl Framing {
    /// What the fields of a message say. `silent` is what it means when they say nothing.
    ///
    /// # Errors
    /// Two answers to the same question are an attack more often than a mistake (RFC 9112 §11.2):
    /// whatever can be read in two ways is refused.
    pub(crate) fn of(fields: &Fields, version: Version, silent: Framing) -> Result<Framing, Error> {
        let broken =
            |rule, (value, at): (&str, usize)| Err(Error::broken(rule, value.as_bytes(), at));
        if let Some(coding) = fields.located("transfer-encoding").last() {
            if let Some(length) = fields.located("content-length").next() {
                return broken(Rule::OneFraming, length);
            }
            if version == Version::Http10 {
                return broken(Rule::NoTransferEncodingIn10, coding);
            }
            let chunked = |coding: &&str| coding.eq_ignore_ascii_case("chunked");
            let codings = || fields.list("transfer-encoding");
            return match (
                codings().count(),
                codings().filter(chunked).count(),
                codings().last().filter(chunked),
            ) {
                (1, 1, Some(_)) => Ok(Framing::Chunked),
                // The end can be found, but not what the body says: another coding lies under the
                // chunks.
                (_, 1, Some(_)) => broken(Rule::TransferCoding, coding),
                _ => broken(Rule::ChunkedLast, coding),
            };
        }
        let mut length = None;
        for (value, at) in fields.located("content-length") {
            for member in value.split(',').map(trim_ows) {
                // `parse` alone would let a plus sign through. Twenty digits may overflow, and
                // `parse` says so.
                let digits = member.bytes().all(|byte| byte.is_ascii_digit());
                let number = member.parse::<u64>().ok().filter(|_| digits);
                // RFC 9112 §6.3: some senders give the same number twice, which does no harm; two
                // different numbers do.
                if number.is_none() || length.is_some() && length != number {
                    return broken(Rule::ContentLength, (value, at));
                }
                length = number;
            }
        }
        Ok(length.map_or(silent, Framing::Length))
    }
}

/// Reads one body off a connection, and stops where it ends: what follows belongs to the next
/// message.
pub enum Body<R> {
    /// A known number of bytes.
    Length(Take<R>),
    /// The data of chunks.
    Chunked(ChunkedReader<R>),
    /// All there is.
    UntilClose(R),
}

impl<R: BufRead> Body<R> {
    /// The body that comes next on `reader`.
    pub fn new(reader: R, framing: Framing) -> Body<R> {
        match framing {
            Framing::Length(length) => Body::Length(reader.take(length)),
            Framing::Chunked => Body::Chunked(ChunkedReader::new(reader)),
            Framing::UntilClose => Body::UntilClose(reader),
        }
    }

    /// Reads it whole, `limit` bytes at most. Memory grows with what arrives, never with what was
    /// announced.
    ///
    /// # Errors
    /// [`Rule::BodyLength`] beyond the limit (for an announced length, before a single byte is
    /// read); [`Rule::WholeMessage`] when the peer left before the end.
    pub fn read_whole(mut self, limit: usize) -> Result<Vec<u8>, Error> {
        let announced = if let Body::Length(take) = &self { Some(take.limit()) } else { None };
        if let Some(length) = announced.filter(|&length| length > limit as u64) {
            return Err(too_long(length));
        }
        let mut body = Vec::new();
        self.by_ref().take(limit as u64 + 1).read_to_end(&mut body)?;
        if body.len() > limit {
            return Err(Error::broken(Rule::BodyLength, &body[limit..], limit));
        }
        if announced.is_some_and(|length| length > body.len() as u64) {
            return Err(Error::broken(Rule::WholeMessage, b"", body.len()));
        }
        Ok(body)
    }
}

/// A body that is announced with a length above the limit.
pub(super) fn too_long(length: u64) -> Error {
    Error::broken(Rule::BodyLength, format!("Content-Length: {length}").as_bytes(), 0)
}

impl<R: BufRead> Read for Body<R> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: BufRead> BufRead for Body<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        match self {
            Body::Length(take) => take.fill_buf(),
            Body::Chunked(chunks) => chunks.fill_buf(),
            Body::UntilClose(reader) => reader.fill_buf(),
        }
    }

    fn consume(&mut self, n: usize) {
        match self {
            Body::Length(take) => take.consume(n),
            Body::Chunked(chunks) => chunks.consume(n),
            Body::UntilClose(reader) => reader.consume(n),
        }
    }
}
