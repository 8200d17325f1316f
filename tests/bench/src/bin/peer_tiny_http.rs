//! The peer `tiny_http`: the time, and requests held until something is published.
//!
//! `peer_tiny_http MODE`, with MODE one of `time`, `poll`. Requests are taken from several threads,
//! as its own documentation shows.

use std::error::Error;
use std::io::Write;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::{SystemTime, UNIX_EPOCH};

use tiny_http::{Method, Request, Response, Server};

fn main() -> Result<(), Box<dyn Error + Send + Sync>> {
    let holds = std::env::args().nth(1).as_deref() == Some("poll");
    let server = Arc::new(Server::http("127.0.0.1:0")?);
    println!("data  http://{}/", server.server_addr());
    std::io::stdout().flush()?;
    let held = Arc::new(Mutex::new(Vec::new()));
    let workers: Vec<_> = (0..4)
        .map(|_| {
            let (server, held) = (Arc::clone(&server), Arc::clone(&held));
            thread::spawn(move || {
                while let Ok(request) = server.recv() {
                    if holds { hold(request, &held) } else { tell_the_time(request) }
                }
            })
        })
        .collect();
    for worker in workers {
        worker.join().expect("no worker panics");
    }
    Ok(())
}

fn tell_the_time(request: Request) {
    let second =
        SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs()
            % 86_400;
    let time = format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60);
    // A client that left has no use for the answer.
    let _ = request.respond(Response::from_string(time));
}

fn hold(mut request: Request, held: &Mutex<Vec<Request>>) {
    if *request.method() == Method::Get {
        held.lock().expect("no worker panics").push(request);
        return;
    }
    let mut message = String::new();
    if request.as_reader().read_to_string(&mut message).is_ok() {
        let _ = request.respond(Response::empty(204));
        for waiting in std::mem::take(&mut *held.lock().expect("no worker panics")) {
            let _ = waiting.respond(Response::from_string(message.clone()));
        }
    }
}
