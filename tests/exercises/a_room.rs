//! The task: docs/08-websocket.md, at its end. 题目：docs/zh/08-websocket.md 末尾。

use push_by_hand::feed::{Feed, Id};
use push_by_hand::json;
use push_by_hand::websocket::{Error, Message, Sender, State, WebSocket};
use std::thread;
use std::time::{Duration, Instant};

pub fn room(socket: &mut WebSocket<'_>, feed: &Feed, after: Id) -> Result<(), Error> {
    let sender = socket.sender();
    thread::scope(|scope| {
        scope.spawn(|| send_feed(&sender, feed, after));
        while let Some(message) = socket.receive()? {
            if let Message::Text(text) = message {
                socket.send_text(&text)?;
            }
        }
        Ok(())
    })
}

fn send_feed(sender: &Sender, feed: &Feed, mut after: Id) {
    while sender.state() == State::Open {
        let news = feed.wait_after(after, Instant::now() + Duration::from_secs(1));
        if news.messages.iter().any(|message| sender.send_text(&json::message(message)).is_err()) {
            return;
        }
        after = news.last;
    }
}
