//! The client's end: from a URL to an open WebSocket.
//!
//! Comes last in `websocket`. Implements RFC 6455 §3 (`ws://` URLs), §4.1 (the client's handshake).
//!
//! ```no_run
//! use push_by_hand::websocket::{Client, Message, Url};
//! let mut client = Client::connect(&Url::parse("ws://localhost:8888/echo")?, &[])?;
//! let mut socket = client.socket();
//! socket.send_text("hello")?;
//! assert_eq!(socket.receive()?, Some(Message::Text("hello".into())));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```
//!
//! Left out: `wss://`, redirects, cookies, proxies.

use super::frame::Role;
use super::handshake::{check_answer, write_request};
use super::key::fresh_key;
use super::socket::WebSocket;
use crate::connection::Connection;
use crate::http::Response;
use crate::http::body::{Body, Framing};
use std::io;
use std::time::Duration;

/// How long the server has to accept the connection.
pub const CONNECT_LIMIT: Duration = Duration::from_secs(10);
/// How long it has to answer the request: a server that holds it until there is news may take a
/// minute.
const ANSWER_LIMIT: Duration = Duration::from_secs(90);
/// How much of a refusal's text is read, in bytes: a sentence is enough.
const MAX_REFUSAL: usize = 4096;

/// A URL of a WebSocket or of an HTTP resource, cut into what a request needs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Url {
    /// `ws` or `http`.
    pub scheme: String,
    /// The name or the address, an IPv6 address without its brackets.
    pub host: String,
    /// The port; 80 if the URL names none.
    pub port: u16,
    /// As the `Host` field says it: `localhost:8888`, `[::1]:8888`.
    pub authority: String,
    /// Path and query: `/chat?room=1`. The path is at least `/`.
    pub target: String,
}

impl Url {
    /// Cuts a URL (RFC 6455 §3).
    ///
    /// ```
    /// use push_by_hand::websocket::Url;
    /// let url = Url::parse("ws://localhost:8888?x=1").unwrap();
    /// assert_eq!((&*url.host, url.port, &*url.target), ("localhost", 8888, "/?x=1"));
    /// ```
    ///
    /// # Errors
    /// What was expected and what came.
    pub fn parse(text: &str) -> Result<Url, String> {
        let wrong =
            |expected: &str| Err(format!("expected {expected}; came \"{}\"", text.escape_debug()));
        let Some((scheme, rest)) = text.split_once("://") else {
            return wrong("a URL that begins with ws:// or http://");
        };
        let scheme = scheme.to_ascii_lowercase();
        match scheme.as_str() {
            "ws" | "http" => {}
            "wss" | "https" => return wrong("ws:// or http://, as TLS is not spoken here"),
            _ => return wrong("a URL that begins with ws:// or http://"),
        }
        if let Some(bad) = rest.chars().find(|c| !c.is_ascii_graphic() || *c == '#') {
            // A fragment never travels, and what is not visible ASCII is percent-encoded.
            return wrong(&format!("no '{}' in a URL", bad.escape_debug()));
        }
        let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
        // The colon before a port comes after every colon of an IPv6 address, and after its
        // bracket.
        let (host, port) = match authority.rsplit_once(':') {
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (authority, "80"),
        };
        let Ok(port) = port.parse() else { return wrong("a port from 0 to 65535 after the colon") };
        let host = host.strip_prefix('[').and_then(|host| host.strip_suffix(']')).unwrap_or(host);
        if host.is_empty() || host.contains(['@', '[', ']']) {
            return wrong("a host, and no user, after the //");
        }
        let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
        Ok(Url { scheme, host: host.to_owned(), port, authority: authority.to_owned(), target })
    }
}

/// A connection on which the opening handshake has succeeded.
pub struct Client {
    connection: Connection,
    /// The subprotocol that the server chose.
    pub protocol: Option<String>,
}

impl Client {
    /// Connects and shakes hands, offering `protocols`.
    ///
    /// # Errors
    /// No connection; or, as `InvalidData`, an answer that is not as it must be, with what was
    /// expected and what came.
    pub fn connect(url: &Url, protocols: &[&str]) -> io::Result<Client> {
        let place = (url.host.as_str(), url.port);
        let mut connection = Connection::connect(place, CONNECT_LIMIT, None)?;
        connection.set_deadline(ANSWER_LIMIT);
        Client::over(connection, url, protocols)
    }

    /// Shakes hands on a connection that is there already, in the time that its reads have.
    ///
    /// # Errors
    /// As [`connect`](Client::connect).
    pub fn over(mut connection: Connection, url: &Url, protocols: &[&str]) -> io::Result<Client> {
        let key = fresh_key();
        connection
            .writer()
            .append(|out| write_request(out, &url.authority, &url.target, &key, protocols))?;
        let (mut response, framing) = Response::read_head_from(&mut connection, false)?;
        // A refusal often says why. Only a text with a length is waited for: an endless answer is
        // one, too.
        if matches!(framing, Framing::Length(1..)) {
            response.body =
                Body::new(&mut connection, framing).read_whole(MAX_REFUSAL).unwrap_or_default();
        }
        let protocol = check_answer(&response, &key, protocols)
            .map_err(|mismatch| io::Error::new(io::ErrorKind::InvalidData, mismatch))?;
        Ok(Client { connection, protocol })
    }

    /// The open socket.
    pub fn socket(&mut self) -> WebSocket<'_> {
        WebSocket::new(&mut self.connection, Role::Client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_url_is_cut_into_its_parts() {
        for (text, host, port, authority, target) in [
            ("ws://localhost", "localhost", 80, "localhost", "/"),
            ("WS://localhost:9999/", "localhost", 9999, "localhost:9999", "/"),
            ("ws://127.0.0.1:1/a/b?c=d:e/f", "127.0.0.1", 1, "127.0.0.1:1", "/a/b?c=d:e/f"),
            ("ws://[::1]:8888/x", "::1", 8888, "[::1]:8888", "/x"),
            ("http://[::1]?q", "::1", 80, "[::1]", "/?q"),
        ] {
            let url = Url::parse(text).unwrap();
            assert_eq!(
                (url.host.as_str(), url.port, url.authority.as_str(), url.target.as_str()),
                (host, port, authority, target)
            );
        }
    }

    #[test]
    fn what_is_no_url_of_ours_is_refused_with_a_reason() {
        for (text, expected) in [
            ("localhost:8888", "expected a URL that begins with ws://"),
            ("ftp://localhost", "expected a URL that begins with ws://"),
            ("wss://localhost", "expected ws:// or http://, as TLS"),
            ("ws://localhost/#top", "expected no '#'"),
            ("ws://localhost/a b", "expected no ' '"),
            ("ws://localhost/水", "expected no '水'"),
            ("ws://localhost/\r\nX: 1", "expected no '\\r'"),
            ("ws://localhost:65536/", "expected a port"),
            ("ws://localhost:/", "expected a port"),
            ("ws://:80/", "expected a host"),
            ("ws://me@localhost/", "expected a host"),
        ] {
            let error = Url::parse(text).unwrap_err();
            assert!(error.starts_with(expected), "{error}");
        }
    }
}
