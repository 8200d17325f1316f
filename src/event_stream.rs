//! The event stream format, both directions: an event to bytes, bytes to events.
//!
//! Stands beside `http`, whose body carries it. Implements the HTML standard, "Server-sent events":
//! "Parsing an event stream" and "Interpreting an event stream".
//!
//! ```text
//! event: tick\n          event type                        a line is a field:
//! id: 42\n               last event ID                     name, colon, one
//! retry: 20000\n         reconnection time, milliseconds   optional space, value
//! data: first line\n     data; a line each
//! data: second line\n
//! \n                     an empty line: now the event is complete
//! : still here\n\n       a comment: no event, but a sign of life
//! ```

use std::io::{self, BufRead, Write};
use std::ops::RangeInclusive;
use std::time::Duration;

/// One event, or the parts of one: a block without data changes the ID or the reconnection time and
/// fires nothing.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Event {
    /// The event type; `None` is `message`.
    pub event: Option<String>,
    /// The last event ID that this block sets. Empty means: forget it.
    pub id: Option<String>,
    /// The reconnection time.
    pub retry: Option<Duration>,
    /// The data. An empty text is still an event; `None` is none.
    pub data: Option<String>,
}

impl Event {
    /// An event of the default type with this data.
    pub fn message(data: &str) -> Event {
        Event { data: Some(data.into()), ..Event::default() }
    }

    /// Writes the block and its empty line.
    ///
    /// Nothing that stands in a field can begin another: data is cut into lines at each CR, LF or
    /// CRLF, and each becomes a field of its own; in the event type and the ID, which have one line
    /// only, CR, LF and NUL are left out.
    ///
    /// ```
    /// use push_by_hand::event_stream::Event;
    /// let mut bytes = Vec::new();
    /// Event { id: Some("42".into()), ..Event::message("two\nlines") }.write_to(&mut bytes);
    /// assert_eq!(bytes, b"id: 42\ndata: two\ndata: lines\n\n");
    /// ```
    pub fn write_to(&self, out: &mut Vec<u8>) {
        if let Some(event) = &self.event {
            write_field(out, "event", &one_line(event));
        }
        if let Some(id) = &self.id {
            write_field(out, "id", &one_line(id));
        }
        if let Some(retry) = self.retry {
            write_field(out, "retry", &retry.as_millis().to_string());
        }
        if let Some(data) = &self.data {
            // A reader takes one space behind the colon away. It takes ours, and leaves one with
            // which the data begins.
            for line in data.replace("\r\n", "\n").split(['\r', '\n']) {
                write_field(out, "data", line);
            }
        }
        out.push(b'\n');
    }

    /// The block as bytes.
    pub fn to_bytes(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.write_to(&mut bytes);
        bytes
    }
}

/// The reconnection time for the stream on this connection: each is told another, so that the
/// clients of a server that is started again do not all come back at once.
///
/// What is left of the multiples of the golden ratio behind the point lies evenly between 0 and 1,
/// however many there are, and two that follow each other lie far apart. So no chance is needed.
///
/// ```
/// # use push_by_hand::event_stream::retry;
/// # use std::time::Duration;
/// let between = || Duration::from_secs(2)..=Duration::from_secs(4);
/// assert_eq!([1, 2, 3, 4].map(|n| retry(between(), n).as_millis()), [3236, 2472, 3708, 2944]);
/// ```
pub fn retry(between: RangeInclusive<Duration>, connection: u64) -> Duration {
    /// 2⁶⁴ divided by the golden ratio.
    const STEP: u64 = 0x9e37_79b9_7f4a_7c15;
    let part = u128::from(connection.wrapping_mul(STEP) >> 32);
    let (shortest, longest) = between.into_inner();
    let more = (longest.saturating_sub(shortest).as_millis() * part) >> 32;
    shortest + Duration::from_millis(u64::try_from(more).unwrap_or(u64::MAX))
}

fn write_field(out: &mut Vec<u8>, name: &str, value: &str) {
    writeln!(out, "{name}: {value}").expect("a Vec takes every write because it grows");
}

fn one_line(text: &str) -> String {
    text.replace(['\r', '\n', '\0'], "")
}

/// The longest line a reader takes, and the most data one event may have, in bytes.
const MAX_EVENT: usize = 1024 * 1024;

