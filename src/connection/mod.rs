//! One socket: its buffered reader, its writer, its deadlines, and the tap that shows what crosses
//! it.
//!
//! Comes between `server`, which accepts it, and `http` or `websocket`, which read and write it.
//! The same buffer serves both: bytes that arrived together with a request are still here when the
//! connection becomes a WebSocket.
//!
//! ```text
//!  peer ──▶ kernel ──▶ buffer ──▶ fill_buf / consume          the thread of the connection
//!  peer ◀── kernel ◀── pending ◀── Writer::append             that thread, or any other
//! ```
//!
//! Two rules make it fast. What is written waits in `pending` and is sent when the reader is about
//! to block: a peer that sends sixteen requests at once gets sixteen answers in one system call.
//! And a deadline is told to the kernel only when it matters, that is, when a read has to wait for
//! it.
//!
//! Read in this order: this file (a connection from its beginning to its end), `writing`,
//! `reading`.
//!
//! Left out: TLS. A production server would put it here, between the socket and the buffer.

mod reading;
mod writing;

pub use reading::Waited;
pub use writing::Writer;

use reading::ReadLimit;
use std::io::{self, BufRead};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::time::Duration;
use writing::Socket;

/// How long one flush may take, if nothing else is said: a peer that does not read costs its own
/// thread this long, and no more.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// How long we go on reading after our last byte, so that what the peer still sends is not answered
/// with a reset. There is no limit in bytes: a client that sends a long body looks for an answer
/// only after it.
const LINGER: Duration = Duration::from_secs(2);
/// What one segment carries, in bytes, also through a tunnel that takes some for itself.
const ONE_SEGMENT: u64 = 1200;

/// Something that happened on a connection, as its tap sees it.
#[derive(Clone, Copy, Debug)]
pub enum Crossing<'a> {
    /// The connection began; this is the peer.
    Opened(SocketAddr),
    /// These bytes came, in one read.
    Received(&'a [u8]),
    /// These bytes leave, in one write.
    Sent(&'a [u8]),
    /// The connection is over.
    Closed,
}

/// Who watches a connection: called with its number and with each crossing, on the thread where it
/// happens.
pub type Tap = Arc<dyn Fn(u64, Crossing<'_>) + Send + Sync>;

/// The reading end of a socket, and the owner of its life.
pub struct Connection {
    socket: Arc<Socket>,
    buffer: Vec<u8>,
    /// What has come and is not yet consumed: `buffer[start..end]`.
    start: usize,
    end: usize,
    /// How much has been consumed since the beginning.
    position: usize,
    /// How long a read may wait.
    limit: ReadLimit,
    /// The read time-out the kernel knows.
    timeout: Option<Duration>,
    /// The peer has sent its last byte.
    ended: bool,
}

impl Connection {
    /// Takes over a socket. What is sent may wait `write_deadline` for the peer to read. With a
    /// tap, every byte in either direction is shown to it.
    ///
    /// # Errors
    /// The socket is already dead.
    pub fn new(
        stream: TcpStream,
        write_deadline: Duration,
        tap: Option<Tap>,
    ) -> io::Result<Connection> {
        Ok(Connection {
            socket: Arc::new(Socket::open(stream, write_deadline, tap)?),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            position: 0,
            limit: ReadLimit::Each(write_deadline),
            timeout: None,
            ended: false,
        })
    }

    /// The client's way in: connects to the first of the addresses that answers within `limit`.
    /// The tap is as in [`new`](Connection::new).
    ///
    /// # Errors
    /// The last address's error, or that there was none.
    pub fn connect(
        address: impl ToSocketAddrs,
        limit: Duration,
        tap: Option<Tap>,
    ) -> io::Result<Connection> {
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
        for address in address.to_socket_addrs()? {
            match TcpStream::connect_timeout(&address, limit) {
                Ok(stream) => return Connection::new(stream, WRITE_DEADLINE, tap),
                Err(error) => last = error,
            }
        }
        Err(last)
    }

    /// The writing end. Clones write to the same socket; what one call appends stays whole.
    pub fn writer(&self) -> Writer {
        Writer { socket: Arc::clone(&self.socket) }
    }

    /// Who is at the other end.
    ///
    /// # Errors
    /// The socket is already dead.
    pub fn peer_addr(&self) -> io::Result<SocketAddr> {
        self.socket.stream.peer_addr()
    }

    /// This connection's number, counted from 1 in the order of opening.
    pub fn number(&self) -> u64 {
        self.socket.number
    }

    /// How many bytes have been taken out of the buffer since the connection began.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Whether the peer has closed its end, asked without waiting. Sends what is pending first.
    ///
    /// A peer that closed only its sending half looks the same as one that is gone (RFC 9112 §9.6):
    /// only a write can tell.
    pub fn peer_has_ended(&mut self) -> bool {
        if self.ended || self.writer().flush().is_err() {
            return true;
        }
        self.start == self.end && self.writer().peer_has_ended()
    }

    /// The peer has said that it sends no more, so [`close`](Connection::close) need not wait for
    /// its end: that saves five system calls and a wait where a client opens a connection for each
    /// request. It waits all the same if more has come, or if our answer takes more than one
    /// segment: a reset could destroy what is still on its way.
    pub fn expect_no_more(&mut self) {
        let sent = self.socket.sent.load(Ordering::Relaxed) + self.socket.lock().len() as u64;
        self.ended |= self.start == self.end && sent <= ONE_SEGMENT;
    }

    /// Closes in stages (RFC 9112 §9.6): send, say that no more will come, then read what the peer
    /// still sends until it closes too. Closing at once would answer those bytes with a reset, and
    /// a reset destroys what the peer has not read yet.
    pub fn close(mut self) {
        let writer = self.writer();
        if writer.flush().is_err()
            || self.ended
            || self.socket.stream.shutdown(Shutdown::Write).is_err()
        {
            return;
        }
        self.set_deadline(LINGER);
        while matches!(self.fill_buf(), Ok([_, ..])) {
            self.consume(self.end - self.start);
        }
    }
}

#[cfg(test)]
mod tests;
