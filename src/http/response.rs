//! A response: written by the server, read by our own clients.
//!
//! Comes last in `http`. Implements RFC 9112 §4 (status-line), §6 (which body, with what framing)
//! and §9 (what it says about the connection); RFC 9110 §6.6.1 (`Date`).

use super::body::{Body, Framing};
use super::fields::read_line;
use super::{Error, Fields, Method, Request, Rule, Status, Terms, Version};
use crate::clock;
use std::io::{BufRead, Write};

/// The longest status-line we read, in bytes.
const MAX_STATUS_LINE: usize = 1024;

const TAKES_ALL: &str = "a Vec takes every write because it grows";

/// An answer: a value like any other until it is sent.
#[derive(Clone, Debug)]
pub struct Response {
    /// How it went.
    pub status: Status,
    /// What is said about it. `Date`, `Connection` and the framing are added when it is written.
    pub fields: Fields,
    /// The content.
    pub body: Vec<u8>,
}

impl Response {
    /// An answer without content.
    pub fn new(status: Status) -> Response {
        Response { status, fields: Fields::default(), body: Vec::new() }
    }

    /// An answer with content of a type, which a browser must believe and not guess from the
    /// content: what somebody published is never a page or a script (the Fetch standard).
    pub fn with_body(status: Status, content_type: &str, body: impl Into<Vec<u8>>) -> Response {
        let mut response = Response::new(status)
            .with("Content-Type", content_type)
            .with("X-Content-Type-Options", "nosniff");
        response.body = body.into();
        response
    }

    /// An answer in plain text.
    pub fn text(status: Status, body: impl Into<Vec<u8>>) -> Response {
        Response::with_body(status, "text/plain; charset=utf-8", body)
    }

    /// An answer in JSON, which is UTF-8 by definition (RFC 8259 §8.1).
    pub fn json(status: Status, body: impl Into<Vec<u8>>) -> Response {
        Response::with_body(status, "application/json", body)
    }

    /// The head of an endless answer. No browser guesses what it is, no cache keeps it, and no
    /// proxy holds it back to compress it (RFC 9111 §5.2.2.6) or to send more at once, which nginx
    /// does unless it reads `X-Accel-Buffering`.
    pub fn stream(content_type: &str) -> Response {
        Response::with_body(Status::OK, content_type, "")
            .with("Cache-Control", "no-store, no-transform")
            .with("X-Accel-Buffering", "no")
    }

    /// 404, which says what was looked for.
    pub fn not_found(request: &Request) -> Response {
        Response::text(
            Status::NOT_FOUND,
            format!("expected a path that exists here; came \"{}\"\n", request.path()),
        )
    }

    /// The answer where the path exists and the method is none of `methods`, as in `"GET, HEAD"`:
    /// OPTIONS is told which would do (RFC 9110 §9.3.7), and so is any other, with 405 (§15.5.6).
    pub fn other_method(request: &Request, methods: &str) -> Response {
        let allow = format!("{methods}, OPTIONS");
        let response = match request.method {
            Method::Options => Response::new(Status::NO_CONTENT),
            other => {
                let text = format!("expected {allow}; came {}\n", other.name());
                Response::text(Status::METHOD_NOT_ALLOWED, text)
            }
        };
        response.with("Allow", &allow)
    }

    /// The answer to a request that breaks a rule: what was expected, what came.
    pub fn refusal(status: Status, reason: &str) -> Response {
        Response::text(status, format!("{reason}\n"))
    }

    /// The same with one more field.
    #[must_use]
    pub fn with(mut self, name: &'static str, value: &str) -> Response {
        self.fields.push(name, value);
        self
    }

    /// Names this content with an entity tag, and sends it only on the request's conditions: 412
    /// if `If-Match` does not list the tag (RFC 9110 §13.1.1); if `If-None-Match` lists it, 304 and
    /// the fields that tell a cache what it may do (§13.1.2, §15.4.5).
    ///
    /// `etag` is a strong tag with its quotes: `"33a64df5"`. The first comparison is the strong
    /// one, the second the weak one, which passes over a leading `W/`.
    #[must_use]
    pub fn on_conditions(self, request: &Request, etag: &str) -> Response {
        let mut wanted = request.fields.list("if-match").peekable();
        if wanted.peek().is_some() && !wanted.any(|tag| tag == "*" || tag == etag) {
            let expected = format!("expected If-Match: {etag}; came another");
            return Response::refusal(Status::PRECONDITION_FAILED, &expected).with("ETag", etag);
        }
        let same = |tag: &str| tag == "*" || tag.strip_prefix("W/").unwrap_or(tag) == etag;
        if !matches!(request.method, Method::Get | Method::Head)
            || !request.fields.list("if-none-match").any(same)
        {
            return self.with("ETag", etag);
        }
        let mut response = Response::new(Status::NOT_MODIFIED);
        // The other fields describe content that is not sent.
        for name in ["Cache-Control", "Vary"] {
            if let Some(value) = self.fields.get(name) {
                response.fields.push(name, value);
            }
        }
        response.with("ETag", etag)
    }

