use super::exercise::BYTES;
use crate::checks::{Check, echo, lesson, predicted, say, serve_tapped};
use push_by_hand::connection::{Crossing, Tap};
use push_by_hand::websocket::{self, Policy};
use std::io::Write;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

pub fn check() -> Check {
    predicted(say("bytes", &[]), BYTES, || {
        let received = Arc::new(Mutex::new(Vec::new()));
        let record = Arc::clone(&received);
        let tap: Tap = Arc::new(move |_, crossing| {
            if let Crossing::Received(bytes) = crossing {
                record.lock().unwrap().extend_from_slice(bytes);
            }
        });
        let port = serve_tapped(Some(tap), |request, responder| {
            websocket::serve(request, responder, &Policy::default(), echo)
        });
        let url = format!("ws://127.0.0.1:{port}/");
        let mut client = Command::new(lesson("client"))
            .arg(url)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap();
        client.stdin.take().unwrap().write_all(b"hello\n").unwrap();
        client.wait().unwrap();
        let received = received.lock().unwrap();
        let head = received.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        received.len() - head
    })
}
