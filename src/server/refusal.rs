//! The answers of the server itself: to a client that cannot be served, to a request that cannot be
//! read, and in place of a handler that gave none. Each also leaves a line in the log.

use super::log::note;
use crate::connection::Connection;
use crate::http::{Error, Response, Rule, Status, Terms, Version};
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpStream};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// How long a client that found no thread is kept for the rest of its request.
const LINGER: Duration = Duration::from_millis(500);
/// How many of them at once: each is an open file.
pub(super) const KEPT: usize = 256;

/// How an answer ends a connection.
const LAST: Terms = Terms { head_only: false, version: Version::Http11, persistent: false };

/// Refuses clients for whom there is no thread.
pub(super) struct Refusals(SyncSender<(TcpStream, Instant)>);

impl Refusals {
    /// Starts the thread that reads what refused clients still send.
    pub(super) fn start() -> io::Result<Refusals> {
        let (sender, kept) = sync_channel(KEPT);
        thread::Builder::new().name("refused".into()).spawn(move || linger(&kept))?;
        Ok(Refusals(sender))
    }

    /// Answers 503 without waiting for anything: a fresh socket has room for a few bytes.
    pub(super) fn no_thread(
        &self,
        stream: TcpStream,
        peer: SocketAddr,
        held: usize,
        share: impl FnOnce(Response) -> Response,
    ) {
        let reason = format!(
            "expected a free thread; came one connection more than the {held} that this server \
             can hold"
        );
        note(format!("503 {peer}: {reason}"));
        let mut answer = Vec::new();
        let refusal = Response::refusal(Status::SERVICE_UNAVAILABLE, &reason);
        share(refusal.with("Retry-After", "1")).write_to(&mut answer, LAST);
        let sent = stream.set_nonblocking(true).and_then(|()| (&stream).write(&answer));
        if sent.and_then(|_| stream.shutdown(Shutdown::Write)).is_ok() {
            // If too many linger already, this one is closed at once and may see a reset. It was
            // refused either way.
            let _ = self.0.try_send((stream, Instant::now() + LINGER));
        }
    }
}

/// Reads what refused clients still send, so that the close does not destroy the answer (RFC 9112
/// §9.6). They stand in one queue, but the time of each runs from its own refusal: a silent one
/// keeps nobody waiting.
fn linger(kept: &Receiver<(TcpStream, Instant)>) {
    let mut scrap = [0; 4096];
    while let Ok((stream, deadline)) = kept.recv() {
        let left = || deadline.saturating_duration_since(Instant::now());
        // What has come is read even when the time is up. The socket does not block yet.
        while matches!((&stream).read(&mut scrap), Ok(1..)) && !left().is_zero() {}
        if stream.set_nonblocking(false).is_err() {
            continue;
        }
        // No time left is no time-out that can be set, and ends the loop.
        while stream.set_read_timeout(Some(left())).is_ok()
            && matches!((&stream).read(&mut scrap), Ok(1..))
        {}
    }
}

// Both are `cold`, so that their variables do not stand on the stack under every handler: 4 KiB a
// connection that waits, measured.

/// The answer to a request that cannot be read, of which `came` bytes have come. What follows it
/// cannot be read either.
#[cold] // Inlined, its stack would stay under every connection: 4 KiB each, measured.
pub(super) fn unreadable(
    connection: &Connection,
    error: Error,
    came: usize,
    peer: SocketAddr,
    share: impl FnOnce(Response) -> Response,
) -> io::Result<()> {
    let Some(status) = error.status() else { return Err(error.into()) };
    let reason = match error {
        Error::Io(_) => Error::broken(Rule::InTime, b"", came).to_string(),
        broken => broken.to_string(),
    };
    note(format!("{} {peer}: {reason}", status.code()));
    let refusal = share(Response::refusal(status, &reason));
    connection.writer().append(|out| refusal.write_to(out, LAST))
}

/// The answer to a request whose handler gave none: it panicked, or returned this error.
#[cold] // Likewise 4 KiB under an idle WebSocket.
pub(super) fn mistake(
    connection: &Connection,
    error: Option<io::Error>,
    terms: Terms,
    peer: SocketAddr,
) -> io::Result<()> {
    if let Some(error) = error {
        note(format!("500 {peer}: {error}"));
    }
    let response = Response::refusal(Status::INTERNAL_SERVER_ERROR, "the server made a mistake");
    connection.writer().append(|out| response.write_to(out, Terms { persistent: false, ..terms }))
}
