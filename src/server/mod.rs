//! Ports, and a thread for each connection that comes; log what goes wrong and go on.
//!
//! Stands above `connection` and `http`; a lesson hands it one function, from a request and a
//! [`Responder`] to an answer. Implements RFC 9112 §9 (keep-alive, pipelining, closing in stages)
//! and refuses, before any handler is asked, what cannot be read or served (RFC 9110 §15.5), what
//! is meant for another server (§7.4), and what foreign pages may not do ([`cors`](crate::cors)).
//!
//! ```text
//! listener ─▶ accept ─▶ threads ─▶ responder: request ─▶ handler ─▶ Sent, and again
//!                          └ none left: 503, Retry-After                     refusal
//! ```
//!
//! A thread per connection makes the code read like the protocol: the call that waits is the line
//! you are reading. What it costs is a thread; [`Threads`] keeps their number below what the
//! process can bear, and says no politely above it.
//!
//! Left out: TLS, a graceful stop (std has no signal handler; end the process), and an event loop.

mod log;
mod names;
mod refusal;
mod responder;
mod threads;

pub use log::{log, note, say};
pub use names::Names;
pub use responder::{Responder, Sent};
pub use threads::{Reserved, Threads};

use crate::connection::{Tap, WRITE_DEADLINE};
use crate::cors::Cors;
use crate::http::Request;
use responder::{Accepted, Service};
use std::io;
use std::iter;
use std::net::{SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The pause after an `accept` that failed, so that a lack of file descriptors does not become a
/// busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);

/// What a connection may take of time, and all of them together of threads.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The threads all connections may have together.
    pub max_threads: usize,
    /// How long a connection may say nothing before or between requests. Browsers open some in
    /// advance and never use them.
    pub idle: Duration,
    /// How long a request's head may take from its first byte: in all, not from byte to byte. A
    /// body has as long, and a millisecond for each byte of it that has come.
    pub request: Duration,
    /// How long what we send may wait for a peer that does not read.
    pub write: Duration,
}

impl Default for Limits {
    fn default() -> Limits {
        Limits {
            max_threads: 10_000,
            idle: Duration::from_secs(60),
            request: Duration::from_secs(10),
            write: WRITE_DEADLINE,
        }
    }
}

/// The threads and the taps that all ports of a program share.
pub struct Server {
    limits: Limits,
    threads: Arc<Threads>,
    tap: Option<Tap>,
}

impl Server {
    /// A server within these limits. With a tap, every byte of every connection is shown to it.
    ///
    /// # Errors
    /// There is no thread to be had, not even the few that every server needs.
    pub fn new(limits: Limits, tap: Option<Tap>) -> io::Result<Server> {
        log::start()?;
        Ok(Server { limits, threads: Threads::start(limits.max_threads)?, tap })
    }

    /// Takes a port on every address of `host`: `localhost` has two, and a browser may try either
    /// first. Port 0 takes any that is free.
    ///
    /// # Errors
    /// No address of the host is ours, or the port is taken.
    pub fn bind(&self, host: &str, port: u16) -> io::Result<Port<'_>> {
        let mut listeners: Vec<TcpListener> = Vec::new();
        let mut last = io::Error::new(io::ErrorKind::NotFound, "the host has no address");
        for mut address in loopback_or(host, port)? {
            if let Some(first) = listeners.first() {
                address.set_port(first.local_addr()?.port());
            }
            match TcpListener::bind(address) {
                Ok(listener) => listeners.push(listener),
                // A machine without IPv6 has no ::1; one address is enough.
                Err(error) if error.kind() == io::ErrorKind::AddrNotAvailable => last = error,
                // Any free port may be free on one address only; then the first has it alone.
                Err(_) if port == 0 && !listeners.is_empty() => {}
                Err(error) => return Err(error),
            }
        }
        let number = listeners.first().ok_or(last)?.local_addr()?.port();
        let addresses = listeners.iter().filter_map(|listener| listener.local_addr().ok());
        let names = Names::of(host, addresses);
        Ok(Port { server: self, listeners, number, names, cors: None })
    }

    /// The threads of this server, for whoever wants to look at them or to take one.
    pub fn threads(&self) -> Arc<Threads> {
        Arc::clone(&self.threads)
    }

    /// Serves for ever.
    pub fn wait(&self) -> ! {
        loop {
            thread::park();
        }
    }
}

