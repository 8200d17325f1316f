//! One connection to Redis: where it is, who we are there, and a command with its reply.
//!
//! Stands on the library's `Connection`, so `--wire` shows these bytes like all others.

use super::resp::{Error, Reply, write_command};
use push_by_hand::connection::{Connection, Tap};
use push_by_hand::http::percent_decode;
use push_by_hand::terminal::visible;
use std::fmt;
use std::io;
use std::str::FromStr;
use std::time::Duration;

/// How long Redis may take to accept a connection, and to answer a command that does not wait.
const ANSWER: Duration = Duration::from_secs(5);
/// The oldest version that gives the second half of an id alone, as `XADD … epoch-*` needs.
const OLDEST: u32 = 7;

/// Where Redis is, and what it wants to hear first.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Address {
    host: String,
    port: u16,
    user: String,
    password: String,
    database: u32,
}

/// Why Redis did not do what it was asked.
#[derive(Debug)]
pub enum Failure {
    /// It is not there, or is not ready: later it may be.
    Away(String),
    /// It is there and will not have us: trying again changes nothing.
    Wrong(String),
}

/// One connection.
pub struct Link {
    connection: Connection,
}

impl Link {
    /// Connects, says who we are, and makes sure that a Redis which can number our messages is at
    /// the other end.
    ///
    /// # Errors
    /// See [`Failure`].
    pub fn open(address: &Address, tap: Option<Tap>) -> Result<Link, Failure> {
        let to = (address.host.as_str(), address.port);
        let connection = Connection::connect(to, ANSWER, tap)
            .map_err(|error| Failure::Away(format!("no connection: {error}")))?;
        let mut link = Link { connection };
        if !address.password.is_empty() {
            let (user, password) = (address.user.as_bytes(), address.password.as_bytes());
            let words = [b"AUTH", user, password];
            // Without a user it is the one that every Redis has.
            let words = if user.is_empty() { &[words[0], words[2]][..] } else { &words[..] };
            link.call_at_start("AUTH", words)?;
        }
        if address.database > 0 {
            link.call_at_start("SELECT", &[b"SELECT", address.database.to_string().as_bytes()])?;
        }
        let info = link.call_at_start("INFO", &[b"INFO", b"server"])?;
        let info = info.text().unwrap_or_default();
        let version = info.lines().find_map(|line| line.strip_prefix("redis_version:"));
        let major = version.and_then(|version| version.split('.').next()?.parse::<u32>().ok());
        match major {
            Some(OLDEST..) => Ok(link),
            _ => Err(Failure::Wrong(format!(
                "expected Redis {OLDEST}.0 or newer, which gives ids as epoch-*; came {}",
                version.map_or("no version".into(), |came| format!("version {}", visible(came)))
            ))),
        }
    }

    /// A command that must succeed for anything else to make sense.
    fn call_at_start(&mut self, name: &str, words: &[&[u8]]) -> Result<Reply, Failure> {
        match self.call(words)? {
            // It reads its data from the disk, and will be there when it has.
            Reply::Error(said) if said.starts_with("LOADING") => Err(Failure::Away(said)),
            Reply::Error(said) => {
                Err(Failure::Wrong(format!("expected {name} to succeed; came \"{said}\"")))
            }
            reply => Ok(reply),
        }
    }

    /// Adds a command to what leaves with the next [`receive`](Link::receive).
    ///
    /// # Errors
    /// The connection is gone.
    pub fn send(&mut self, words: &[&[u8]]) -> Result<(), Failure> {
        self.connection
            .writer()
            .append(|out| write_command(out, words))
            .map_err(|error| Failure::Away(error.to_string()))
    }

