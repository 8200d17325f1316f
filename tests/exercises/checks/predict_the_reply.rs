use super::exercise::BYTES;
use crate::checks::{Check, open, predicted, say, start};
use crate::support::frames;

pub fn check() -> Check {
    predicted(say("bytes", &[]), BYTES, || {
        let lesson = start("websocket");
        let mut client = open(lesson.port("socket"), "/");
        client.send(frames::masked(0x81, "你".as_bytes()));
        // A Close, so that the end of the answer is known: four bytes of it come back.
        client.send(frames::masked(0x88, b"\x03\xe8"));
        client.end_sending();
        client.rest().len() - 4
    })
}
