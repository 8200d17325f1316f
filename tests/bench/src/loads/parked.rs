//! Thousands of connections that wait, and news that must reach every one of them.
//!
//! Measured: the memory a waiting connection costs, the time from a publisher's first byte to the
//! last subscriber's delivery, and whether anyone was left out. The client's own reading of
//! thousands of sockets is part of that time, for every server alike.

use std::io::{ErrorKind, Read, Write};
use std::time::{Duration, Instant};

use memchr::memmem;
use mio::net::TcpStream;
use mio::{Events, Interest, Poll, Token};

use crate::machine::Span;
use crate::peers::{Family, Program};
use crate::protocol::{connect, get, open_socket, post, read_head, shape};
use crate::results::{Run, median};
use crate::server::Server;

pub const LONG_POLL: &str = "parked long polls";
pub const STREAM: &str = "parked event streams";
pub const SOCKET: &str = "parked sockets";

/// No subscriber is given up before this long after the publisher's first byte.
const LOST_AFTER: Duration = Duration::from_secs(5);

pub fn run(
    server: &Server,
    program: &Program,
    publishes: usize,
    run: &mut Run,
) -> Result<(), String> {
    let wanted = run.point.connections;
    let mut publisher = Publisher::new(server, program)?;
    // The first of everything is paid for before memory is read.
    publisher.post("the first")?;
    publisher.confirm()?;
    drop(Crowd::gather(server, program, &publisher, 1)?);
    server.settle();
    let (before, threads_before) = (server.resident(), server.threads());
    let mut crowd = Crowd::gather(server, program, &publisher, wanted)?;
    server.settle();
    run.set("KiB/connection", (server.resident() - before) / wanted as f64);
    run.set("threads", server.threads() - threads_before);

    let span = Span::begin(server);
    let (mut last, mut middle) = (Vec::new(), Vec::new());
    let mut lost = 0;
    for number in 0..publishes {
        let token = format!("news-{number:04}-of-the-day");
        let mut delays = crowd.publish_to_all(&mut publisher, &token, &token)?;
        lost += wanted - delays.len();
        last.extend(delays.last().copied());
        middle.extend(median(&mut delays));
        crowd.ask_again(server, program, &publisher)?;
        server.settle();
    }
    let cost = span.end(server);
    run.note(&cost);
    let slowest = last.iter().copied().fold(0.0, f64::max);
    let delay = median(&mut last).ok_or("nobody heard anything")?;
    run.set("last delivery ms", delay);
    run.set("slowest publish ms", slowest);
    run.set("median delivery ms", median(&mut middle).unwrap_or(f64::NAN));
    run.set("deliveries/s", wanted as f64 / delay * 1e3);
    run.set("server µs/delivery", cost.server * 1e6 / (wanted * publishes) as f64);
    run.set("lost", lost as f64);
    Ok(())
}

/// Posts news, each on a connection of its own: some servers end one that has been silent for a few
/// seconds.
pub struct Publisher {
    stream: std::net::TcpStream,
    server: std::net::SocketAddr,
    target: &'static str,
    after: Option<String>,
}

impl Publisher {
    pub fn new(server: &Server, program: &Program) -> Result<Publisher, String> {
        let stream = connect(server.address).map_err(|error| error.to_string())?;
        Ok(Publisher { stream, server: server.address, target: program.publish, after: None })
    }

    /// Where `program`'s subscribers ask.
    fn subscription(&self, program: &Program) -> String {
        match &self.after {
            Some(id) if program.family == Family::Poll => format!("{}?after={id}", program.target),
            _ => program.target.to_owned(),
        }
    }

    /// Connects, so that a publish need not.
    fn make_ready(&mut self) -> Result<(), String> {
        self.stream = connect(self.server).map_err(|error| error.to_string())?;
        Ok(())
    }

    pub fn post(&mut self, message: &str) -> Result<(), String> {
        self.stream
            .write_all(&post(self.server, self.target, message))
            .map_err(|error| error.to_string())
    }

    /// Reads the answer to `post`. Where it gives the message an id, the next long poll asks for
    /// what comes after it.
    pub fn confirm(&mut self) -> Result<(), String> {
        let mut answer = Vec::new();
        let mut bytes = [0; 4096];
        while shape(&answer)?.is_none() {
            match self.stream.read(&mut bytes) {
                Ok(0) => return Err("the publisher's connection ended".to_owned()),
                Ok(read) => answer.extend_from_slice(&bytes[..read]),
                Err(error) => return Err(format!("the publisher waits: {error}")),
            }
        }
        let answer = String::from_utf8_lossy(&answer);
        self.after = answer
            .split_once("\"id\":\"")
            .and_then(|(_, rest)| Some(rest.split_once('"')?.0.to_owned()));
        Ok(())
    }
}

struct Subscriber {
    stream: TcpStream,
    /// What came and has not been understood.
    came: Vec<u8>,
    heard: bool,
}

/// All who wait.
pub struct Crowd {
    poll: Poll,
    events: Events,
    subscribers: Vec<Subscriber>,
    bytes: Vec<u8>,
    poll_again: Option<Vec<u8>>,
}