    /// Writes head and body, so that they can leave in one piece.
    pub fn write_to(&self, out: &mut Vec<u8>, terms: Terms) {
        self.write_head_to(out, terms, Framing::Length(self.body.len() as u64));
        if !terms.head_only && !self.status.never_has_content() {
            out.extend_from_slice(&self.body);
        }
    }

    /// Writes the head. Which framing it announces also depends on the status and on the client's
    /// version.
    pub(crate) fn write_head_to(&self, out: &mut Vec<u8>, terms: Terms, framing: Framing) {
        // RFC 9110 §6.2: the version is the highest that we speak, whatever the client does.
        write!(out, "HTTP/1.1 {}\r\n", self.status).expect(TAKES_ALL);
        // RFC 9110 §6.6.1: an interim answer needs no date, and 101 says only what the new protocol
        // needs. An answer that is passed on has the date of its origin.
        if self.status.code() >= 200 && self.fields.get("date").is_none() {
            out.extend_from_slice(b"Date: ");
            out.extend_from_slice(&clock::imf_fixdate(clock::unix_seconds()));
            out.extend_from_slice(b"\r\n");
        }
        match framing {
            // RFC 9110 §8.6 and RFC 9112 §6.1: neither length nor coding where there can be no
            // content.
            _ if self.status.never_has_content() => {}
            Framing::Length(length) => {
                write!(out, "Content-Length: {length}\r\n").expect(TAKES_ALL);
            }
            Framing::Chunked => out.extend_from_slice(b"Transfer-Encoding: chunked\r\n"),
            Framing::UntilClose => {}
        }
        match (terms.persistent, terms.version) {
            _ if self.status == Status::SWITCHING_PROTOCOLS => {}
            (false, _) => out.extend_from_slice(b"Connection: close\r\n"),
            (true, Version::Http10) => out.extend_from_slice(b"Connection: keep-alive\r\n"),
            (true, Version::Http11) => {}
        }
        self.fields.write_to(out);
    }

    /// Reads a response's head; for clients. 1xx answers that come before it are passed over.
    /// `head_only` says that the request was HEAD, whose answer has no body whatever its fields
    /// say; the second value says how the body ends.
    ///
    /// # Errors
    /// [`Error::Broken`] with the rule, the bytes and where they stood.
    pub fn read_head_from(
        reader: &mut impl BufRead,
        head_only: bool,
    ) -> Result<(Response, Framing), Error> {
        loop {
            let (response, framing) = Response::read_any_head_from(reader, head_only)?;
            if !response.status.is_interim() {
                return Ok((response, framing));
            }
        }
    }

    /// The same, and 1xx answers too; for whoever passes them on.
    ///
    /// # Errors
    /// As [`read_head_from`](Response::read_head_from).
    pub fn read_any_head_from(
        reader: &mut impl BufRead,
        head_only: bool,
    ) -> Result<(Response, Framing), Error> {
        let mut line = Vec::new();
        let end = read_line(reader, &mut line, MAX_STATUS_LINE, Rule::StatusLine, 0)?;
        let broken = || Error::broken(Rule::StatusLine, &line[..end], 0);
        // HTTP-version SP 3DIGIT SP [reason phrase]: the second space stands even before an empty
        // reason.
        let (version, rest) = line[..end].split_at_checked(8).ok_or_else(broken)?;
        let version = Version::parse(version, 0)?;
        let [b' ', a @ b'0'..=b'9', b @ b'0'..=b'9', c @ b'0'..=b'9', after @ ..] = rest else {
            return Err(broken());
        };
        let code = [a, b, c].iter().fold(0, |code, digit| code * 10 + u16::from(**digit - b'0'));
        let status =
            Status::new(code).filter(|_| matches!(after, [] | [b' ', ..])).ok_or_else(broken)?;
        let fields = Fields::read_folded_from(reader, line.len())?;
        let framing = match Framing::of(&fields, version, Framing::UntilClose)? {
            _ if head_only || status.never_has_content() => Framing::Length(0),
            framing => framing,
        };
        Ok((Response { status, fields, body: Vec::new() }, framing))
    }

    /// Reads a whole response, its body `limit` bytes at most.
    ///
    /// # Errors
    /// As [`read_head_from`](Response::read_head_from).
    pub fn read_from(
        reader: &mut impl BufRead,
        head_only: bool,
        limit: usize,
    ) -> Result<Response, Error> {
        let (mut response, framing) = Response::read_head_from(reader, head_only)?;
        // RFC 9110 §8.4: what is coded cannot be read as it stands, and we ask for no coding.
        let coding = response.fields.content_coding();
        if let Some((coding, at)) = coding.filter(|_| framing != Framing::Length(0)) {
            return Err(Error::broken(Rule::ContentCoding, coding.as_bytes(), at));
        }
        response.body = Body::new(reader, framing).read_whole(limit)?;
        Ok(response)
    }
}
