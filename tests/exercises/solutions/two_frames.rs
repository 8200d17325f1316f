//! A solution of `two_frames`.

use push_by_hand::websocket::{DEFAULT_LIMIT, Frame, Role};

pub fn texts(buffer: &mut Vec<u8>) -> Vec<String> {
    let mut texts = Vec::new();
    let mut rest = buffer.as_slice();
    let mut left = rest.len();
    while let Ok(Some(frame)) = Frame::read_from(&mut rest, Role::Server, DEFAULT_LIMIT) {
        texts.push(String::from_utf8_lossy(&frame.payload).into_owned());
        left = rest.len();
    }
    buffer.drain(..buffer.len() - left);
    texts
}
