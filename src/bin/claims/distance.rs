//! What only a distance shows: how often the way between a client and the server is gone until news
//! has come, and what that costs where the way takes time.

use crate::bench::{Bench, MESSAGE, PATIENCE};
use crate::client::{Client, EVENTS, POLL, hear, joined, long_poll, read_message};
use crate::table::{row, so};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, TcpListener, TcpStream};
use std::sync::mpsc::{self, Receiver, Sender};
use std::thread;
use std::time::{Duration, Instant};

/// How long to wait for a departure before looking whether the client has what it wants.
const LOOK: Duration = Duration::from_millis(5);

/// How many trips it took from publishing to reading, and how long.
pub type Trips = (u32, Duration);
/// A way to measure once, at this distance.
pub type Measure = fn(&Bench, Duration) -> io::Result<Trips>;

pub fn distance(bench: &Bench) -> io::Result<()> {
    let trips = |measure: Measure| measure(bench, Duration::ZERO).map(|(trips, _)| trips);
    let (stream, socket) = (trips(event_stream)?, trips(websocket)?);
    row(
        "an open stream brings news in one trip",
        &format!("event stream {stream}, WebSocket {socket}"),
        so(stream == 1 && socket == 1, "true"),
    );
    let (first, second) = (trips(held)?, trips(just_after)?);
    row(
        "long polling does so, too",
        &format!("a message by itself {first}, the second of two at once {second}"),
        so(first == 1 && second == 3, "half true: it must ask again"),
    );
    let poll = trips(poll)?;
    row(
        "a poll brings news when its turn comes",
        &format!("asked as soon as there is news {poll}"),
        so(poll == 2, "true: and then in two trips"),
    );
    Ok(())
}

/// A long way between one client and the server. A piece that is sent is under way until somebody
/// lets it arrive, so whoever measures knows where everything is.
struct Distance {
    port: u16,
    trip: Duration,
    departures: Receiver<Piece>,
    under_way: VecDeque<Piece>,
}

struct Piece {
    left: Instant,
    down: bool,
    to: TcpStream,
    bytes: Vec<u8>,
}

impl Distance {
    fn before(server: u16, trip: Duration) -> io::Result<Distance> {
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let (sender, departures) = mpsc::channel();
        thread::spawn(move || -> io::Result<()> {
            let client = listener.accept()?.0;
            let server = TcpStream::connect((Ipv4Addr::LOCALHOST, server))?;
            let (from, to, up) = (client.try_clone()?, server.try_clone()?, sender.clone());
            thread::spawn(move || take_in(from, to, false, &up));
            take_in(server, client, true, &sender)
        });
        Ok(Distance { port, trip, departures, under_way: VecDeque::new() })
    }

    /// Waits until something has been sent. It does not arrive by that.
    fn departs(&mut self) -> io::Result<()> {
        let piece = self.departures.recv_timeout(PATIENCE).map_err(io::Error::other)?;
        self.under_way.push_back(piece);
        Ok(())
    }

    /// Lets what was sent first arrive. Returns whether that was at the client.
    fn arrives(&mut self) -> io::Result<bool> {
        if self.under_way.is_empty() {
            self.departs()?;
        }
        let Some(mut piece) = self.under_way.pop_front() else { return Ok(false) };
        let due = piece.left + self.trip;
        thread::sleep(due.saturating_duration_since(Instant::now()));
        piece.to.write_all(&piece.bytes)?;
        Ok(piece.down)
    }

    /// Lets everything arrive that is sent while a connection is opened.
    fn opens<R: Send>(&mut self, open: impl FnOnce() -> io::Result<R> + Send) -> io::Result<R> {
        thread::scope(|scope| {
            let opening = scope.spawn(open);
            while !opening.is_finished() {
                self.under_way.extend(self.departures.recv_timeout(LOOK));
                while !self.under_way.is_empty() {
                    self.arrives()?;
                }
            }
            joined(opening)
        })
    }

    /// Counts the trips until the client has what it waits for: it is asked when something came.
    fn trips(&mut self, mut hears: impl FnMut() -> io::Result<bool>) -> io::Result<Trips> {
        let begun = Instant::now();
        let mut trips = 1;
        while !(self.arrives()? && hears()?) {
            trips += 1;
        }
        Ok((trips, begun.elapsed()))
    }
}

/// Takes in what one end sends, for as long as anybody measures.
fn take_in(mut from: TcpStream, to: TcpStream, down: bool, way: &Sender<Piece>) -> io::Result<()> {
    let mut buffer = vec![0; 16 * 1024];
    loop {
        let n = from.read(&mut buffer)?;
        let (left, bytes) = (Instant::now(), buffer[..n].to_vec());
        if n == 0 || way.send(Piece { left, down, to: to.try_clone()?, bytes }).is_err() {
            return Ok(());
        }
    }
}

pub fn event_stream(bench: &Bench, trip: Duration) -> io::Result<Trips> {
    let (feed, port, _waits) = bench.feed(PATIENCE)?;
    feed.publish(MESSAGE);
    let mut way = Distance::before(port, trip)?;
    let at = way.port;
    let mut body = way.opens(|| {
        let mut body = Client::connect(at)?.stream(EVENTS)?;
        read_message(&mut body)?;
        Ok(body)
    })?;
    feed.publish(MESSAGE);
    way.trips(|| read_message(&mut body).map(|()| true))
}

fn websocket(bench: &Bench, trip: Duration) -> io::Result<Trips> {
    let (feed, port, waits) = bench.feed(PATIENCE)?;
    let mut way = Distance::before(port, trip)?;
    let at = way.port;
    let mut client = way.opens(|| Client::upgraded(at, "/push"))?;
    hear(&waits)?;
    feed.publish(MESSAGE);
    way.trips(|| client.frame().map(|_| true))
}

fn held(bench: &Bench, trip: Duration) -> io::Result<Trips> {
    let (feed, port, waits) = bench.feed(PATIENCE)?;
    let mut way = Distance::before(port, trip)?;
    let mut client = Client::connect(way.port)?;
    client.send(&long_poll(feed.newest()))?;
    way.arrives()?;
    hear(&waits)?;
    feed.publish(MESSAGE);
    way.trips(|| client.response().map(|_| true))
}

/// A message that is published when the answer with the one before it has just left (RFC 6202
/// §2.2): it waits until that has arrived and the next question has come.
pub fn just_after(bench: &Bench, trip: Duration) -> io::Result<Trips> {
    let (feed, port, waits) = bench.feed(PATIENCE)?;
    let mut way = Distance::before(port, trip)?;
    let mut client = Client::connect(way.port)?;
    client.send(&long_poll(feed.newest()))?;
    way.arrives()?;
    hear(&waits)?;
    let first = feed.publish(MESSAGE);
    way.departs()?;
    let second = feed.publish(MESSAGE).to_string();
    way.trips(|| {
        let news = client.response()?.body;
        let is_here = String::from_utf8_lossy(&news).contains(&second);
        if !is_here {
            client.send(&long_poll(first))?;
        }
        Ok(is_here)
    })
}

pub fn poll(bench: &Bench, trip: Duration) -> io::Result<Trips> {
    let (feed, port, _waits) = bench.feed(PATIENCE)?;
    let mut way = Distance::before(port, trip)?;
    let mut client = Client::connect(way.port)?;
    feed.publish(MESSAGE);
    client.send(POLL)?;
    way.trips(|| client.response().map(|_| true))
}
