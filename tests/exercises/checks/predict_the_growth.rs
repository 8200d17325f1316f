use super::exercise::{CHUNK, FRAME};
use crate::checks::{Check, EPOCH, connect, predicted, say, serve};
use push_by_hand::event_stream::Event;
use push_by_hand::feed::{Id, Message};
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Response, Status};
use push_by_hand::json;
use push_by_hand::websocket::text_frame;

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
        let stream = move |chunks: &ChunkedWriter| chunks.send(&event);
        let mut client = connect(serve(move |_, responder| {
            responder.stream(Response::new(Status::OK), &stream)
        }));
        client.ask("GET", "/events", "Connection: close\r\n");
        client.read_through("\r\n\r\n");
        (text_frame(&text).len(), client.rest().len())
    };
    let (short, long) = (sizes("hello"), sizes(&"x".repeat(200)));
    predicted(say("frame", &[]), FRAME, || long.0 - short.0 - 195)?;
    predicted(say("chunk", &[]), CHUNK, || long.1 - short.1 - 195)
}
