//! One frame, beside `tungstenite`'s header. The first byte says which end reads.
//!
//! What we take, it takes and reads alike; it takes reserved bits, lengths that are not the
//! shortest, long and fragmented control frames here, and judges some of them later. What we take
//! we write back byte for byte, but for the mask, which is new each time.

use crate::cut::every_way;
use push_by_hand::websocket::{Frame, Header, Role, write_frame};
use std::io::Cursor;
use tungstenite::protocol::frame::FrameHeader;

/// Few enough that an input can go beyond it.
const LIMIT: usize = 1000;

pub fn target(bytes: &[u8]) {
    let Some((first, bytes)) = bytes.split_first() else { return };
    let role = if first & 1 == 1 { Role::Client } else { Role::Server };
    let (frame, left) = every_way(bytes, |reader| {
        let frame = Frame::read_from(reader, role, LIMIT).map_err(|error| error.to_string());
        let left = frame.is_ok().then(|| reader.rest().len());
        (frame, left)
    });
    let (Ok(Some(frame)), Some(left)) = (frame, left) else { return };

    let header = Header::read_from(&mut &*bytes, role).unwrap().unwrap();
    let mut written = Vec::new();
    header.write_to(&mut written);
    assert!(bytes.starts_with(&written));
    assert_eq!(written.len() + frame.payload.len() + left, bytes.len());

    let (theirs, length) = FrameHeader::parse(&mut Cursor::new(bytes)).unwrap().unwrap();
    assert_eq!((theirs.is_final, theirs.mask), (header.fin, header.masking_key));
    assert_eq!((u8::from(theirs.opcode), length), (header.opcode as u8, header.length));

    let mut again = Vec::new();
    write_frame(&mut again, role, frame.fin, frame.opcode, &frame.payload);
    let reader = if role == Role::Client { Role::Client } else { Role::Server };
    let other = if reader == Role::Client { Role::Server } else { Role::Client };
    assert_eq!(Frame::read_from(&mut again.as_slice(), other, LIMIT).unwrap(), Some(frame));
}
