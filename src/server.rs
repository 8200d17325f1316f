//! Accept, give each connection a thread, answer its requests until it ends; log what goes wrong
//! and go on.
//!
//! Stands above `connection` and `http`; a lesson hands it one function, from a request and a
//! [`Responder`] to an answer. Implements RFC 9112 §9 (keep-alive, pipelining, closing in stages)
//! and the refusals of RFC 9110 §15.5.
//!
//! ```text
//! listener ─▶ accept ─▶ Threads ─▶ converse: request ─▶ handler ─▶ Sent, and again
//!                          └ none left: 503, Retry-After
//! ```
//!
//! A thread per connection makes the code read like the protocol: the call that waits is the line
//! you are reading. What it costs is a thread; `Threads` keeps their number below what the process
//! can bear, and says no politely above it.
//!
//! Left out: TLS, a graceful stop (std has no signal handler; end the process), and an event loop.

use crate::connection::{Connection, Tap, WRITE_DEADLINE, Waited, Writer};
use crate::http::body::Framing;
use crate::http::chunked::ChunkedWriter;
use crate::http::{Error, Request, Response, Rule, Status, Terms, Version};
use std::collections::VecDeque;
use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream, ToSocketAddrs};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, OnceLock};
use std::thread;
use std::time::{Duration, Instant};

/// What a connection may take of time, and all of them together of threads.
#[derive(Clone, Copy, Debug)]
pub struct Limits {
    /// The threads all connections may have together.
    pub max_threads: usize,
    /// How long a connection may say nothing before or between requests. Browsers open some in
    /// advance and never use them.
    pub idle: Duration,
    /// How long a request's head may take from its first byte, and then its body: in all, not from
    /// byte to byte.
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

/// The stack of a connection's thread, in bytes. It is address space; only what is touched becomes
/// memory.
const STACK: usize = 256 * 1024;
/// How long a thread without a connection waits for the next one before it ends: starting one costs
/// more than this wait.
const THREAD_IDLE: Duration = Duration::from_secs(1);
/// The pause after an `accept` that failed, so that a lack of file descriptors does not become a
/// busy loop.
const ACCEPT_PAUSE: Duration = Duration::from_millis(50);
/// How long a refused connection is kept for the rest of its request, and how many at once.
const REFUSED_LINGER: Duration = Duration::from_millis(500);
const REFUSED_KEPT: usize = 256;

/// How many lines of the log may wait for who reads it.
const LOG_QUEUE: usize = 1000;

/// What a lesson is to the server: from a request to proof that it was answered.
type Handler = dyn Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync;

/// The threads and the taps that all ports of a program share.
pub struct Server {
    limits: Limits,
    threads: Arc<Threads>,
    tap: Option<Tap>,
    refused: SyncSender<Refused>,
}

/// A connection that was refused, and until when it is kept.
type Refused = (TcpStream, Instant);

impl Server {
    /// A server within these limits. With a tap, every byte of every connection is shown to it.
    pub fn new(limits: Limits, tap: Option<Tap>) -> Server {
        log_queue();
        let (refused, kept) = sync_channel(REFUSED_KEPT);
        thread::Builder::new()
            .name("refused".into())
            .spawn(move || linger_over_refused(&kept))
            .expect("a first thread starts because none has been started yet");
        let threads = Arc::new(Threads::new(limits.max_threads.min(bearable_threads())));
        Server { limits, threads, tap, refused }
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
        let first = listeners.first().ok_or(last)?.local_addr()?;
        Ok(Port { server: self, listeners, number: first.port() })
    }

    /// How busy this server is, for as long as one likes to ask.
    pub fn load(&self) -> Load {
        Load(Arc::clone(&self.threads))
    }

    /// Serves for ever.
    pub fn wait(&self) -> ! {
        loop {
            thread::park();
        }
    }
}

/// Looks at the threads of a server.
#[derive(Clone)]
pub struct Load(Arc<Threads>);

impl Load {
    /// How many threads there are for connections: those that serve one, and those that wait a
    /// moment for the next.
    pub fn threads(&self) -> usize {
        self.0.lock().live
    }

    /// How many there may be.
    pub fn max_threads(&self) -> usize {
        self.0.max
    }

    /// Takes one of the threads for something else than a connection, until the guard is dropped;
    /// `None` if there is none left.
    pub fn reserve(&self) -> Option<Reserved> {
        let mut state = self.0.lock();
        if state.live >= self.0.max {
            return None;
        }
        state.live += 1;
        Some(Reserved(Arc::clone(&self.0)))
    }

