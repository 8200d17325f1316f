//! Connections that each keep a number of requests outstanding: the answer to one is what sends the
//! next.
//!
//! One thread, one `epoll`, request bytes made beforehand: one `read`, one comparison and one
//! `write` an exchange, so that the client costs less than the server it measures. It never sleeps:
//! see `Watch`.

use std::io::{self, ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::loads::Pace;
use crate::machine::{Cost, Span};
use crate::protocol::{Check, PATIENCE, Requests};
use crate::server::Server;

/// Looks for events again and again, and never sleeps.
///
/// A client that sleeps is woken by the server's `send`, and on one machine the server pays for
/// that. Whether it sleeps hangs by a hair: a server would be measured now with a client asleep,
/// now with one awake, a fifth apart, and neither is what it would meet on a network. So the client
/// keeps a core of its own busy. What it spends on looking in vain is not what an exchange costs.
pub struct Watch {
    last: Instant,
    pub in_vain: Duration,
}

impl Watch {
    pub fn begin() -> Watch {
        Watch { last: Instant::now(), in_vain: Duration::ZERO }
    }

    /// What has come by now, which may be nothing; an error if nothing has for too long.
    pub fn look(&mut self, poll: &mut Poll, events: &mut Events) -> Result<(), String> {
        let before = Instant::now();
        match poll.poll(events, Some(Duration::ZERO)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => events.clear(),
            polled => polled.map_err(|error| error.to_string())?,
        }
        if !events.is_empty() {
            self.last = before;
            return Ok(());
        }
        self.in_vain += before.elapsed();
        if self.last.elapsed() > PATIENCE {
            Err(format!("no answer for {PATIENCE:?}"))
        } else {
            Ok(())
        }
    }
}

struct Connection<'a, C> {
    stream: TcpStream,
    check: C,
    /// How many requests were begun, and how many more may be.
    begun: u64,
    allowed: u64,
    unsent: &'a [u8],
}

/// Returns how many answers came in the measured time, what they cost, and the server's resident
/// KiB at its end.
pub fn run<R: Requests, C: Check>(
    server: &Server,
    connections: impl Iterator<Item = io::Result<(std::net::TcpStream, C)>>,
    requests: &R,
    outstanding: u64,
    pace: Pace,
) -> Result<(u64, Cost, f64), String> {
    let wrong = |error: io::Error| error.to_string();
    let mut poll = Poll::new().map_err(wrong)?;
    let mut open: Vec<Connection<C>> = Vec::new();
    for connection in connections {
        let (stream, check) = connection.map_err(wrong)?;
        stream.set_nonblocking(true).map_err(wrong)?;
        let mut stream = TcpStream::from_std(stream);
        poll.registry()
            .register(&mut stream, Token(open.len()), Interest::READABLE | Interest::WRITABLE)
            .map_err(wrong)?;
        open.push(Connection { stream, check, begun: 0, allowed: outstanding, unsent: &[] });
    }
    for connection in &mut open {
        connection.send(requests).map_err(wrong)?;
    }
    let mut events = Events::with_capacity(1024);
    let mut bytes = vec![0; 256 * 1024];
    let began = Instant::now();
    let mut watch = Watch::begin();
    let (mut span, mut done) = (None, 0);
    loop {
        watch.look(&mut poll, &mut events)?;
        for event in &events {
            let connection = &mut open[event.token().0];
            done += connection.receive(&mut bytes)?;
            connection.send(requests).map_err(wrong)?;
        }
        let elapsed = began.elapsed();
        match &span {
            None if elapsed >= pace.warm_up => {
                done = 0;
                watch.in_vain = Duration::ZERO;
                span = Some(Span::begin(server));
            }
            Some(span) if elapsed >= pace.warm_up + pace.length => {
                return Ok((done, span.end(server).without(watch.in_vain), server.resident()));
            }
            _ => {}
        }
    }
}

impl<'a, C: Check> Connection<'a, C> {
    fn receive(&mut self, bytes: &mut [u8]) -> Result<u64, String> {
        let mut done = 0;
        loop {
            match self.stream.read(bytes) {
                Ok(0) => return Err("the server ended a connection".to_owned()),
                Ok(read) => {
                    done += self.check.take(&bytes[..read])?;
                    // A short read has emptied the socket (epoll(7)).
                    if read < bytes.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.to_string()),
            }
        }
        self.allowed += done;
        Ok(done)
    }

    fn send<R: Requests>(&mut self, requests: &'a R) -> io::Result<()> {
        loop {
            if self.unsent.is_empty() {
                if self.allowed == 0 {
                    return Ok(());
                }
                let (bytes, count) = requests.bytes(self.begun, self.allowed);
                self.unsent = bytes;
                self.begun += count;
                self.allowed -= count;
            }
            match self.stream.write(self.unsent) {
                Ok(wrote) => self.unsent = &self.unsent[wrote..],
                Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
                Err(error) => return Err(error),
            }
        }
    }
}
