//! WebSockets that have said one thing each and then keep still: what an open connection costs in
//! memory.

use std::io::{Read, Write};

use crate::machine::Span;
use crate::protocol::{Check, Echoes, Frames, Requests, open_socket};
use crate::results::Run;
use crate::server::Server;

pub const NAME: &str = "idle sockets";

pub fn run(server: &Server, target: &str, verbatim: bool, run: &mut Run) -> Result<(), String> {
    let wanted = run.point.connections;
    let frames = Frames::new(32, verbatim);
    let span = Span::begin(server);
    // The first of everything is paid for before memory is read.
    drop(exchange(server, target, &frames)?);
    server.settle();
    let (before, threads_before) = (server.resident(), server.threads());
    let open =
        (0..wanted).map(|_| exchange(server, target, &frames)).collect::<Result<Vec<_>, _>>()?;
    server.settle();
    run.note(&span.end(server));
    run.set("KiB/connection", (server.resident() - before) / wanted as f64);
    run.set("threads", server.threads() - threads_before);
    drop(open);
    Ok(())
}

/// Opens a socket and exchanges one message.
fn exchange(server: &Server, target: &str, frames: &Frames) -> Result<std::net::TcpStream, String> {
    let wrong = |error: std::io::Error| error.to_string();
    let mut stream = open_socket(server.address, target).map_err(wrong)?;
    stream.write_all(frames.bytes(0, 1).0).map_err(wrong)?;
    let mut check = Echoes::new(frames);
    let mut bytes = [0; 256];
    loop {
        match stream.read(&mut bytes).map_err(wrong)? {
            0 => return Err("the server ended a connection".to_owned()),
            read if check.take(&bytes[..read])? == 1 => return Ok(stream),
            _ => {}
        }
    }
}