impl Crowd {
    pub fn gather(
        server: &Server,
        program: &Program,
        publisher: &Publisher,
        count: usize,
    ) -> Result<Crowd, String> {
        let poll = Poll::new().map_err(|error| error.to_string())?;
        let mut subscribers = Vec::with_capacity(count);
        for number in 0..count {
            let stream = subscribe(server, program, publisher)
                .map_err(|error| format!("subscriber {number}: {error}"))?;
            stream.set_nonblocking(true).map_err(|error| error.to_string())?;
            let mut stream = TcpStream::from_std(stream);
            poll.registry()
                .register(&mut stream, Token(number), Interest::READABLE)
                .map_err(|error| error.to_string())?;
            subscribers.push(Subscriber { stream, came: Vec::new(), heard: false });
        }
        let poll_again = poll_again(server, program, publisher);
        Ok(Crowd {
            poll,
            poll_again,
            events: Events::with_capacity(4096),
            subscribers,
            bytes: vec![0; 64 * 1024],
        })
    }

    /// Publishes `message` and waits until its last words, `token`, have come everywhere.
    /// Returns the delay of each delivery in ms, in order of arrival.
    pub fn publish_to_all(
        &mut self,
        publisher: &mut Publisher,
        message: &str,
        token: &str,
    ) -> Result<Vec<f64>, String> {
        let wanted = memmem::Finder::new(token.as_bytes());
        for subscriber in &mut self.subscribers {
            subscriber.heard = false;
        }
        publisher.make_ready()?;
        // What came since the last publish: time-outs of held requests, ticks, comments.
        while self.listen(&wanted, Duration::ZERO, &mut || ())? {}
        let mut delays = Vec::with_capacity(self.subscribers.len());
        let began = Instant::now();
        publisher.post(message)?;
        while delays.len() < self.subscribers.len() && began.elapsed() < LOST_AFTER {
            let left = LOST_AFTER.saturating_sub(began.elapsed());
            self.listen(&wanted, left, &mut || delays.push(began.elapsed().as_secs_f64() * 1e3))?;
        }
        publisher.confirm()?;
        Ok(delays)
    }

    /// Reads what has come, or comes within `wait`, and calls `heard` for everyone who hears the
    /// news. False if nothing came.
    fn listen(
        &mut self,
        wanted: &memmem::Finder,
        wait: Duration,
        heard: &mut impl FnMut(),
    ) -> Result<bool, String> {
        match self.poll.poll(&mut self.events, Some(wait)) {
            Err(error) if error.kind() == ErrorKind::Interrupted => return Ok(true),
            polled => polled.map_err(|error| error.to_string())?,
        }
        for event in &self.events {
            if self.subscribers[event.token().0].hears(
                wanted,
                self.poll_again.as_deref(),
                &mut self.bytes,
            )? {
                heard();
            }
        }
        Ok(!self.events.is_empty())
    }

    /// A long poll that was answered is asked again; the other techniques just go on.
    pub fn ask_again(
        &mut self,
        server: &Server,
        program: &Program,
        publisher: &Publisher,
    ) -> Result<(), String> {
        self.poll_again = poll_again(server, program, publisher);
        if let Some(request) = &self.poll_again {
            for subscriber in self.subscribers.iter_mut().filter(|subscriber| subscriber.heard) {
                subscriber.stream.write_all(request).map_err(|error| error.to_string())?;
            }
        }
        Ok(())
    }
}

/// What a long poll sends when it has been answered.
fn poll_again(server: &Server, program: &Program, publisher: &Publisher) -> Option<Vec<u8>> {
    (program.family == Family::Poll)
        .then(|| get(server.address, &publisher.subscription(program), false))
}

/// Opens one connection that waits for news. A head that comes before the news is read.
pub fn subscribe(
    server: &Server,
    program: &Program,
    publisher: &Publisher,
) -> std::io::Result<std::net::TcpStream> {
    if program.family == Family::Socket {
        return open_socket(server.address, program.target);
    }
    let mut stream = connect(server.address)?;
    stream.write_all(&get(server.address, &publisher.subscription(program), false))?;
    if program.family == Family::Stream {
        let head = read_head(&mut stream)?;
        if !head.starts_with(b"HTTP/1.1 200 ") {
            return Err(std::io::Error::other(String::from_utf8_lossy(&head).into_owned()));
        }
    }
    Ok(stream)
}

impl Subscriber {
    /// Reads on. True at the first sight of the news.
    fn hears(
        &mut self,
        wanted: &memmem::Finder,
        poll_again: Option<&[u8]>,
        bytes: &mut [u8],
    ) -> Result<bool, String> {
        loop {
            match self.stream.read(bytes) {
                Ok(0) => return Err("the server ended a subscriber's connection".to_owned()),
                Ok(read) => {
                    self.came.extend_from_slice(&bytes[..read]);
                    if read < bytes.len() {
                        break;
                    }
                }
                Err(error) if error.kind() == ErrorKind::WouldBlock => break,
                Err(error) => return Err(error.to_string()),
            }
        }
        if wanted.find(&self.came).is_some() {
            let first = !self.heard;
            self.heard = true;
            self.came.clear();
            return Ok(first);
        }
        if let Some(request) = poll_again
            && shape(&self.came)?.is_some()
        {
            // Held as long as the server holds a request, and nothing came.
            self.came.clear();
            self.stream.write_all(request).map_err(|error| error.to_string())?;
        }
        // Ticks and comments of other making: only their end could be the beginning of the news.
        let old = self.came.len().saturating_sub(4096);
        self.came.drain(..old);
        Ok(false)
    }
}