/// Reads events as a browser does.
pub struct EventReader<R> {
    reader: R,
    /// A CR ended the last line: an LF that follows belongs to it.
    after_cr: bool,
    at_start: bool,
    /// What a browser would send as `Last-Event-ID` if it had to reconnect now.
    pub last_event_id: String,
    /// What the server asked for as reconnection time, if it did.
    pub retry: Option<Duration>,
}

impl<R: BufRead> EventReader<R> {
    /// Reads events from here on. `last_event_id` is what the stream before this one, if any, ended
    /// with.
    pub fn new(reader: R, last_event_id: &str) -> EventReader<R> {
        EventReader {
            reader,
            after_cr: false,
            at_start: true,
            last_event_id: last_event_id.into(),
            retry: None,
        }
    }

    /// The next event that fires, its `id` being the last event ID at that moment; `None` at the
    /// end of the stream. A block that the end cuts off is no event.
    ///
    /// ```
    /// use push_by_hand::event_stream::EventReader;
    /// let stream = b": hi\n\nid: 1\ndata: a\r\ndata:b\n\ndata: cut".as_slice();
    /// let mut events = EventReader::new(stream, "");
    /// assert_eq!(events.next_event().unwrap().unwrap().data.unwrap(), "a\nb");
    /// assert_eq!(events.next_event().unwrap(), None);
    /// ```
    ///
    /// # Errors
    /// The reader's; `InvalidData` for a line or an event of more than a mebibyte.
    pub fn next_event(&mut self) -> io::Result<Option<Event>> {
        let mut data: Option<String> = None;
        let mut event = None;
        let mut id = None;
        while let Some(line) = self.next_line()? {
            if line.is_empty() {
                // The ID counts from here, also where nothing fires.
                if let Some(id) = id.take() {
                    self.last_event_id = id;
                }
                if data.is_some() {
                    let id = Some(self.last_event_id.clone()).filter(|id| !id.is_empty());
                    return Ok(Some(Event { event, id, retry: None, data }));
                }
                event = None;
                continue;
            }
            // A line that begins with a colon is a comment: its field name is empty, and no field
            // has that name.
            let (name, value) = line.split_once(':').unwrap_or((&line, ""));
            let value = value.strip_prefix(' ').unwrap_or(value);
            match name {
                "data" => match &mut data {
                    None => data = Some(value.to_owned()),
                    Some(data) if data.len() + value.len() < MAX_EVENT => {
                        data.extend(["\n", value])
                    }
                    Some(_) => return Err(too_long("an event")),
                },
                // An empty type is the default one.
                "event" => event = Some(value.to_owned()).filter(|event| !event.is_empty()),
                "id" if !value.contains('\0') => id = Some(value.to_owned()),
                "retry" if !value.is_empty() && value.bytes().all(|byte| byte.is_ascii_digit()) => {
                    self.retry = value.parse().ok().map(Duration::from_millis).or(self.retry);
                }
                _ => {}
            }
        }
        Ok(None)
    }

    /// The next line without its end, which may be CR, LF or CRLF; `None` when the stream ends
    /// before one.
    ///
    /// A lone CR ends its line at once: whether an LF follows may be known only much later.
    fn next_line(&mut self) -> io::Result<Option<String>> {
        let mut line = Vec::new();
        loop {
            let buffer = self.reader.fill_buf()?;
            if buffer.is_empty() {
                return Ok(None);
            }
            if std::mem::take(&mut self.after_cr) && buffer[0] == b'\n' {
                self.reader.consume(1);
                continue;
            }
            let end = buffer.iter().position(|byte| matches!(byte, b'\r' | b'\n'));
            let taken = end.unwrap_or(buffer.len());
            if line.len() + taken > MAX_EVENT {
                return Err(too_long("a line"));
            }
            line.extend_from_slice(&buffer[..taken]);
            self.after_cr = end.is_some_and(|end| buffer[end] == b'\r');
            self.reader.consume(taken + usize::from(end.is_some()));
            if end.is_some() {
                break;
            }
        }
        // "UTF-8 decode": one byte order mark at the very beginning is passed over; wrong bytes
        // become U+FFFD.
        if std::mem::take(&mut self.at_start) && line.starts_with("\u{feff}".as_bytes()) {
            line.drain(..3);
        }
        Ok(Some(String::from_utf8_lossy(&line).into_owned()))
    }
}

fn too_long(what: &str) -> io::Error {
    io::Error::new(
        io::ErrorKind::InvalidData,
        format!("expected {what} of at most {MAX_EVENT} bytes; came a longer one"),
    )
}

#[cfg(test)]
mod tests;
