//! A solution of `shout`.

use push_by_hand::websocket::{Error, Message, WebSocket};

pub fn shout(socket: &mut WebSocket<'_>) -> Result<(), Error> {
    while let Some(message) = socket.receive()? {
        match message {
            Message::Text(text) => socket.send_text(&text.to_uppercase())?,
            Message::Binary(_) => socket.send(&message)?,
        }
    }
    Ok(())
}
