//! The tests of `http`: bytes to value, value to bytes, and what is refused, with which rule, at
//! which byte.
//!
//! Everything is read three times: whole, one byte a read, and with bytes of another message behind
//! it, which must stay unread.

mod body;
mod fields;
mod request;
mod response;

use super::body::MAX_BODY;
use super::{Error, MAX_LINES, MAX_REQUEST_LINE, MAX_SECTION, Rule};
use std::fmt::Debug;
use std::io::{self, BufRead, Read};

/// Bytes that belong to the next message. No reader may touch them, or mind what they look like.
const NEXT: &[u8] = b"\r\n\0 next: \xff\r\n\r\n";

/// A connection on which each read brings one byte.
struct Drip<'a>(&'a [u8]);

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

impl BufRead for Drip<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.0[..self.0.len().min(1)])
    }

    fn consume(&mut self, n: usize) {
        self.0 = &self.0[n..];
    }
}

/// Reads the bytes in every way, checks that all ways agree, and returns what they say.
fn every_way<T: Debug>(
    bytes: &[u8],
    read: impl Fn(&mut &mut dyn BufRead) -> Result<T, Error>,
) -> Result<T, Error> {
    let whole = read(&mut (&mut &*bytes as &mut dyn BufRead));
    let said = format!("{whole:?}");
    let dripped = read(&mut (&mut Drip(bytes) as &mut dyn BufRead));
    assert_eq!(format!("{dripped:?}"), said, "byte by byte: {}", bytes.escape_ascii());
    // What stops for want of more bytes would go on with these.
    if matches!(whole, Err(Error::Broken { rule: Rule::WholeMessage, .. })) || said == "Ok(None)" {
        return whole;
    }
    let more = [bytes, NEXT].concat();
    let mut rest = &*more;
    let mut rest_of_drip = Drip(&more);
    let followed = read(&mut (&mut rest as &mut dyn BufRead));
    let followed_drip = read(&mut (&mut rest_of_drip as &mut dyn BufRead));
    assert_eq!(format!("{followed:?}"), said, "with more behind it: {}", bytes.escape_ascii());
    assert_eq!(
        format!("{followed_drip:?}"),
        said,
        "byte by byte with more behind it: {}",
        bytes.escape_ascii()
    );
    if whole.is_ok() {
        assert_eq!(
            rest.escape_ascii().to_string(),
            NEXT.escape_ascii().to_string(),
            "after {}",
            bytes.escape_ascii()
        );
        assert_eq!(rest_of_drip.0, NEXT, "byte by byte, after {}", bytes.escape_ascii());
    }
    whole
}

/// Checks that an error names this rule, answered with this status, at this byte; and that what it
/// shows is what stood there.
fn assert_broken<T: Debug>(
    bytes: &[u8],
    result: Result<T, Error>,
    rule: Rule,
    status: u16,
    at: usize,
) {
    let shown = bytes.escape_ascii();
    match result {
        Err(error @ Error::Broken { .. }) => {
            assert_eq!(
                error.status().map(|status| status.code()),
                Some(status),
                "{error}: {shown}"
            );
            let Error::Broken { rule: broken, came, at: place } = error else { unreachable!() };
            assert_eq!((broken, place), (rule, at), "{shown}");
            let there = bytes[at..].escape_ascii().to_string();
            let came = came.strip_suffix("...").unwrap_or(&came);
            assert!(there.starts_with(came), "not \"{came}\" stood at byte {at}, but \"{there}\"");
        }
        other => panic!("expected {rule:?} broken at byte {at}; came {other:?} from {shown}"),
    }
}

#[test]
fn the_limits_that_the_catalogue_names_are_those_that_hold() {
    for (rule, limit) in [
        (Rule::RequestLineLength, MAX_REQUEST_LINE),
        (Rule::FieldSectionLength, MAX_SECTION),
        (Rule::FieldCount, MAX_LINES),
        (Rule::BodyLength, MAX_BODY),
    ] {
        let (_, _, expected) = rule.entry();
        assert!(expected.contains(&format!(" {limit} ")), "{rule:?}: {expected}; {limit}");
    }
}
