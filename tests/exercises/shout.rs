//! Answer texts in capital letters, until the client has no more to say. Is a message of 125 bytes
//! still answered with one of 125? And what about a binary message: it is not text, so it comes
//! back as it is.

use push_by_hand::websocket::{Error, WebSocket};

pub fn shout(socket: &mut WebSocket<'_>) -> Result<(), Error> {
    while let Some(message) = socket.receive()? {
        socket.send(&message)?;
    }
    Ok(())
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Where is the message whole and known to be UTF-8?
// 2. `ß` in capitals is `SS`: as many bytes, but more letters. And `ŉ`?
// 3. `Message` has two variants.