    /// How many connections were refused for want of a thread.
    pub fn refused(&self) -> u64 {
        self.0.lock().refused
    }
}

/// A thread's place among those a server may have.
pub struct Reserved(Arc<Threads>);

impl Drop for Reserved {
    fn drop(&mut self) {
        self.0.lock().live -= 1;
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
}

impl Port<'_> {
    /// Starts to answer with this handler.
    pub fn serve(
        self,
        handler: impl Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync + 'static,
    ) {
        let Server { limits, tap, .. } = self.server;
        let service =
            Arc::new(Service { handler: Box::new(handler), tap: tap.clone(), limits: *limits });
        for listener in self.listeners {
            let (threads, refused) =
                (Arc::clone(&self.server.threads), self.server.refused.clone());
            let service = Arc::clone(&service);
            let accept = move || accept_for_ever(&listener, &threads, &refused, &service);
            thread::Builder::new()
                .name(format!("accept {}", self.number))
                .spawn(accept)
                .expect("a first thread starts because none has been started yet");
        }
    }
}

/// Writes one line to the log, which is standard error. If nobody can read it, nobody misses it.
pub fn log(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The same for whoever must not wait for the reader of the log: a terminal that stands still
/// (Ctrl-S, a pager) would hold up every connection, and the accept loop. What is too much for the
/// queue is lost.
fn note(line: String) {
    let _ = log_queue().try_send(line);
}

/// The queue of the log, and the thread that writes what is in it. The first server starts it, when
/// threads are to be had.
fn log_queue() -> &'static SyncSender<String> {
    static QUEUE: OnceLock<SyncSender<String>> = OnceLock::new();
    QUEUE.get_or_init(|| {
        let (queue, lines) = sync_channel::<String>(LOG_QUEUE);
        thread::Builder::new()
            .name("log".into())
            .spawn(move || lines.into_iter().for_each(|line| log(&line)))
            .expect("a first thread starts because none has been started yet");
        queue
    })
}

/// The accept loop. One `accept` that fails (no file descriptor left, a client that gave up early)
/// is not the end of a server.
fn accept_for_ever(
    listener: &TcpListener,
    threads: &Arc<Threads>,
    refused: &SyncSender<Refused>,
    service: &Arc<Service>,
) {
    let mut failing = false;
    loop {
        match listener.accept() {
            Ok((stream, peer)) => {
                failing = false;
                if let Some(job) = threads.take(Job { stream, peer, service: Arc::clone(service) })
                {
                    refuse(job.stream, peer, threads.lock().live, refused);
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

/// Answers 503 from the accept loop, without waiting for anything: a fresh socket has room for a
/// few bytes.
fn refuse(stream: TcpStream, peer: SocketAddr, held: usize, refused: &SyncSender<Refused>) {
    let reason = format!(
        "expected a free thread; came one connection more than the {held} that this server can hold"
    );
    note(format!("503 {peer}: {reason}"));
    let mut answer = Vec::new();
    let terms = Terms { head_only: false, version: Version::Http11, persistent: false };
    Response::refusal(Status::SERVICE_UNAVAILABLE, &reason)
        .with("Retry-After", "1")
        .write_to(&mut answer, terms);
    let sent = stream.set_nonblocking(true).and_then(|()| (&stream).write(&answer));
    if sent.and_then(|_| stream.shutdown(Shutdown::Write)).is_ok() {
        // If too many linger already, this one is closed at once and may see a reset. It was
        // refused either way.
        let _ = refused.try_send((stream, Instant::now() + REFUSED_LINGER));
    }
}

/// Reads what refused clients still send, so that the close does not destroy the answer (RFC 9112
/// §9.6). They stand in one queue, but the time of each runs from its own refusal: a silent one
/// keeps nobody waiting.
fn linger_over_refused(kept: &Receiver<Refused>) {
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

/// The most threads this process can bear. On Linux each maps four regions (its stack, its signal
/// stack, a guard page for each), and the process is not refused but aborted when it runs out of
/// them; and each connection is a file.
fn bearable_threads() -> usize {
    let maps = std::fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok());
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let files = limits.lines().find_map(|line| {
        line.strip_prefix("Max open files")?.split_whitespace().next()?.parse().ok()
    });
    // What the rest of the process needs: libraries and heaps; listeners, pages, standard streams,
    // connections being refused.
    let by_maps = maps.map_or(usize::MAX, |maps| maps.saturating_sub(2_000) / 4);
    let by_files = files.map_or(usize::MAX, |files: usize| files - (files / 2).min(64));
    by_maps.min(by_files).max(1)
}

/// What all connections of a port have in common.
struct Service {
    handler: Box<Handler>,
    tap: Option<Tap>,
    limits: Limits,
}

/// A connection that waits for a thread.
struct Job {
    stream: TcpStream,
    peer: SocketAddr,
    service: Arc<Service>,
}

/// The threads that serve connections. One that has finished waits a moment for the next
/// connection, so that a client that opens one for every request does not pay for a new thread each
/// time.
struct Threads {
    max: usize,
    state: Mutex<ThreadsState>,
    arrived: Condvar,
}

#[derive(Default)]
struct ThreadsState {
    live: usize,
    idle: usize,
    refused: u64,
    waiting: VecDeque<Job>,
}

impl Threads {
    fn new(max: usize) -> Threads {
        Threads { max, state: Mutex::default(), arrived: Condvar::new() }
    }

    fn lock(&self) -> MutexGuard<'_, ThreadsState> {
        self.state.lock().expect("nothing panics under this lock because it only counts")
    }

    /// Hands the connection to a thread; gives one back if there is none to be had.
    fn take(self: &Arc<Self>, job: Job) -> Option<Job> {
        let mut state = self.lock();
        if state.idle <= state.waiting.len() {
            if state.live >= self.max {
                state.refused += 1;
                return Some(job);
            }
            state.live += 1;
            state.waiting.push_back(job);
            drop(state);
            let threads = Arc::clone(self);
            let begin = thread::Builder::new().name("connection".into()).stack_size(STACK);
            let Err(error) = begin.spawn(move || threads.work()) else { return None };
            note(format!("no thread to be had: {error}"));
            let mut state = self.lock();
            state.live -= 1;
            state.refused += 1;
            return state.waiting.pop_back();
        }
        state.waiting.push_back(job);
        drop(state);
        self.arrived.notify_one();
        None
    }

    /// The life of a thread: a connection, and another, until none comes for a while.
    fn work(&self) {
        let mut state = self.lock();
        loop {
            if let Some(job) = state.waiting.pop_front() {
                drop(state);
                // A bug outside the handler (in a tap, say) ends the connection and not the thread,
                // whose place would be lost.
                let _ = catch_unwind(AssertUnwindSafe(|| serve(job)));
                state = self.lock();
                continue;
            }
            state.idle += 1;
            let (woken, timeout) = self
                .arrived
                .wait_timeout(state, THREAD_IDLE)
                .expect("nothing panics under this lock because it only counts");
            state = woken;
            state.idle -= 1;
            if timeout.timed_out() && state.waiting.is_empty() {
                state.live -= 1;
                return;
            }
        }
    }
}

/// Serves one connection to its end. Whatever happens to it happens to it alone.
fn serve(job: Job) {
    let Job { stream, peer, service } = job;
    let outcome = Connection::new(stream, service.limits.write, service.tap.clone()).and_then(
        |mut connection| {
            let outcome = converse(&mut connection, &service, peer);
            connection.close();
            outcome
        },
    );
    match outcome {
        Ok(()) => {}
        // A peer that leaves while we write is how most streams end.
        Err(error) if is_gone(&error) => {}
        Err(error) => note(format!("closed {peer}: {error}")),
    }
}

/// Whether an error says that there is nobody at the other end any more.
fn is_gone(error: &io::Error) -> bool {
    matches!(error.kind(), io::ErrorKind::BrokenPipe | io::ErrorKind::ConnectionReset)
}

/// Requests and answers in turn, until one side has had enough (RFC 9112 §9.3).
///
/// Most connections spend their life in `handler`, waiting, and what stands on the stack until then
/// stays in memory for as long. So whatever is not needed for the wait is in functions of its own.
fn converse(connection: &mut Connection, service: &Service, peer: SocketAddr) -> io::Result<()> {
    loop {
        if connection.wait_for_input(service.limits.idle)? != Waited::Ready {
            return Ok(());
        }
        let (mut persistent, mut answered) = (false, false);
        match read_request(connection, service.limits.request) {
            Ok(Some(request)) => {
                let terms = request.terms();
                let responder = Responder {
                    connection,
                    terms,
                    persistent: &mut persistent,
                    answered: &mut answered,
                };
                match catch_unwind(AssertUnwindSafe(|| (service.handler)(&request, responder))) {
                    // RFC 9112 §9.6: a client that has said "close" sends nothing after this
                    // request.
                    Ok(Ok(_)) if !terms.persistent && request.says_close() => {
                        connection.expect_no_more()
                    }
                    Ok(Ok(_)) => {}
                    Ok(Err(error)) if answered || is_gone(&error) => return Err(error),
                    // Half an answer cannot be taken back. The panic has already told the log where
                    // it happened.
                    Err(_) if answered => {
                        connection.writer().cut();
                        return Ok(());
                    }
                    failed => {
                        return answer_for_failure(
                            connection,
                            failed.ok().and_then(Result::err),
                            terms,
                            peer,
                        );
                    }
                }
            }
            Ok(None) => return Ok(()),
            Err(error) => return refuse_request(connection, error, peer),
        }
        if !persistent {
            return Ok(());
        }
    }
}

/// The answer to a request that cannot be read. What follows it cannot be read either.
#[cold]
fn refuse_request(connection: &Connection, error: Error, peer: SocketAddr) -> io::Result<()> {
    let Some(status) = error.status() else { return Err(error.into()) };
    let reason = match &error {
        Error::Io(_) => Error::broken(Rule::InTime, b"", 0).to_string(),
        broken => broken.to_string(),
    };
    note(format!("{} {peer}: {reason}", status.code()));
    let terms = Terms { head_only: false, version: Version::Http11, persistent: false };
    connection.writer().write(|out| Response::refusal(status, &reason).write_to(out, terms))
}

/// The answer to a request whose handler gave none: it panicked, or returned an error.
#[cold]
fn answer_for_failure(
    connection: &Connection,
    error: Option<io::Error>,
    terms: Terms,
    peer: SocketAddr,
) -> io::Result<()> {
    if let Some(error) = error {
        note(format!("500 {peer}: {error}"));
    }
    let response = Response::refusal(Status::INTERNAL_SERVER_ERROR, "the server made a mistake");
    connection.writer().write(|out| response.write_to(out, Terms { persistent: false, ..terms }))
}

/// Reads one request, each of its parts within its deadline.
// Or its variables would stand on the stack of `converse` for as long as the answer is waited for.
#[inline(never)]
fn read_request(connection: &mut Connection, limit: Duration) -> Result<Option<Request>, Error> {
    connection.set_limit(limit);
    let Some(mut request) = Request::read_head_from(connection)? else { return Ok(None) };
    if request.expects_continue()? {
        // It leaves when the reader waits for the body. If that is already here it leaves with the
        // answer, which does no harm.
        connection.writer().write(|out| out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n"))?;
    }
    connection.set_limit(limit);
    request.read_body_from(connection)?;
    Ok(Some(request))
}

/// Proof that a request was answered. Only a [`Responder`] makes one, so a handler cannot forget to
/// answer, or answer twice.
pub struct Sent(());

/// The answer that is owed to one request.
pub struct Responder<'a> {
    connection: &'a mut Connection,
    terms: Terms,
    persistent: &'a mut bool,
    answered: &'a mut bool,
}

impl Responder<'_> {
    /// Answers with a whole response.
    ///
    /// # Errors
    /// The peer is gone.
    // See `converse`: a handler that may also stream would keep room for this on its stack.
    #[inline(never)]
    pub fn send(self, response: Response) -> io::Result<Sent> {
        *self.answered = true;
        *self.persistent = self.terms.persistent;
        self.connection.writer().write(|out| response.write_to(out, self.terms))?;
        Ok(Sent(()))
    }

    /// Answers with a head and then with whatever `body` sends, chunk by chunk, for as long as it
    /// likes. The answer to HEAD ends after the head, and so does a 204 or 304: `body` is not
    /// called.
    ///
    /// # Errors
    /// The peer is gone; or what `body` returned.
    pub fn stream(
        self,
        response: Response,
        body: impl FnOnce(&ChunkedWriter) -> io::Result<()>,
    ) -> io::Result<Sent> {
        let framed = self.terms.version == Version::Http11;
        let terms = Terms { persistent: self.terms.persistent && framed, ..self.terms };
        let framing = if framed { Framing::Chunked } else { Framing::UntilClose };
        let head_only = terms.head_only || response.status.never_has_content();
        let writer = self.connection.writer();
        *self.answered = true;
        writer.write(|out| response.write_head_to(out, terms, framing))?;
        // What has left is not kept for as long as the stream lasts.
        drop(response);
        if !head_only {
            let chunks = ChunkedWriter::new(writer, framed);
            body(&chunks)?;
            chunks.finish()?;
        }
        *self.persistent = terms.persistent;
        Ok(Sent(()))
    }

    /// Answers with 101 and leaves HTTP: from here on the connection is the new protocol's, with
    /// whatever it has already read.
    ///
    /// # Errors
    /// The peer is gone; or what `protocol` returned.
    pub fn switch_protocols(
        self,
        response: Response,
        protocol: impl FnOnce(&mut Connection) -> io::Result<()>,
    ) -> io::Result<Sent> {
        *self.answered = true;
        let writer = self.connection.writer();
        writer.write(|out| response.write_head_to(out, self.terms, Framing::Length(0)))?;
        // At once: a protocol that only ever sends from another thread would never make this one
        // wait, and so never send it.
        writer.flush()?;
        drop((writer, response));
        protocol(self.connection)?;
        Ok(Sent(()))
    }

    /// Whether the client has closed its end, asked without waiting; for a handler that holds a
    /// request.
    pub fn client_has_ended(&mut self) -> bool {
        self.connection.peer_has_ended()
    }

    /// The writing end of the connection, for who wants to count or to cut.
    pub fn writer(&self) -> Writer {
        self.connection.writer()
    }

    /// The number of this connection, as its tap sees it.
    pub fn connection_number(&self) -> u64 {
        self.connection.number()
    }
}
