use super::exercise::FRAME;
use crate::checks::{Check, echoes, hex, open, predicted, same, say};
use crate::support::frames;

pub fn check() -> Check {
    let Some(frame) = FRAME else { return predicted(say("frame", &[]), None, || ()) };
    // Two bytes of head, the key, and the text.
    same(say("length", &[]), 8, frame.len())?;
    same(say("key", &[]), "01 02 03 04".into(), hex(&frame[2..6]))?;
    let mut client = open(echoes(), "/");
    client.send(frame);
    let echo = frames::next(&mut client);
    let read = (format!("{:?}", echo.opcode), String::from_utf8_lossy(&echo.payload));
    same(say("read", &[]), ("Text".into(), "OK".into()), read)
}
