use super::exercise::{LIMIT, read_frame};
use crate::checks::{Check, hex, holds, same, say};
use crate::support::frames::masked;
use push_by_hand::websocket::{Frame, Role};
use std::io::{BufReader, Read};

pub fn check() -> Check {
    let limit = usize::try_from(LIMIT).unwrap();
    let long = vec![b'x'; 70_000];
    let first_13 = |mut bytes: Vec<u8>| {
        bytes.truncate(13);
        bytes
    };
    for bytes in [
        masked(0x81, b"Hello"),
        masked(0x82, b""),
        masked(0x01, b"part"),
        masked(0x80, b"end"),
        masked(0x81, &long[..125]),
        masked(0x81, &long[..126]),
        masked(0x82, &long[..65_535]),
        masked(0x82, &long),
        b"\x81\x05Hello".into(),
        b"\x81\xfe\0\x05\0\0\0\0Hello".into(),
        b"\x81\xff\0\0\0\0\0\0\0\x05\0\0\0\0Hello".into(),
        b"\x82\xff\0\0\0\0\x7f\xff\xff\xff\0\0\0\0".into(),
        b"\x82\xff\x7f\xff\xff\xff\xff\xff\xff\xff\0\0\0\0".into(),
        first_13(masked(0x81, b"Hello, world")),
        b"\x81".into(),
    ] {
        let expected = Frame::read_from(&mut &bytes[..], Role::Server, limit);
        let expected = expected.ok().flatten();
        let expected = expected.map(|frame| (frame.fin, frame.opcode as u8, frame.payload));
        let with_more = [&bytes[..], if expected.is_some() { b"next" } else { b"" }].concat();
        let mut reader = BufReader::with_capacity(3, &with_more[..]);
        let asked = say("frame", &[&bytes.len(), &hex(&bytes[..bytes.len().min(16)])]);
        let came = read_frame(&mut reader).ok();
        let text = |frame: &Option<(bool, u8, Vec<u8>)>| match frame {
            None => say("an error", &[]),
            Some((fin, opcode, payload)) => {
                let start = payload[..payload.len().min(16)].escape_ascii();
                say("a frame", &[fin, opcode, &payload.len(), &start])
            }
        };
        holds(expected == came, asked, text(&expected), text(&came))?;
        if expected.is_some() {
            let mut rest = String::new();
            reader.read_to_string(&mut rest).unwrap();
            same(say("rest", &[&bytes.len()]), "next".into(), rest)?;
        }
    }
    Ok(())
}
