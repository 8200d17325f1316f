//! Messages: frames joined to what the other side meant to say.
//!
//! Comes after `frame` and before `socket`. Implements RFC 6455 §5.4 (fragmentation), §5.6 (text
//! and binary), §8.1 (UTF-8).
//!
//! ```text
//! Text "Hel"  FIN 0 ─▶ begin                  a message is one data frame and any number of
//! Ping        FIN 1 ─▶ handed over at once    continuations; between them only control frames
//! Cont "lo"   FIN 1 ─▶ Message::Text("Hello")
//! ```
//!
//! Where one frame ends and the next begins has no meaning: it may be in the middle of a character.

use super::close::Close;
use super::error::{Error, NotUtf8, Violation};
use super::frame::{Header, MAX_CONTROL, Opcode, Role};
use std::io::BufRead;

/// The longest message that is taken if nothing else is said, in bytes: more than a page sends,
/// and few enough to keep in memory.
pub const DEFAULT_LIMIT: usize = 16 * 1024 * 1024;

/// What applications exchange.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Message {
    /// Text: a string in JavaScript.
    Text(String),
    /// Bytes: a `Blob` or an `ArrayBuffer` in JavaScript.
    Binary(Vec<u8>),
}

impl Message {
    /// The opcode and the payload that carry it.
    pub fn parts(&self) -> (Opcode, &[u8]) {
        match self {
            Message::Text(text) => (Opcode::Text, text.as_bytes()),
            Message::Binary(bytes) => (Opcode::Binary, bytes),
        }
    }
}

/// What one frame brings.
#[derive(Debug, PartialEq, Eq)]
pub enum Incoming {
    /// A message, complete.
    Message(Message),
    /// More of a message, and not yet its end.
    Fragment,
    /// The peer asks whether we are there, and wants this payload back.
    Ping(Vec<u8>),
    /// The peer is there.
    Pong(Vec<u8>),
    /// The peer will send no more.
    Close(Close),
}

/// Joins frames to messages. What it holds is the message that is under way.
#[derive(Debug)]
pub struct MessageReader {
    role: Role,
    /// The longest message that is taken, in bytes.
    max_message: usize,
    /// Text or Binary while a message is under way.
    begun: Option<Opcode>,
    payload: Vec<u8>,
    /// How much of a text is known to be UTF-8: all but the beginning of a character that is cut
    /// off.
    checked: usize,
}

impl MessageReader {
    /// A reader for one end of a connection, which takes messages of up to `max_message` bytes.
    pub fn new(role: Role, max_message: usize) -> MessageReader {
        MessageReader { role, max_message, begun: None, payload: Vec::new(), checked: 0 }
    }

    /// From here on, messages of up to so many bytes are taken.
    pub fn set_max_message(&mut self, bytes: usize) {
        self.max_message = bytes;
    }

    /// Reads one frame. `None`: the stream ended between two messages.
    ///
    /// ```
    /// use push_by_hand::websocket::{DEFAULT_LIMIT, Incoming, Message, MessageReader, Role};
    /// let mut bytes = b"\x01\x03Hel\x80\x02lo".as_slice();
    /// let mut reader = MessageReader::new(Role::Client, DEFAULT_LIMIT);
    /// assert_eq!(reader.read_from(&mut bytes).unwrap(), Some(Incoming::Fragment));
    /// let message = reader.read_from(&mut bytes).unwrap().unwrap();
    /// assert_eq!(message, Incoming::Message(Message::Text("Hello".into())));
    /// ```
    ///
    /// # Errors
    /// A [`Violation`], or the end of the stream inside a frame or a message. Nothing can be read
    /// after that.
    pub fn read_from(&mut self, input: &mut impl BufRead) -> Result<Option<Incoming>, Error> {
        let Some(header) = Header::read_from(input, self.role)? else {
            return match self.begun {
                None => Ok(None),
                Some(_) => Err(Error::Unfinished { came: self.payload.len() as u64 }),
            };
        };
        let opcode = match (header.opcode, self.begun) {
            (control, _) if control.is_control() => return read_control(input, header).map(Some),
            (Opcode::Continuation, Some(begun)) => begun,
            (Opcode::Continuation, None) => return Err(Violation::NothingToContinue.into()),
            (opcode, Some(_)) => {
                return Err(Violation::MessageInterrupted { opcode: opcode as u8 }.into());
            }
            (opcode, None) => opcode,
        };
        self.read_payload(input, header, opcode)?;
        if header.fin {
            return self.finish(opcode).map(Some);
        }
        self.begun = Some(opcode);
        Ok(Some(Incoming::Fragment))
    }

    /// Reads the payload of one data frame. A text is checked as its pieces arrive: what is wrong
    /// is wrong at once, however much of the frame is still to come.
    fn read_payload(
        &mut self,
        input: &mut impl BufRead,
        header: Header,
        opcode: Opcode,
    ) -> Result<(), Error> {
        let mut rest = header.payload(self.payload.len(), self.max_message)?;
        while rest.left() > 0 {
            rest.read_piece(input, &mut self.payload)?;
            // The last piece is left to `finish`, which looks at the whole.
            if opcode == Opcode::Text && !(header.fin && rest.left() == 0) {
                self.check_text()?;
            }
        }
        Ok(())
    }

    /// Checks what is new. Each byte is looked at once, those of an unfinished character (3 at
    /// most) again with the next piece.
    fn check_text(&mut self) -> Result<(), Violation> {
        let new = &self.payload[self.checked..];
        match str::from_utf8(new) {
            Ok(_) => self.checked = self.payload.len(),
            // No error length means: right so far, and in the middle of a character.
            Err(error) if error.error_len().is_none() => self.checked += error.valid_up_to(),
            Err(error) => return Err(Violation::Text(NotUtf8::new(error, new, self.checked))),
        }
        Ok(())
    }

    /// Makes the message of what was read, without copying it.
    fn finish(&mut self, opcode: Opcode) -> Result<Incoming, Error> {
        (self.begun, self.checked) = (None, 0);
        let payload = std::mem::take(&mut self.payload);
        if opcode == Opcode::Binary {
            return Ok(Incoming::Message(Message::Binary(payload)));
        }
        match String::from_utf8(payload) {
            Ok(text) => Ok(Incoming::Message(Message::Text(text))),
            Err(error) => {
                Err(Violation::Text(NotUtf8::new(error.utf8_error(), error.as_bytes(), 0)).into())
            }
        }
    }
}

/// Reads the payload of a control frame, which is short and whole.
fn read_control(input: &mut impl BufRead, header: Header) -> Result<Incoming, Error> {
    let mut rest = header.payload(0, MAX_CONTROL)?;
    let mut payload = Vec::new();
    while rest.left() > 0 {
        rest.read_piece(input, &mut payload)?;
    }
    Ok(match header.opcode {
        Opcode::Close => Incoming::Close(Close::read_from(&payload)?),
        Opcode::Pong => Incoming::Pong(payload),
        _ => Incoming::Ping(payload),
    })
}
