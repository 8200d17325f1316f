use super::exercise::target;
use crate::checks::{Check, feed, miss, same, say, serve};
use push_by_hand::http::{Response, Status};
use push_by_hand::json;
use push_by_hand::lesson::after;
use push_by_hand::websocket::{self, Client, Message, Policy, Url};
use std::sync::Arc;

/// Three connections: each sends two messages and a text that is none, and breaks.
pub fn check() -> Check {
    let feed = Arc::new(feed(100));
    feed.publish("a");
    let shared = Arc::clone(&feed);
    let port = serve(move |request, responder| match after(request, &shared) {
        Ok(after) => websocket::serve(request, responder, &Policy::default(), |socket| {
            for message in shared.after(after).messages.iter().take(2) {
                socket.send_text(&json::message(message))?;
            }
            socket.send_text(r#"{"missed":0}"#)
        }),
        Err(expected) => responder.send(Response::refusal(Status::BAD_REQUEST, &expected)),
    });
    let mut heard: Vec<String> = Vec::new();
    for connection in 1..=3 {
        let target = target(&heard);
        let url = Url::parse(&format!("ws://127.0.0.1:{port}{target}"))
            .map_err(|error| miss(say("connects", &[&connection, &target]), "101", error))?;
        let mut client = Client::connect(&url, &[])
            .map_err(|error| miss(say("connects", &[&connection, &target]), "101", error))?;
        let mut socket = client.socket();
        while let Ok(Some(Message::Text(text))) = socket.receive() {
            heard.push(text);
        }
        if connection == 1 {
            for data in ["b", "c", "d", "e"] {
                feed.publish(data);
            }
        }
        let data = heard.iter().filter_map(|text| text.split("\"data\":").nth(1));
        let data: Vec<_> = data.map(|data| &data[1..2]).collect();
        let all = ["a", "b", "c", "d", "e"];
        same(say("heard", &[&connection, &target]), all[..connection * 2 - 1].to_vec(), data)?;
    }
    Ok(())
}
