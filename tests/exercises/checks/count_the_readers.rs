use super::exercise::stream;
use crate::checks::{Check, connect, feed, miss, patience, same, say, serve};
use crate::support::chunk;
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Response, Status};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

pub fn check() -> Check {
    let feed = Arc::new(feed(100));
    let (open, read) = (AtomicUsize::new(0), Arc::clone(&feed));
    let handler = move |chunks: &ChunkedWriter| stream(&open, &read, chunks);
    let port = serve(move |_, responder| responder.stream(Response::new(Status::OK), &handler));
    let open = || {
        let mut client = connect(port);
        client.ask("GET", "/clock", "");
        client.read_through("\r\n\r\n");
        client
    };
    feed.publish("a");
    let asked = say("first", &[]);
    let (mut first, text) = (open(), |chunk: Vec<u8>| String::from_utf8_lossy(&chunk).into_owned());
    same(asked, "1 a\n".into(), text(chunk(&mut first)))?;
    let mut second = open();
    same(say("second", &[]), "2 a\n".into(), text(chunk(&mut second)))?;
    feed.publish("b");
    same(say("both", &[]), "2 b\n".into(), text(chunk(&mut first)))?;
    drop(second);
    // The server finds out by writing.
    let deadline = Instant::now() + patience();
    while Instant::now() < deadline {
        feed.publish("c");
        if text(chunk(&mut first)) == "1 c\n" {
            return Ok(());
        }
    }
    Err(miss(say("gone", &[]), say("soon", &[]), say("still two", &[])))
}
