//! The limit of the machine: one thread, one `epoll`, bytes moved and nothing looked at.
//!
//! `yardstick_mio MODE [ANSWER_BYTES]`, with MODE one of `time`, `echo`, `poll`, `stream`,
//! `socket`.

use std::io::{self, ErrorKind, Read, Write};

use mio::net::{TcpListener, TcpStream};
use mio::{Events, Interest, Poll, Token};

#[path = "../canned.rs"]
mod canned;

const LISTENER: Token = Token(usize::MAX);

struct Connection {
    stream: TcpStream,
    /// What came and is not yet a whole request.
    head: Vec<u8>,
    /// What the socket would not take.
    unsent: Vec<u8>,
    upgraded: bool,
    greeted: bool,
    waits: bool,
    ends: bool,
}

fn main() -> io::Result<()> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let constant = canned::time_answer(std::env::args().nth(2));
    let mut listener = TcpListener::bind(([127, 0, 0, 1], 0).into())?;
    canned::print_url(listener.local_addr()?);
    let mut poll = Poll::new()?;
    poll.registry().register(&mut listener, LISTENER, Interest::READABLE)?;
    let mut connections: Vec<Option<Connection>> = Vec::new();
    let mut free = Vec::new();
    let mut events = Events::with_capacity(1024);
    let mut bytes = vec![0; 64 * 1024];
    loop {
        match poll.poll(&mut events, None) {
            Err(error) if error.kind() == ErrorKind::Interrupted => continue,
            polled => polled?,
        }
        for event in &events {
            if event.token() == LISTENER {
                accept(&listener, &poll, &mut connections, &mut free)?;
                continue;
            }
            let index = event.token().0;
            let Some(connection) = connections[index].as_mut() else {
                continue;
            };
            let mut published = None;
            let alive = connection.turn(&mode, &constant, &mut bytes, &mut published);
            if !matches!(alive, Ok(true)) {
                connections[index] = None;
                free.push(index);
            }
            if let Some(message) = published {
                let wrapped = canned::wrap(&mode, &message);
                for waiting in connections.iter_mut().flatten().filter(|each| each.waits) {
                    waiting.waits = mode != "poll";
                    // A subscriber that left is found by its own event.
                    let _ = waiting.send(&wrapped);
                }
            }
        }
    }
}

fn accept(
    listener: &TcpListener,
    poll: &Poll,
    connections: &mut Vec<Option<Connection>>,
    free: &mut Vec<usize>,
) -> io::Result<()> {
    loop {
        let mut stream = match listener.accept() {
            Ok((stream, _)) => stream,
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(()),
            Err(error) => return Err(error),
        };
        stream.set_nodelay(true)?;
        let index = free.pop().unwrap_or_else(|| {
            connections.push(None);
            connections.len() - 1
        });
        poll.registry().register(
            &mut stream,
            Token(index),
            Interest::READABLE | Interest::WRITABLE,
        )?;
        connections[index] = Some(Connection {
            stream,
            head: Vec::new(),
            unsent: Vec::new(),
            upgraded: false,
            greeted: false,
            waits: false,
            ends: false,
        });
    }
}

impl Connection {
    /// Does what the socket allows now. `Ok(false)` is the end of the connection.
    fn turn(
        &mut self,
        mode: &str,
        constant: &[u8],
        bytes: &mut [u8],
        published: &mut Option<Vec<u8>>,
    ) -> io::Result<bool> {
        self.send(b"")?;
        loop {
            let read = match self.stream.read(bytes) {
                Ok(0) => return Ok(false),
                Ok(read) => read,
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error),
            };
            let came = &bytes[..read];
            if self.upgraded {
                self.send(came)?;
            } else if mode == "time" && self.head.is_empty() && came.ends_with(b"\r\n\r\n") {
                self.ends = canned::asks_to_close(came);
                self.send(constant)?;
            } else {
                self.head.extend_from_slice(came);
                self.answer(mode, constant, published)?;
            }
            // A short read has emptied the socket (epoll(7)); the next event will say when there is
            // more.
            if read < bytes.len() {
                break;
            }
        }
        Ok(!(self.ends && self.unsent.is_empty()))
    }

    fn answer(
        &mut self,
        mode: &str,
        constant: &[u8],
        published: &mut Option<Vec<u8>>,
    ) -> io::Result<()> {
        let Some(end) = memchr::memmem::find(&self.head, b"\r\n\r\n").map(|at| at + 4) else {
            return Ok(());
        };
        if self.head.starts_with(b"POST") {
            let length = canned::content_length(&self.head[..end]);
            if self.head.len() < end + length {
                return Ok(());
            }
            *published = Some(self.head[end..end + length].to_vec());
            self.head = Vec::new();
            return self.send(canned::PUBLISHED);
        }
        // Freed, so that a parked connection keeps nothing it does not need.
        self.head = Vec::new();
        match mode {
            "time" => self.send(constant),
            "echo" => {
                self.upgraded = true;
                self.send(canned::UPGRADE)
            }
            _ => {
                self.waits = true;
                let greeting = if self.greeted { &b""[..] } else { canned::greeting(mode) };
                self.greeted = true;
                self.send(greeting)
            }
        }
    }

    /// Sends what was left over, then `more`; what the socket does not take waits for the next
    /// event.
    fn send(&mut self, more: &[u8]) -> io::Result<()> {
        if !self.unsent.is_empty() {
            self.unsent.extend_from_slice(more);
            let unsent = std::mem::take(&mut self.unsent);
            return self.send_now(&unsent);
        }
        self.send_now(more)
    }

    fn send_now(&mut self, bytes: &[u8]) -> io::Result<()> {
        let mut sent = 0;
        while sent < bytes.len() {
            match self.stream.write(&bytes[sent..]) {
                Ok(wrote) => sent += wrote,
                Err(error) if error.kind() == ErrorKind::WouldBlock => {
                    self.unsent.extend_from_slice(&bytes[sent..]);
                    break;
                }
                Err(error) => return Err(error),
            }
        }
        Ok(())
    }
}
