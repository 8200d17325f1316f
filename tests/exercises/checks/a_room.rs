use super::exercise::room;
use crate::checks::{Check, feed, holds, open, say, serve};
use crate::support::frames;
use push_by_hand::json;
use push_by_hand::websocket::{self, Opcode, Policy, WebSocket};
use std::sync::Arc;

const SAID: &str = "she said \"hi\"\nand left";

pub fn check() -> Check {
    let feed = Arc::new(feed(100));
    let start = feed.before_newest();
    let shared = Arc::clone(&feed);
    let talk = move |socket: &mut WebSocket<'_>| room(socket, &shared, start);
    let port = serve(move |request, responder| {
        websocket::serve(request, responder, &Policy::default(), &talk)
    });
    let mut clients = [open(port, "/push"), open(port, "/push")];
    // The Pong comes when the server is done with the text before it.
    clients[0].send(frames::masked(0x81, SAID.as_bytes()));
    clients[0].send(frames::masked(0x89, b""));
    let mut heard = [Vec::new(), Vec::new()];
    loop {
        let frame = frames::next(&mut clients[0]);
        if frame.opcode == Opcode::Pong {
            break;
        }
        heard[0].push(String::from_utf8_lossy(&frame.payload).into_owned());
    }
    // What was published before this has been heard by whoever hears this.
    feed.publish("the end");
    for (client, heard) in clients.iter_mut().zip(&mut heard) {
        while heard.last().is_none_or(|text| !text.contains("the end")) {
            heard.push(frames::next_text(client));
        }
    }
    for (who, heard) in ["self", "other"].iter().zip(&heard) {
        let data = format!("\"data\":{}", json::string(SAID));
        let said = heard.iter().filter(|text| text.contains(&data)).count();
        let asked = say(who, &[&format!("{SAID:?}")]);
        holds(said == 1 && heard.len() == 2, asked, say("once", &[]), heard.join("\n"))?;
    }
    Ok(())
}
