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
//! Left out: TLS. A production server would put it here, between the socket and the buffer.

use std::io::{self, BufRead, IoSlice, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream, ToSocketAddrs};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// How long one flush may take, if nothing else is said: a peer that does not read costs its own
/// thread this long, and no more.
pub const WRITE_DEADLINE: Duration = Duration::from_secs(30);
/// How long a closed connection is kept for the peer's last bytes, which our close would otherwise
/// answer with a reset. However many they are: a client that sends a long body looks for an answer
/// only after it.
const LINGER: Duration = Duration::from_secs(2);
/// The input buffer at first, in bytes: a browser's request head fits, and ten thousand parked
/// connections cost 10 MiB.
const FIRST_BUFFER: usize = 1024;
/// The input buffer at its largest: what one read can bring of a long message.
const LARGEST_BUFFER: usize = 64 * 1024;
/// Pending output is sent when it reaches this many bytes, whoever is reading.
const FLUSH_AT: usize = 16 * 1024;
/// An output buffer that grew beyond this many bytes is given back.
const KEPT_OUTPUT: usize = 64 * 1024;

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
    patience: Patience,
    /// The read time-out the kernel knows.
    timeout: Option<Duration>,
    /// The peer has sent its last byte.
    ended: bool,
}

/// How long a read may wait for the peer.
#[derive(Clone, Copy)]
enum Patience {
    /// Each read anew. The kernel keeps this time by itself: a connection that is asked one thing
    /// after another needs no call to set it.
    Each(Duration),
    /// All reads together: dripping one byte a second wins nothing, beyond what each byte that
    /// comes adds.
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

/// What both ends share.
struct Socket {
    stream: TcpStream,
    number: u64,
    write_deadline: Duration,
    pending: Mutex<Vec<u8>>,
    received: AtomicU64,
    sent: AtomicU64,
    tap: Option<Tap>,
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
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        // Without this, a small message waits until the one before it is acknowledged (Nagle's
        // algorithm).
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(write_deadline))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        if let Some(tap) = &tap {
            tap(number, Crossing::Opened(stream.peer_addr()?));
        }
        let (pending, received, sent) =
            (Mutex::default(), AtomicU64::default(), AtomicU64::default());
        Ok(Connection {
            socket: Arc::new(Socket {
                stream,
                number,
                write_deadline,
                pending,
                received,
                sent,
                tap,
            }),
            buffer: Vec::new(),
            start: 0,
            end: 0,
            position: 0,
            patience: Patience::Each(write_deadline),
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

    /// Everything read from here on must come within `limit`, in all; a read that would have to
    /// wait longer fails with `TimedOut`.
    pub fn set_deadline(&mut self, limit: Duration) {
        self.set_pace(limit, Duration::ZERO);
    }

    /// The same for something long: each byte that comes adds to the time, so that a slow peer is
    /// served and a peer that has stopped is not.
    pub fn set_pace(&mut self, limit: Duration, for_each_byte: Duration) {
        self.patience = Patience::Until { deadline: Instant::now() + limit, for_each_byte };
    }

    /// Each read from here on may wait so long; one that waits longer fails with `TimedOut`.
    pub fn set_patience(&mut self, each: Duration) {
        self.patience = Patience::Each(each);
    }

    /// Waits for a first byte, having sent what is pending.
    ///
    /// # Errors
    /// The socket failed. Silence and a close are no errors here.
    pub fn wait_for_input(&mut self, limit: Duration) -> io::Result<Waited> {
        self.patience = Patience::Each(limit);
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

    /// Whether the peer has closed its end, asked without waiting. Sends what is pending first.
    ///
    /// A peer that closed only its sending half looks the same as one that is gone (RFC 9112 §9.6):
    /// only a write can tell.
    pub fn peer_has_ended(&mut self) -> bool {
        if self.ended || self.writer().flush().is_err() {
            return true;
        }
        if self.start < self.end {
            return false;
        }
        let stream = &self.socket.stream;
        let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
        let restored = stream.set_nonblocking(false);
        match peeked {
            Ok(n) => n == 0 || restored.is_err(),
            Err(error) => error.kind() != io::ErrorKind::WouldBlock || restored.is_err(),
        }
    }

    /// Takes the peer's word that it sends no more, so that [`close`](Connection::close) need not
    /// wait for its end: five system calls and a wait less for a client that opens a connection for
    /// each request. Not where more has come all the same, and not where a reset could destroy
    /// much: a short answer has reached the peer before any reset can.
    pub fn expect_no_more(&mut self) {
        let sent = self.socket.sent.load(Ordering::Relaxed) + self.socket.lock().len() as u64;
        self.ended |= self.start == self.end && sent < FLUSH_AT as u64;
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

    /// Tells the kernel how long the next read may wait, unless what it knows is right or up to a
    /// sixteenth longer.
    fn arm(&mut self) -> io::Result<()> {
        let wanted = match self.patience {
            Patience::Each(limit) => limit,
            Patience::Until { deadline, .. } => deadline.saturating_duration_since(Instant::now()),
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
            if let Patience::Until { deadline, for_each_byte } = &mut self.patience {
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

/// The writing end of a socket. Any thread may hold one; what one call to
/// [`append`](Writer::append) adds is never interleaved with what another adds.
#[derive(Clone)]
pub struct Writer {
    socket: Arc<Socket>,
}

impl Writer {
    /// Appends to the pending output, which leaves when the reader is about to wait, at
    /// [`flush`](Writer::flush), or when it is long.
    ///
    /// # Errors
    /// The output had to leave, and the peer is gone or has not read for as long as it may. The
    /// connection is then dead.
    pub fn append(&self, append: impl FnOnce(&mut Vec<u8>)) -> io::Result<()> {
        self.append_with(|out| {
            append(out);
            &[]
        })
    }

    /// The same for something that may be long, or shared by many connections: what `append`
    /// returns follows what it appends. Where the output has to leave anyway, that part leaves from
    /// where it stands, without being copied first: a copy would be 16 KiB or more for each
    /// connection that waits in that write.
    ///
    /// # Errors
    /// As [`append`](Writer::append).
    pub fn append_with<'b>(&self, append: impl FnOnce(&mut Vec<u8>) -> &'b [u8]) -> io::Result<()> {
        let mut pending = self.socket.lock();
        let rest = append(&mut pending);
        if pending.len() + rest.len() >= FLUSH_AT {
            return self.socket.send(&mut pending, rest);
        }
        pending.extend_from_slice(rest);
        Ok(())
    }

    /// Sends the pending output now. For whoever writes from a thread that does not read.
    ///
    /// # Errors
    /// As [`append`](Writer::append).
    pub fn flush(&self) -> io::Result<()> {
        self.socket.send(&mut self.socket.lock(), &[])
    }

    /// Where this socket stands and who is at the other end, by which a system's own list of
    /// sockets names it.
    ///
    /// # Errors
    /// The socket is already dead.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.socket.stream.local_addr()?, self.socket.stream.peer_addr()?))
    }

    /// Bytes received and sent so far.
    pub fn bytes(&self) -> (u64, u64) {
        (self.socket.received.load(Ordering::Relaxed), self.socket.sent.load(Ordering::Relaxed))
    }

    /// Sends the pending output and says that no more will come.
    ///
    /// # Errors
    /// The peer is gone.
    pub fn end(&self) -> io::Result<()> {
        self.flush()?;
        self.socket.stream.shutdown(Shutdown::Write)
    }

    /// Ends the connection at once, from any thread: the reader's next read finds the end.
    pub fn cut(&self) {
        // An error here means that it has ended already.
        let _ = self.socket.stream.shutdown(Shutdown::Both);
    }
}

impl Socket {
    /// The pending output. A panic while appending concerns that answer, not this lock: the
    /// connection still answers 500.
    fn lock(&self) -> std::sync::MutexGuard<'_, Vec<u8>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the pending output, unless another thread has it in hand: that thread will send it.
    fn flush_unless_busy(&self) -> io::Result<()> {
        match self.pending.try_lock() {
            Ok(mut pending) => self.send(&mut pending, &[]),
            Err(TryLockError::Poisoned(poisoned)) => self.send(&mut poisoned.into_inner(), &[]),
            Err(TryLockError::WouldBlock) => Ok(()),
        }
    }

    /// Writes all of it, and `rest` behind it, or ends the connection.
    fn send(&self, pending: &mut Vec<u8>, rest: &[u8]) -> io::Result<()> {
        let length = pending.len() + rest.len();
        if length == 0 {
            return Ok(());
        }
        if let Some(tap) = &self.tap {
            tap(self.number, Crossing::Sent(&[pending, rest].concat()));
        }
        self.sent.fetch_add(length as u64, Ordering::Relaxed);
        let result = self.write_by(Instant::now() + self.write_deadline, pending, rest);
        pending.clear();
        if pending.capacity() > KEPT_OUTPUT {
            *pending = Vec::new();
        }
        if result.is_err() {
            // Half a message has left, so nothing sensible can follow. Shutting down wakes a thread
            // that reads, too.
            let _ = self.stream.shutdown(Shutdown::Both);
        }
        result
    }

    /// Writes both, one after the other, before the deadline, however slowly the peer reads.
    fn write_by(&self, deadline: Instant, mut first: &[u8], mut second: &[u8]) -> io::Result<()> {
        let unread =
            || io::Error::new(io::ErrorKind::TimedOut, "the peer has not read what was sent to it");
        let mut shortened = false;
        loop {
            let written = match (first, second) {
                ([], []) => break,
                ([], one) | (one, []) => (&self.stream).write(one),
                _ => (&self.stream).write_vectored(&[IoSlice::new(first), IoSlice::new(second)]),
            };
            match written {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => {
                    let of_first = n.min(first.len());
                    (first, second) = (&first[of_first..], &second[n - of_first..]);
                }
                Err(error) if error.kind() == io::ErrorKind::Interrupted => {}
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return Err(unread()),
                Err(error) => return Err(error),
            }
            if !(first.is_empty() && second.is_empty()) {
                let left = deadline.saturating_duration_since(Instant::now());
                if left.is_zero() {
                    return Err(unread());
                }
                self.stream.set_write_timeout(Some(left))?;
                shortened = true;
            }
        }
        if shortened { self.stream.set_write_timeout(Some(self.write_deadline)) } else { Ok(()) }
    }
}

impl Drop for Socket {
    fn drop(&mut self) {
        if let Some(tap) = &self.tap {
            tap(self.number, Crossing::Closed);
        }
    }
}

#[cfg(test)]
mod tests;
