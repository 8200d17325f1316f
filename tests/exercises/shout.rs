//! The task: docs/10-raw_websocket.md, at its end. 题目：docs/zh/10-raw_websocket.md 末尾。

use push_by_hand::websocket::{Error, WebSocket};

pub fn shout(socket: &mut WebSocket<'_>) -> Result<(), Error> {
    while let Some(message) = socket.receive()? {
        socket.send(&message)?;
    }
    Ok(())
}
