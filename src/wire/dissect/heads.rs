//! The head of an HTTP message, line by line: RFC 9112 §2 to §6.

use super::side::{Head, Kind, Label, Side, count_of};
use crate::http::Status;
use crate::wire::names;
use std::collections::VecDeque;

/// For how many requests without an answer it is remembered whether they were HEAD.
const MAX_ASKED: usize = 1024;

impl Side {
    /// A line that begins a message, or does not.
    pub(super) fn start_line(&mut self, asked: &mut VecDeque<bool>, line: &str) -> Label {
        let mut words = line.split(' ');
        let (first, second, third) =
            (words.next().unwrap_or(""), words.next().unwrap_or(""), words.next().unwrap_or(""));
        if first.starts_with("HTTP/") {
            let Some(status) = second.parse().ok().and_then(Status::new) else {
                return ("not HTTP", "RFC 9112 §4", "wrong: no status code".into());
            };
            // An interim answer leaves the question open.
            let head_only =
                matches!(status.code(), 101 | 200..) && asked.pop_front().unwrap_or(false);
            self.head = Head { status: Some(status), head_only, ..Head::default() };
            self.begin(Kind::Field);
            ("status-line", "RFC 9112 §4", names::status(status).into())
        } else if third.starts_with("HTTP/") && words.next().is_none() {
            if asked.len() < MAX_ASKED {
                asked.push_back(first == "HEAD");
            }
            self.head = Head::default();
            self.begin(Kind::Field);
            ("request-line", "RFC 9112 §3", names::method(first).into())
        } else if line.is_empty() {
            ("empty line", "RFC 9112 §2.2", "ignored before a request".into())
        } else if line.starts_with("\u{16}\u{3}") {
            ("not HTTP", "RFC 8446 §5.1", "TLS: was https:// asked?".into())
        } else {
            ("not HTTP", "RFC 9112 §2.1", String::new())
        }
    }

    /// A field line; those that say what follows the head are remembered.
    pub(super) fn field(&mut self, line: &str) -> Label {
        let Some((name, value)) = line.split_once(':') else {
            return ("field line", "RFC 9112 §5", "wrong: no colon".into());
        };
        let value = value.trim().to_ascii_lowercase();
        match name.to_ascii_lowercase().as_str() {
            "content-length" => self.head.length = value.parse().ok(),
            "transfer-encoding" => self.head.chunked = value.ends_with("chunked"),
            "content-type" => self.head.events = value.starts_with("text/event-stream"),
            "upgrade" => self.head.websocket = value == "websocket",
            _ => {}
        }
        let (meaning, section) = names::field(name);
        ("field line", section, meaning.into())
    }
    /// RFC 9112 §6.3: where the body ends, and with it the message.
    pub(super) fn end_head(&mut self) -> String {
        let head = &mut self.head;
        let code = head.status.map(Status::code);
        let bodiless = head.head_only || head.status.is_some_and(Status::never_has_content);
        if code == Some(101) && head.websocket {
            self.begin(Kind::FrameHead);
            return "now WebSocket frames".into();
        }
        match head.length {
            _ if head.chunked && !bodiless => {
                self.begin(Kind::ChunkSize);
                "a body in chunks follows".into()
            }
            Some(length @ 1..) if !bodiless => {
                self.begin(Kind::Body);
                self.left = length;
                format!("{} to come", count_of(length))
            }
            None if head.status.is_some() && !bodiless => {
                head.endless = true;
                self.begin(Kind::Body);
                "a body up to the close".into()
            }
            _ => {
                self.begin(Kind::StartLine);
                "no body follows".into()
            }
        }
    }
}
