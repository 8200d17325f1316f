//! The server that is measured, and the tap that counts what crosses its sockets.

use crate::offer::Offer;
use push_by_hand::connection::{Crossing, Tap};
use push_by_hand::feed::Feed;
use push_by_hand::http::Request;
use push_by_hand::server::{Limits, Responder, Sent, Server};
use std::io;
use std::ops::Sub;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::mpsc::{self, Receiver};
use std::time::Duration;

/// The message: milliseconds since the Unix epoch, as our first event stream sends them.
pub const MESSAGE: &str = "1763700042000";
/// The message that ends a stream, so that nothing of it is still on its way when the next one is
/// measured.
pub const END: &str = "";
/// Over how many messages the cost of opening a connection is spread.
pub const MESSAGES: u64 = 100;
/// The run that ids name. It is fixed, so that ids are of one length.
pub const EPOCH: u64 = 1_763_700_000_000;
/// How long anything may take before the measurement is given up. Nothing comes near it.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The server, and what has crossed its sockets.
pub struct Bench {
    pub server: Server,
    crossed: Arc<Crossed>,
}

#[derive(Default)]
struct Crossed {
    pub up: AtomicU64,
    pub down: AtomicU64,
    opened: AtomicU64,
}

#[derive(Clone, Copy)]
pub struct Bytes {
    pub up: u64,
    pub down: u64,
}

impl Bytes {
    pub fn all(self) -> u64 {
        self.up + self.down
    }
}

impl Sub for Bytes {
    type Output = Bytes;

    fn sub(self, other: Bytes) -> Bytes {
        Bytes { up: self.up - other.up, down: self.down - other.down }
    }
}

/// What a technique costs: before its first message, for each message, and for a hundred of them
/// with all that comes before.
pub struct Cost {
    pub opening: Bytes,
    pub message: Bytes,
    pub all: u64,
}

impl Bench {
    pub fn new() -> io::Result<Bench> {
        let crossed = Arc::new(Crossed::default());
        let counts = Arc::clone(&crossed);
        let tap: Tap = Arc::new(move |_, crossing| {
            match crossing {
                Crossing::Opened(_) => counts.opened.fetch_add(1, Ordering::SeqCst),
                Crossing::Received(bytes) => {
                    counts.up.fetch_add(bytes.len() as u64, Ordering::SeqCst)
                }
                Crossing::Sent(bytes) => {
                    counts.down.fetch_add(bytes.len() as u64, Ordering::SeqCst)
                }
                Crossing::Closed => 0,
            };
        });
        Ok(Bench { server: Server::new(Limits::default(), Some(tap))?, crossed })
    }

    pub fn bytes(&self) -> Bytes {
        Bytes {
            up: self.crossed.up.load(Ordering::SeqCst),
            down: self.crossed.down.load(Ordering::SeqCst),
        }
    }

    pub fn opened(&self) -> u64 {
        self.crossed.opened.load(Ordering::SeqCst)
    }

    /// What it costs to open a reader and to read messages, number 1 first. The opening may come
    /// together with that one, so its cost is what the first message has cost more than the second.
    pub fn cost<R>(
        &self,
        open: impl FnOnce() -> io::Result<R>,
        mut read: impl FnMut(&mut R, u64) -> io::Result<()>,
    ) -> io::Result<(Cost, R)> {
        let begun = self.bytes();
        let mut reader = open()?;
        read(&mut reader, 1)?;
        let first = self.bytes();
        read(&mut reader, 2)?;
        let message = self.bytes() - first;
        for n in 3..=MESSAGES {
            read(&mut reader, n)?;
        }
        Ok((
            Cost { opening: first - begun - message, message, all: (self.bytes() - begun).all() },
            reader,
        ))
    }

    pub fn serve(
        &self,
        handler: impl Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync + 'static,
    ) -> io::Result<u16> {
        let port = self.server.bind("127.0.0.1", 0)?;
        let number = port.number;
        port.serve(handler)?;
        Ok(number)
    }

    /// An empty feed, the port at which it can be read, and the news that somebody is about to wait
    /// for it.
    pub fn feed(&self, hold: Duration) -> io::Result<(Arc<Feed>, u16, Receiver<()>)> {
        let feed = Arc::new(Feed::new(EPOCH, 1000, 1 << 20));
        let (waiting, waits) = mpsc::channel();
        let offered = Offer { feed: Arc::clone(&feed), hold, waiting };
        let port = self.serve(move |request, responder| offered.answer(request, responder))?;
        Ok((feed, port, waits))
    }
}
