use super::exercise::serve;
use crate::checks::{Check, connect, holds, patience, say};
use crate::support::Client;
use std::io::{BufRead, BufReader, Write};
use std::net::{TcpListener, TcpStream};
use std::thread;
use std::time::Instant;

/// Sends each line back, and panics at one of them.
fn echo(mut stream: TcpStream) {
    let mut reader = BufReader::new(stream.try_clone().unwrap());
    let mut line = String::new();
    while reader.read_line(&mut line).is_ok_and(|n| n > 0) {
        assert!(line != "panic\n", "as the check asked");
        stream.write_all(line.as_bytes()).unwrap();
        line.clear();
    }
}

/// What comes back for a line: the same, or nothing.
fn said(client: &mut Client, text: &str) -> String {
    let mut line = String::new();
    if client.try_send(text).is_ok() {
        // Nothing in time is an answer, too.
        let _ = client.read_line(&mut line);
    }
    line
}

pub fn check() -> Check {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    thread::spawn(move || serve(&listener, 3, echo));
    let quick = || {
        let client = connect(port);
        client.stream().set_read_timeout(Some(patience() / 3)).unwrap();
        client
    };
    let silent = quick();
    let mut second = quick();
    let came = said(&mut second, "b\n");
    holds(came == "b\n", say("second", &[]), "\"b\\n\"", format!("{came:?}"))?;
    let mut third = quick();
    let came = said(&mut third, "c\n");
    holds(came == "c\n", say("third", &[]), "\"c\\n\"", format!("{came:?}"))?;
    let mut fourth = quick();
    let begun = Instant::now();
    let came = said(&mut fourth, "d\n");
    let closed = came.is_empty() && begun.elapsed() < patience() / 3;
    let held = if came.is_empty() { say("silence", &[]) } else { format!("{came:?}") };
    holds(closed, say("fourth", &[]), say("closed", &[]), held)?;
    // One leaves, one falls: both places are free again.
    drop(silent);
    said(&mut second, "panic\n");
    for place in ["fifth", "sixth"] {
        let mut came = String::new();
        let mut client = quick();
        let deadline = Instant::now() + patience() / 3;
        while came.is_empty() && Instant::now() < deadline {
            came = said(&mut client, "e\n");
            if came.is_empty() {
                client = quick();
            }
        }
        holds(came == "e\n", say(place, &[]), "\"e\\n\"", format!("{came:?}"))?;
        // It stays, and so does its place.
        std::mem::forget(client);
    }
    let came = said(&mut third, "f\n");
    holds(came == "f\n", say("still", &[]), "\"f\\n\"", format!("{came:?}"))
}
