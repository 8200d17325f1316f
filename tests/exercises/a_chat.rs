//! The task: docs/the-last-exercise.md. 题目：docs/zh/the-last-exercise.md。

use push_by_hand::http::Request;
use push_by_hand::server::{Responder, Sent};
use push_by_hand::websocket::{self, Message, Policy};
use std::io;
use std::path::Path;

pub struct Chat {}

impl Chat {
    pub fn open(_log: &Path) -> io::Result<Chat> {
        Ok(Chat {})
    }

    pub fn answer(&self, request: &Request, responder: Responder<'_>) -> io::Result<Sent> {
        websocket::serve(request, responder, &Policy::default(), |socket| {
            let mut number = 0;
            while let Some(message) = socket.receive()? {
                if let Message::Text(text) = message {
                    number += 1;
                    socket.send_text(&format!("{number} {text}"))?;
                }
            }
            Ok(())
        })
    }
}
