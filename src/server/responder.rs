//! One connection from its first request to its end, and the [`Responder`] through which a handler
//! answers each.

use super::log::note;
use super::names::Names;
use super::refusal::Refusals;
use super::{Limits, refusal};
use crate::connection::{Connection, Tap, Waited, Writer};
use crate::cors::Cors;
use crate::http::body::Framing;
use crate::http::chunked::ChunkedWriter;
use crate::http::{Error, Method, Request, Response, Status, Terms, Version};
use std::io;
use std::net::{SocketAddr, TcpStream};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::Arc;
use std::time::Duration;

/// The time that each byte of a body adds to what the body may take. A slow phone sends 1,000 bytes
/// in a second; whatever is slower is not waited for. The longest body takes at most 18 minutes.
const BODY_PACE: Duration = Duration::from_millis(1);

/// What a lesson is to the server: from a request to proof that it was answered.
pub(super) type Handler = dyn Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync;

/// What all connections of a port have in common.
pub(super) struct Service {
    pub(super) handler: Box<Handler>,
    pub(super) tap: Option<Tap>,
    pub(super) limits: Limits,
    pub(super) names: Names,
    pub(super) cors: Option<Cors>,
}

/// A connection that waits for a thread.
pub(super) struct Accepted {
    pub(super) stream: TcpStream,
    pub(super) peer: SocketAddr,
    pub(super) service: Arc<Service>,
}

impl Accepted {
    /// Serves the connection to its end. Whatever happens to it happens to it alone.
    pub(super) fn serve(self) {
        let Accepted { stream, peer, service } = self;
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

    /// Refuses the connection, for which there is no thread beside the `held` that there are.
    pub(super) fn refuse(self, refusals: &Refusals, held: usize) {
        let Accepted { stream, peer, service } = self;
        refusals.no_thread(stream, peer, held, |refusal| service.share(None, refusal));
    }
}

/// Whether an error says that there is nobody at the other end any more.
fn is_gone(error: &io::Error) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionReset, NotConnected};
    matches!(error.kind(), BrokenPipe | ConnectionReset | NotConnected)
}

/// Requests and answers in turn, until one side has had enough (RFC 9112 §9.3).
fn converse(connection: &mut Connection, service: &Service, peer: SocketAddr) -> io::Result<()> {
    loop {
        // The answer of the turn before leaves here: it is sent when this call is about to wait.
        if connection.wait_for_input(service.limits.idle)? != Waited::Ready {
            return Ok(());
        }
        let begun = connection.position();
        let mut request = None;
        if let Err(error) = read_request(connection, service.limits.request, &mut request) {
            let came = connection.position() - begun;
            let share = |refusal| service.share(request.as_ref(), refusal);
            return refusal::unreadable(connection, error, came, peer, share);
        }
        let Some(request) = &request else { return Ok(()) };
        if !answer(connection, service, request, peer)? {
            return Ok(());
        }
    }
}

/// Reads one request into `whole`, each of its parts within its deadline. Where the body cannot be
/// read, the head is there.
// Most connections spend their life in the handler, waiting. Inlined, the variables of this would
// be on the stack below it all that time: 4 KiB each, measured.
#[inline(never)]
fn read_request(
    connection: &mut Connection,
    limit: Duration,
    whole: &mut Option<Request>,
) -> Result<(), Error> {
    connection.set_deadline(limit);
    *whole = Request::read_head_from(connection)?;
    let Some(request) = whole else { return Ok(()) };
    if request.expects_continue()? {
        // It leaves when the reader waits for the body. If that is already here it leaves with the
        // answer, which does no harm.
        connection
            .writer()
            .append(|out| out.extend_from_slice(b"HTTP/1.1 100 Continue\r\n\r\n"))?;
    }
    connection.set_pace(limit, BODY_PACE);
    request.read_body_from(connection)
}

/// Has the request answered, by the handler or in its place; returns whether the connection goes
/// on.
fn answer(
    connection: &mut Connection,
    service: &Service,
    request: &Request,
    peer: SocketAddr,
) -> io::Result<bool> {
    let terms = request.terms();
    let mut answered = false;
    let responder = Responder { connection, service, request, terms, answered: &mut answered };
    let answer = || match service.answer(request) {
        Some(response) => without_handler(responder, response),
        None => (service.handler)(request, responder),
    };
    match catch_unwind(AssertUnwindSafe(answer)) {
        Ok(Ok(sent)) => {
            if !terms.persistent {
                connection.expect_no_more();
            }
            return Ok(sent.persistent);
        }
        Ok(Err(error)) if answered || is_gone(&error) => return Err(error),
        // Half an answer cannot be taken back. The panic has already told the log where it
        // happened.
        Err(_) if answered => connection.writer().cut(),
        failed => {
            let error = failed.ok().and_then(Result::err);
            refusal::mistake(connection, error, terms, peer)?;
        }
    }
    Ok(false)
}

#[cold] // As in `refusal`: an idle WebSocket would take 4 KiB more, measured.
fn without_handler(responder: Responder<'_>, response: Response) -> io::Result<Sent> {
    responder.send(response)
}

