//! The writing end: what is written waits in one buffer, and leaves in one piece.
//!
//! Any thread may write. What one call appends stays whole, because it is appended under the lock
//! of the buffer; a write that fails ends the connection for all.

use super::{Crossing, Tap};
use std::io::{self, IoSlice, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, TryLockError};
use std::time::{Duration, Instant};

/// Pending output is sent when it reaches this many bytes, whoever is reading.
pub(super) const FLUSH_AT: usize = 16 * 1024;
/// An output buffer that grew beyond this many bytes is given back.
const KEPT_OUTPUT: usize = 64 * 1024;

/// What both ends share.
pub(super) struct Socket {
    pub(super) stream: TcpStream,
    pub(super) number: u64,
    write_deadline: Duration,
    pending: Mutex<Vec<u8>>,
    pub(super) received: AtomicU64,
    pub(super) sent: AtomicU64,
    pub(super) tap: Option<Tap>,
}

/// The writing end of a socket. Any thread may hold one; what one call to
/// [`append`](Writer::append) adds is never interleaved with what another adds.
#[derive(Clone)]
pub struct Writer {
    pub(super) socket: Arc<Socket>,
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

    /// The addresses of both ends: ours, then the peer's. By them the system's own list of sockets
    /// names this one.
    ///
    /// # Errors
    /// The socket is already dead.
    pub fn addresses(&self) -> io::Result<(SocketAddr, SocketAddr)> {
        Ok((self.socket.stream.local_addr()?, self.socket.stream.peer_addr()?))
    }

    /// Whether the peer has closed its end, asked without waiting. Only where nobody else reads or
    /// writes meanwhile: their calls would not wait either.
    pub fn peer_has_ended(&self) -> bool {
        let stream = &self.socket.stream;
        let peeked = stream.set_nonblocking(true).and_then(|()| stream.peek(&mut [0]));
        let restored = stream.set_nonblocking(false);
        match peeked {
            Ok(n) => n == 0 || restored.is_err(),
            Err(error) => error.kind() != io::ErrorKind::WouldBlock || restored.is_err(),
        }
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
    pub(super) fn open(
        stream: TcpStream,
        write_deadline: Duration,
        tap: Option<Tap>,
    ) -> io::Result<Socket> {
        static NUMBER: AtomicU64 = AtomicU64::new(1);
        // Without this, a small message waits until the one before it is acknowledged (Nagle's
        // algorithm).
        stream.set_nodelay(true)?;
        stream.set_write_timeout(Some(write_deadline))?;
        let number = NUMBER.fetch_add(1, Ordering::Relaxed);
        if let Some(tap) = &tap {
            tap(number, Crossing::Opened(stream.peer_addr()?));
        }
        let (received, sent) = (AtomicU64::default(), AtomicU64::default());
        let pending = Mutex::default();
        Ok(Socket { stream, number, write_deadline, pending, received, sent, tap })
    }

    /// The pending output. A panic while appending concerns that answer, not this lock: the
    /// connection still answers 500.
    pub(super) fn lock(&self) -> MutexGuard<'_, Vec<u8>> {
        self.pending.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Sends the pending output, unless another thread has it in hand: that thread will send it.
    pub(super) fn flush_unless_busy(&self) -> io::Result<()> {
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
