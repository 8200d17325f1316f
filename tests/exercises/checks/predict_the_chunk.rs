use super::exercise::SIZE_LINE;
use crate::checks::{Check, EPOCH, connect, predicted, say, serve};
use push_by_hand::feed::{Id, Message};
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Response, Status};
use push_by_hand::json;

pub fn check() -> Check {
    predicted(say("size line", &[]), SIZE_LINE.map(str::to_ascii_lowercase), || {
        let data = "2025-11-21T07:20:01Z".into();
        let id = Id { epoch: EPOCH, seq: 42 };
        let message = Message {
            id,
            time: EPOCH + 42_000,
            event: "message".into(),
            data,
            written: String::new(),
        };
        let text = json::call("push", &json::message(&message));
        let stream = move |chunks: &ChunkedWriter| chunks.send(text.as_bytes());
        let mut client = connect(serve(move |_, responder| {
            responder.stream(Response::new(Status::OK), &stream)
        }));
        client.ask("GET", "/clock", "");
        client.read_through("\r\n\r\n");
        String::from_utf8_lossy(&client.read_through("\r\n")).trim_end().to_ascii_lowercase()
    })
}