impl Service {
    /// What is answered before any handler is asked.
    #[inline(never)] // Likewise, and under each stream of the hub.
    fn answer(&self, request: &Request) -> Option<Response> {
        // RFC 9112 §3.3: where HTTP/1.0 names no authority, the server is its own default. A
        // browser always names one.
        if !request.host().is_empty() && !self.names.include(request.host()) {
            let host = request.host().escape_debug();
            let reason =
                format!("expected a name of this server (see --allow-host); came Host \"{host}\"");
            return Some(Response::refusal(Status::MISDIRECTED_REQUEST, &reason));
        }
        // RFC 9110 §9.3.7: `OPTIONS *` asks about the server, not about one of its paths.
        if request.target == "*" {
            let all = Response::new(Status::NO_CONTENT);
            return Some(all.with("Allow", "GET, HEAD, POST, OPTIONS"));
        }
        let cors = self.cors.as_ref()?;
        match request.method {
            // They change nothing (RFC 9110 §9.2.1).
            Method::Get | Method::Head => None,
            Method::Options => cors.answer_preflight(request),
            _ => cors.refuse_foreign_page(request),
        }
    }

    /// Adds to an answer which page may read it.
    pub(super) fn share(&self, request: Option<&Request>, response: Response) -> Response {
        match &self.cors {
            Some(cors) => cors.share(request, response),
            None => response,
        }
    }
}

/// Proof that a request was answered. Only a [`Responder`] makes one, so a handler cannot forget to
/// answer, or answer twice.
pub struct Sent {
    /// Whether the connection goes on after this answer.
    persistent: bool,
}

/// The answer that is owed to one request.
pub struct Responder<'a> {
    connection: &'a mut Connection,
    service: &'a Service,
    request: &'a Request,
    terms: Terms,
    answered: &'a mut bool,
}

impl Responder<'_> {
    /// Sends an interim answer; the answer itself is still owed. HTTP/1.0 knows none (RFC 9110
    /// §15.2).
    ///
    /// # Errors
    /// The peer is gone.
    pub fn send_interim(&mut self, response: &Response) -> io::Result<()> {
        if self.terms.version == Version::Http10 {
            return Ok(());
        }
        let terms = Terms { persistent: true, ..self.terms };
        let writer = self.connection.writer();
        writer.append(|out| response.write_head_to(out, terms, Framing::Length(0)))?;
        writer.flush()
    }

    /// Answers with a whole response.
    ///
    /// # Errors
    /// The peer is gone.
    pub fn send(self, response: Response) -> io::Result<Sent> {
        *self.answered = true;
        // It names the flag that helps. Whoever runs the server finds it in the log, too.
        if matches!(response.status, Status::FORBIDDEN | Status::MISDIRECTED_REQUEST) {
            let reason = String::from_utf8_lossy(&response.body);
            let (code, peer) = (response.status.code(), self.connection.peer_addr()?);
            note(format!("{code} {peer}: {}", reason.trim_end()));
        }
        let response = self.service.share(Some(self.request), response);
        self.connection.writer().append(|out| response.write_to(out, self.terms))?;
        Ok(Sent { persistent: self.terms.persistent })
    }

    /// The same with a body that is not in the response: `body` writes its `length` bytes, some of
    /// which may be shared with other answers.
    ///
    /// # Errors
    /// The peer is gone; or what `body` returned.
    pub fn send_with(
        self,
        response: Response,
        length: usize,
        body: impl FnOnce(&Writer) -> io::Result<()>,
    ) -> io::Result<Sent> {
        *self.answered = true;
        let writer = self.begin(response, self.terms, Framing::Length(length as u64))?;
        if !self.terms.head_only {
            body(&writer)?;
        }
        Ok(Sent { persistent: self.terms.persistent })
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
        *self.answered = true;
        let writer = self.begin(response, terms, framing)?;
        if !head_only {
            let chunks = ChunkedWriter::new(writer, framed);
            body(&chunks)?;
            chunks.finish()?;
        }
        Ok(Sent { persistent: terms.persistent })
    }

    /// Writes the head of an answer whose body follows.
    // Inlined, its variables would be kept for as long as the stream lasts: 4 KiB each, measured.
    #[inline(never)]
    fn begin(&self, response: Response, terms: Terms, framing: Framing) -> io::Result<Writer> {
        let response = self.service.share(Some(self.request), response);
        let writer = self.connection.writer();
        writer.append(|out| response.write_head_to(out, terms, framing))?;
        Ok(writer)
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
        writer.append(|out| response.write_head_to(out, self.terms, Framing::Length(0)))?;
        // At once: a protocol that only ever sends from another thread would never make this one
        // wait, and so never send it.
        writer.flush()?;
        drop((writer, response));
        protocol(self.connection)?;
        Ok(Sent { persistent: false })
    }

    /// Whether the client has closed its end, asked without waiting; for a handler that holds a
    /// request.
    pub fn client_has_ended(&mut self) -> bool {
        self.connection.peer_has_ended()
    }

    /// The writing end of the connection, for whoever wants to count or to cut.
    pub fn writer(&self) -> Writer {
        self.connection.writer()
    }

    /// The number of this connection, as its tap sees it.
    pub fn connection_number(&self) -> u64 {
        self.connection.number()
    }
}