/// The addresses to listen on. `localhost` always means both loopback addresses, whatever the
/// machine's own list says.
fn loopback_or(host: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    match host {
        "localhost" => {
            Ok(vec![([127, 0, 0, 1], port).into(), ([0, 0, 0, 0, 0, 0, 0, 1], port).into()])
        }
        _ => Ok((host, port).to_socket_addrs()?.collect()),
    }
}

/// A port that is taken and not yet served: clients may already connect, and wait.
pub struct Port<'a> {
    server: &'a Server,
    listeners: Vec<TcpListener>,
    /// Its number.
    pub number: u16,
    /// What it may be called; a request for any other name is refused with 421.
    pub names: Names,
    /// Which pages may read its answers, and send it requests that change something. `None` leaves
    /// both to the handler.
    pub cors: Option<Cors>,
}

impl Port<'_> {
    /// Starts to answer with this handler.
    ///
    /// # Errors
    /// There is no thread to be had.
    pub fn serve(
        self,
        handler: impl Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync + 'static,
    ) -> io::Result<()> {
        let Server { limits, tap, threads } = self.server;
        let service = Arc::new(Service {
            handler: Box::new(handler),
            tap: tap.clone(),
            limits: *limits,
            names: self.names,
            cors: self.cors,
        });
        for listener in self.listeners {
            let (threads, service) = (Arc::clone(threads), Arc::clone(&service));
            let accept = move || accept_for_ever(&listener, &threads, &service);
            thread::Builder::new().name(format!("accept {}", self.number)).spawn(accept)?;
        }
        Ok(())
    }
}

/// The accept loop. One `accept` that fails (no file descriptor left, a client that gave up early)
/// is not the end of a server.
fn accept_for_ever(listener: &TcpListener, threads: &Threads, service: &Arc<Service>) {
    let mut failing = false;
    loop {
        match listener.accept() {
            Ok(first) => {
                failing = false;
                let others = all_that_wait(listener, threads.room());
                for (stream, peer) in iter::once(first).chain(others) {
                    threads.take(Accepted { stream, peer, service: Arc::clone(service) });
                }
            }
            Err(error) => {
                if !failing {
                    note(format!("accept: {error}; connections wait in the queue until it passes"));
                }
                failing = true;
                thread::sleep(ACCEPT_PAUSE);
            }
        }
    }
}

/// The clients that have come together with one that was just accepted, `room` of them at most.
///
/// All are taken out of the listener's queue before a thread is woken for any. The queue is short
/// (std asks for 128); whoever finds it full tries again after a second, then after two; and the
/// threads of a burst would keep this one from its turn. Five thousand clients at once take 1.6 s
/// with this, and 4.5 s without. While a thread is free, `room` is 0, which costs no system call;
/// otherwise it keeps clients that will be refused from being open files all at once.
fn all_that_wait(listener: &TcpListener, room: usize) -> Vec<(TcpStream, SocketAddr)> {
    let mut waiting = Vec::new();
    if room == 0 {
        return waiting;
    }
    if listener.set_nonblocking(true).is_ok() {
        while waiting.len() < room
            && let Ok((stream, peer)) = listener.accept()
        {
            // Some systems hand the listener's mode on.
            if stream.set_nonblocking(false).is_ok() {
                waiting.push((stream, peer));
            }
        }
    }
    // Where this fails, the next `accept` does too, and the loop pauses.
    let _ = listener.set_nonblocking(false);
    waiting
}
