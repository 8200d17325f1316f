//! The reading end: a buffer that is filled when it is empty, and how long that may take.
//!
//! Before it waits for the peer, the reader sends what is pending: whoever is about to wait has
//! nothing more to add.

use super::{Connection, Crossing};
use std::io::{self, BufRead, Read};
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// The input buffer at first, in bytes: a browser's request head fits, and ten thousand parked
/// connections cost 10 MiB.
const FIRST_BUFFER: usize = 1024;
/// The input buffer at its largest: what one read can bring of a long message.
const LARGEST_BUFFER: usize = 64 * 1024;

/// How long a read may wait for the peer.
#[derive(Clone, Copy)]
pub(super) enum ReadLimit {
    /// Each read anew. The kernel keeps this time by itself: a connection that is asked one thing
    /// after another needs no call to set it.
    Each(Duration),
    /// All reads together, so that a peer which sends a byte a second gains nothing. Each byte that
    /// comes moves the deadline by so much.
    Until { deadline: Instant, for_each_byte: Duration },
}

/// What [`Connection::wait_for_input`] waited for.
#[derive(Debug, PartialEq, Eq)]
pub enum Waited {
    /// There is something to read.
    Ready,
    /// The peer stayed silent.
    TimedOut,
    /// The peer will send no more.
    Ended,
}

impl Connection {
    /// Everything read from here on must come within `limit`, in all; a read that would have to
    /// wait longer fails with `TimedOut`.
    pub fn set_deadline(&mut self, limit: Duration) {
        self.set_pace(limit, Duration::ZERO);
    }

    /// The same for something long: each byte that comes adds to the time, so that a slow peer is
    /// served and a peer that has stopped is not.
    pub fn set_pace(&mut self, limit: Duration, for_each_byte: Duration) {
        self.limit = ReadLimit::Until { deadline: Instant::now() + limit, for_each_byte };
    }

    /// Each read from here on may wait so long; one that waits longer fails with `TimedOut`.
    pub fn set_patience(&mut self, each: Duration) {
        self.limit = ReadLimit::Each(each);
    }

    /// Waits for a first byte, having sent what is pending. Each read that follows may wait as
    /// long, until another limit is set.
    ///
    /// # Errors
    /// The socket failed. Silence and a close are no errors here.
    pub fn wait_for_input(&mut self, limit: Duration) -> io::Result<Waited> {
        self.limit = ReadLimit::Each(limit);
        // Here, and not in `fill_buf`, so that a peer that does not read is not mistaken for one
        // that is silent.
        if self.start == self.end {
            self.socket.flush_unless_busy()?;
        }
        match self.fill_buf() {
            Ok([]) => Ok(Waited::Ended),
            Ok(_) => Ok(Waited::Ready),
            Err(error) if error.kind() == io::ErrorKind::TimedOut => Ok(Waited::TimedOut),
            Err(error) => Err(error),
        }
    }

    /// Tells the kernel how long the next read may wait, unless the time-out that it has is right,
    /// or too long by a sixteenth at most.
    fn arm(&mut self) -> io::Result<()> {
        let wanted = match self.limit {
            ReadLimit::Each(limit) => limit,
            ReadLimit::Until { deadline, .. } => deadline.saturating_duration_since(Instant::now()),
        };
        // A time-out of zero would mean none at all.
        if wanted.is_zero() {
            return Err(io::ErrorKind::TimedOut.into());
        }
        if self.timeout.is_none_or(|told| told < wanted || told > wanted + wanted / 16) {
            self.socket.stream.set_read_timeout(Some(wanted))?;
            self.timeout = Some(wanted);
        }
        Ok(())
    }
}

impl BufRead for Connection {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.start == self.end && !self.ended {
            self.socket.flush_unless_busy()?;
            self.arm()?;
            // A read that filled the buffer means that more was waiting.
            if self.end == self.buffer.len() && self.end < LARGEST_BUFFER {
                self.buffer = vec![0; (self.end * 2).max(FIRST_BUFFER)];
            }
            (self.start, self.end) = (0, 0);
            let n = loop {
                match (&self.socket.stream).read(&mut self.buffer) {
                    Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                    // What the system calls a time-out of a blocking socket differs from system to
                    // system.
                    Err(error) if error.kind() == io::ErrorKind::WouldBlock => {
                        return Err(io::ErrorKind::TimedOut.into());
                    }
                    result => break result?,
                }
            };
            self.end = n;
            self.ended = n == 0;
            if let ReadLimit::Until { deadline, for_each_byte } = &mut self.limit {
                *deadline += *for_each_byte * u32::try_from(n).unwrap_or(u32::MAX);
            }
            self.socket.received.fetch_add(n as u64, Ordering::Relaxed);
            if let Some(tap) = self.socket.tap.as_ref().filter(|_| n > 0) {
                tap(self.socket.number, Crossing::Received(&self.buffer[..n]));
            }
        }
        Ok(&self.buffer[self.start..self.end])
    }

    fn consume(&mut self, n: usize) {
        self.start += n;
        self.position += n;
        debug_assert!(self.start <= self.end);
    }
}

impl Read for Connection {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}
