//! Our own HTTP client: the course's connection, its answers and bodies, put together as its
//! programs do it.

use std::time::Duration;

use push_by_hand::connection::Connection;
use push_by_hand::http::Response;
use push_by_hand::http::body::Body;

/// How long an answer may take before the test fails.
pub const LIMIT: Duration = Duration::from_secs(40);

/// The largest body that is read whole, in bytes.
const MAX_BODY: usize = 16 * 1024 * 1024;

/// An answer as any client sees it: the field names in lower case and everything in order, without
/// `Date`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Answer {
    pub status: u16,
    pub fields: Vec<(String, String)>,
    pub body: Vec<u8>,
}

impl Answer {
    /// Puts the fields into an order that does not depend on the client.
    pub fn new<'a>(
        status: u16,
        fields: impl Iterator<Item = (&'a str, &'a str)>,
        body: Vec<u8>,
    ) -> Answer {
        let mut fields: Vec<_> = fields
            .map(|(name, value)| (name.to_ascii_lowercase(), value.to_string()))
            .filter(|(name, _)| name != "date")
            .collect();
        fields.sort();
        Answer { status, fields, body }
    }

    /// The value of a field that stands there once.
    pub fn field(&self, name: &str) -> Option<&str> {
        self.fields.iter().find(|(field, _)| field == name).map(|(_, value)| value.as_str())
    }

    pub fn text(&self) -> &str {
        std::str::from_utf8(&self.body).expect("the body is UTF-8")
    }
}

/// Sends a request and reads the answer to its end.
pub fn exchange(method: &str, url: &str, fields: &[(&str, &str)], body: &[u8]) -> Answer {
    let mut connection = request(method, url, fields, body);
    let response =
        Response::read_from(&mut connection, method == "HEAD", MAX_BODY).expect("an HTTP answer");
    Answer::new(response.status.code(), response.fields.iter(), response.body)
}

/// Sends a request and reads the head of the answer; what comes back reads the body as it arrives.
pub fn open(url: &str, fields: &[(&str, &str)]) -> (Answer, Body<Connection>) {
    let mut connection = request("GET", url, fields, b"");
    let (response, framing) =
        Response::read_head_from(&mut connection, false).expect("an HTTP answer");
    (
        Answer::new(response.status.code(), response.fields.iter(), Vec::new()),
        Body::new(connection, framing),
    )
}

fn request(method: &str, url: &str, fields: &[(&str, &str)], body: &[u8]) -> Connection {
    let rest = url.strip_prefix("http://").unwrap_or_else(|| panic!("{url} is no http URL"));
    let (authority, path) = rest.split_once('/').unwrap_or((rest, ""));
    let mut connection =
        Connection::connect(authority, LIMIT, None).expect("the server accepts connections");
    connection.set_deadline(LIMIT);
    let fields: String =
        fields.iter().map(|(name, value)| format!("{name}: {value}\r\n")).collect();
    let length =
        if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    let head = format!("{method} /{path} HTTP/1.1\r\nHost: {authority}\r\n{fields}{length}\r\n");
    let sent = connection.writer().append(|out| {
        out.extend_from_slice(head.as_bytes());
        out.extend_from_slice(body);
    });
    sent.expect("the server reads");
    connection
}
