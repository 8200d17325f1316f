//! A new connection for each `GET`, a number of them at a time, as clients without keep-alive do.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::closed_loop::Watch;
use crate::loads::{Pace, note_throughput};
use crate::machine::Span;
use crate::protocol::{Check, Times, get};
use crate::results::Run;
use crate::server::Server;

pub const NAME: &str = "connection per request";

struct Visit {
    stream: TcpStream,
    asked: bool,
    answers: u64,
    check: Times,
}

pub fn run(server: &Server, target: &str, pace: Pace, run: &mut Run) -> Result<(), String> {
    let request = get(server.address, target, true);
    let mut poll = Poll::new().map_err(|error| error.to_string())?;
    let begin = |poll: &Poll, token: usize, check: Times| -> std::io::Result<Visit> {
        let mut stream = TcpStream::connect(server.address)?;
        poll.registry().register(
            &mut stream,
            Token(token),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        let mut visit = Visit { stream, asked: false, answers: 0, check };
        // On the loopback the connection usually stands by now; otherwise an event will say when.
        visit.ask(&request)?;
        Ok(visit)
    };
    let mut visits = (0..run.point.connections)
        .map(|token| begin(&poll, token, Times::default()))
        .collect::<Result<Vec<_>, _>>()
        .map_err(|error| error.to_string())?;
    let mut events = Events::with_capacity(1024);
    let began = Instant::now();
    let mut watch = Watch::begin();
    let (mut span, mut done) = (None, 0);
    loop {
        watch.look(&mut poll, &mut events)?;
        for event in &events {
            let token = event.token().0;
            let visit = &mut visits[token];
            visit.ask(&request).map_err(|error| error.to_string())?;
            if visit.is_over()? {
                done += 1;
                let check = std::mem::take(&mut visit.check);
                *visit = begin(&poll, token, check).map_err(|error| error.to_string())?;
            }
        }
        let elapsed = began.elapsed();
        match &span {
            None if elapsed >= pace.warm_up => {
                done = 0;
                watch.in_vain = Duration::ZERO;
                span = Some(Span::begin(server));
            }
            Some(span) if elapsed >= pace.warm_up + pace.length => {
                note_throughput(
                    run,
                    done,
                    &span.end(server).without(watch.in_vain),
                    server.resident(),
                );
                return Ok(());
            }
            _ => {}
        }
    }
}

impl Visit {
    fn ask(&mut self, request: &[u8]) -> std::io::Result<()> {
        if self.asked {
            return Ok(());
        }
        match self.stream.write(request) {
            Ok(_) => self.asked = true,
            Err(error)
                if [ErrorKind::WouldBlock, ErrorKind::NotConnected].contains(&error.kind()) => {}
            Err(error) => return Err(error),
        }
        Ok(())
    }

    /// Reads on. True once the server has answered and closed.
    fn is_over(&mut self) -> Result<bool, String> {
        let mut bytes = [0; 4096];
        loop {
            match self.stream.read(&mut bytes) {
                Ok(0) if self.answers == 1 => return Ok(true),
                Ok(0) => return Err(format!("{} answers on one connection", self.answers)),
                Ok(read) => self.answers += self.check.take(&bytes[..read])?,
                Err(error)
                    if [ErrorKind::WouldBlock, ErrorKind::NotConnected].contains(&error.kind()) =>
                {
                    return Ok(false);
                }
                Err(error) => return Err(error.to_string()),
            }
        }
    }
}
