//! A `data` event is no frame: two frames may come in one, and one in two. Take the texts of all
//! whole frames out of `buffer`, and leave what is not yet whole.

use push_by_hand::websocket::{DEFAULT_LIMIT, Frame, Role};

pub fn texts(buffer: &mut Vec<u8>) -> Vec<String> {
    let frame = Frame::read_from(&mut buffer.as_slice(), Role::Server, DEFAULT_LIMIT);
    buffer.clear();
    match frame {
        Ok(Some(frame)) => vec![String::from_utf8_lossy(&frame.payload).into_owned()],
        _ => Vec::new(),
    }
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. `Frame::read_from` takes what it reads off the front of a `&mut &[u8]`. What is left of it
//   afterwards?
// 2. How do you know that a frame was not whole? Whatever was read of it must come back with the
//   next bytes.
// 3. Only what belongs to whole frames may leave `buffer`: `buffer.drain(..n)`.
