use super::exercise::{CHUNK, FRAME};
use crate::checks::{Check, EPOCH, connect, predicted, say, serve};
use push_by_hand::event_stream::Event;
use push_by_hand::feed::{Id, Message};
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Response, Status};
use push_by_hand::json;
use push_by_hand::websocket::{Frame, Opcode, Role};

pub fn check() -> Check {
    let sizes = |data: &str| {
        let (id, data) = (Id { epoch: EPOCH, seq: 42 }, data.to_owned());
        let message = Message {
            id,
            time: EPOCH + 42_000,
            event: "message".into(),
            data,
            written: String::new(),
        };
        let text = json::message(&message);
        let event = Event { id: Some(message.id.to_string()), ..Event::message(&text) }.to_bytes();
        let mut frame = Vec::new();
        Frame { fin: true, opcode: Opcode::Text, payload: text.into() }
            .write_to(&mut frame, Role::Server);
        let stream = move |chunks: &ChunkedWriter| chunks.send(&event);
        let mut client = connect(serve(move |_, responder| {
            responder.stream(Response::new(Status::OK), &stream)
        }));
        client.ask("GET", "/events", "Connection: close\r\n");
        client.read_through("\r\n\r\n");
        (frame.len(), client.rest().len())
    };
    let (short, long) = (sizes("hello"), sizes(&"x".repeat(200)));
    predicted(say("frame", &[]), FRAME, || long.0 - short.0 - 195)?;
    predicted(say("chunk", &[]), CHUNK, || long.1 - short.1 - 195)
}