    /// The next reply: replies come in the order of their commands. Redis may take `wait` longer
    /// than an answer takes otherwise.
    ///
    /// # Errors
    /// Nothing came in time; or what came is no reply, and then what follows is none either.
    pub fn receive(&mut self, wait: Duration) -> Result<Reply, Failure> {
        self.connection.set_deadline(wait + ANSWER);
        match Reply::read_from(&mut self.connection) {
            Ok(Some(reply)) => Ok(reply),
            Ok(None) => Err(Failure::Away("Redis has closed the connection".into())),
            Err(Error::Io(error)) if error.kind() == io::ErrorKind::TimedOut => {
                let limit = (wait + ANSWER).as_secs();
                Err(Failure::Away(format!("expected an answer within {limit} s; came none")))
            }
            Err(error @ (Error::Io(_) | Error::CutOff)) => Err(Failure::Away(error.to_string())),
            Err(error) => Err(Failure::Wrong(format!("this is no Redis: {error}"))),
        }
    }

    /// A command and its reply.
    ///
    /// # Errors
    /// As [`receive`](Link::receive).
    pub fn call(&mut self, words: &[&[u8]]) -> Result<Reply, Failure> {
        self.send(words)?;
        self.receive(Duration::ZERO)
    }

    /// Whether Redis has closed this connection while nothing was asked.
    pub fn has_ended(&mut self) -> bool {
        self.connection.peer_has_ended()
    }
}

/// Reads `host:port`, or `redis://[[user]:password@]host[:port][/database]`.
impl FromStr for Address {
    type Err = String;

    fn from_str(text: &str) -> Result<Address, String> {
        let wrong = || {
            format!(
                "expected HOST:PORT or redis://[:PASSWORD@]HOST:PORT/DATABASE; came \"{}\"",
                text.escape_debug()
            )
        };
        let decoded = |part: &str| String::from_utf8(percent_decode(part)).map_err(|_| wrong());
        let rest = text.strip_prefix("redis://").unwrap_or(text);
        let (rest, database) = rest.split_once('/').unwrap_or((rest, ""));
        let (identity, place) = rest.rsplit_once('@').unwrap_or(("", rest));
        let (user, password) = identity.split_once(':').unwrap_or(("", identity));
        let (host, port) = match place.rsplit_once(':') {
            // The colons of a bare IPv6 address are in brackets.
            Some((host, port)) if !port.ends_with(']') => (host, port),
            _ => (place, "6379"),
        };
        let host = host.trim_start_matches('[').trim_end_matches(']');
        if host.is_empty() || host.contains(|c: char| c.is_whitespace() || c == '/') {
            return Err(wrong());
        }
        Ok(Address {
            host: host.to_owned(),
            port: port.parse().map_err(|_| wrong())?,
            user: decoded(user)?,
            password: decoded(password)?,
            database: if database.is_empty() {
                0
            } else {
                database.parse().map_err(|_| wrong())?
            },
        })
    }
}

/// Without the password: this is what the log and `/status` show.
impl fmt::Display for Address {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "redis://{}:{}/{}", self.host, self.port, self.database)
    }
}

impl fmt::Display for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Failure::Away(why) | Failure::Wrong(why) => f.write_str(why),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_address_is_a_place_or_a_url() {
        let read = |text: &str| {
            let Address { host, port, user, password, database } = text.parse().unwrap();
            (host, port, user, password, database)
        };
        let at = |host: &str, port, user: &str, password: &str, database| {
            (host.to_owned(), port, user.to_owned(), password.to_owned(), database)
        };
        assert_eq!(read("localhost:6379"), at("localhost", 6379, "", "", 0));
        assert_eq!(read("redis://10.0.0.1"), at("10.0.0.1", 6379, "", "", 0));
        assert_eq!(read("redis://:p%40ss@redis:7000/3"), at("redis", 7000, "", "p@ss", 3));
        assert_eq!(read("redis://me:secret@[::1]:7000/"), at("::1", 7000, "me", "secret", 0));
        for text in ["", "redis://", "localhost:", "localhost:99999", "a b:1", "redis://x/one"] {
            assert!(text.parse::<Address>().is_err(), "{text}");
        }
        let shown = "redis://:secret@redis:7000/3".parse::<Address>().unwrap().to_string();
        assert_eq!(shown, "redis://redis:7000/3");
    }
}
