use super::exercise::BYTES;
use crate::checks::{Check, connect, predicted, say, serve};
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Response, Status};
use push_by_hand::json;

pub fn check() -> Check {
    predicted(say("bytes", &[]), BYTES, || {
        let script = json::call("push", "1763709601000");
        let stream =
            move |chunks: &ChunkedWriter| (0..100).try_for_each(|_| chunks.send(script.as_bytes()));
        let mut client = connect(serve(move |_, responder| {
            responder.stream(Response::new(Status::OK), &stream)
        }));
        client.ask("GET", "/clock", "Connection: close\r\n");
        client.read_through("\r\n\r\n");
        client.rest().len() - b"0\r\n\r\n".len()
    })
}
