//! What the lessons' programs share: their flags, their ports, and the first lines they print.
//!
//! Stands at the top, between the library and `src/bin/`: a lesson says what it is in a constant,
//! and gets on with its subject.

use crate::clock;
use crate::connection::{Crossing, Tap};
use crate::feed::{Feed, Id};
use crate::http::{Request, Response, Status};
use crate::server::{Limits, Port, Server};
use crate::wire;
use std::fmt;
use std::io::{self, Write};
use std::process;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The longest text that can be published, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;
/// What a lesson's log keeps at most, in bytes of text: far more than its ticks have.
const KEPT_BYTES: usize = 1 << 20;

/// What a lesson is, and which flags it takes beside those that all take.
pub struct Lesson {
    /// Its name on the command line.
    pub name: &'static str,
    /// What it shows, in a sentence.
    pub about: &'static str,
    /// The port of its data or of its socket.
    pub port: u16,
    /// The port of its page, where that is another one.
    pub page_port: Option<u16>,
    /// The reconnection time it asks browsers for, where it can be chosen.
    pub retry: Option<Duration>,
    /// Whether other origins can be let in.
    pub takes_origins: bool,
}

impl Lesson {
    /// A lesson on one port, with no flags of its own.
    pub const fn new(name: &'static str, about: &'static str, port: u16) -> Lesson {
        Lesson { name, about, port, page_port: None, retry: None, takes_origins: false }
    }

    /// Reads the command line. `--help` prints the usage and ends the program; so does, with an
    /// error, a flag that makes no sense.
    pub fn options(&self) -> Options {
        self.parse(std::env::args().skip(1)).unwrap_or_else(|asked| match asked {
            None => {
                print(&self.usage());
                process::exit(0);
            }
            Some(error) => {
                // Nobody is left to tell if standard error is closed.
                let _ = write!(io::stderr(), "{error}\n\n{}", self.usage());
                process::exit(2);
            }
        })
    }

    /// `Err(None)` is `--help`; `Err(Some(…))` says what was wrong.
    fn parse(
        &self,
        mut arguments: impl Iterator<Item = String>,
    ) -> Result<Options, Option<String>> {
        let mut options = Options {
            host: "localhost".into(),
            port: self.port,
            page_port: self.page_port.unwrap_or(self.port),
            max_threads: Limits::default().max_threads,
            wire: false,
            retry: self.retry.unwrap_or_default(),
            origins: Vec::new(),
        };
        while let Some(argument) = arguments.next() {
            let (flag, mut attached) = match argument.split_once('=') {
                Some((flag, value)) => (flag, Some(value.to_owned())),
                None => (argument.as_str(), None),
            };
            let mut value = || {
                let value = attached.take().or_else(|| arguments.next());
                value.ok_or_else(|| format!("{flag} expects a value; came nothing"))
            };
            match flag {
                "--help" | "-h" => return Err(None),
                "--wire" => options.wire = true,
                "--host" => options.host = value()?,
                "--port" => options.port = number(flag, &value()?)?,
                "--page-port" if self.page_port.is_some() => {
                    options.page_port = number(flag, &value()?)?
                }
                "--max-threads" => options.max_threads = number(flag, &value()?)?,
                "--retry-ms" if self.retry.is_some() => {
                    options.retry = Duration::from_millis(number(flag, &value()?)?)
                }
                "--allow-origin" if self.takes_origins => options.origins.push(value()?),
                _ => return Err(Some(format!("{} does not know \"{argument}\"", self.name))),
            }
            if attached.is_some() {
                return Err(Some(format!("{flag} takes no value; came \"{argument}\"")));
            }
        }
        Ok(options)
    }

    fn usage(&self) -> String {
        let mut text = format!(
            "{}: {}\n\nUsage: cargo run --bin {} -- [flags]\n\n",
            self.name, self.about, self.name
        );
        let mut flag =
            |flag: &str, meaning: String| text.push_str(&format!("  {flag:<18} {meaning}\n"));
        flag("--host NAME", "the address to listen on (localhost: this machine only)".into());
        flag("--port N", format!("the port (default {}; 0 takes any that is free)", self.port));
        if let Some(port) = self.page_port {
            flag("--page-port N", format!("the port of the page (default {port})"));
        }
        if let Some(retry) = self.retry {
            flag(
                "--retry-ms N",
                format!("the reconnection time, in milliseconds (default {})", retry.as_millis()),
            );
        }
        if self.takes_origins {
            flag(
                "--allow-origin O",
                "an origin whose pages may read and publish, as http://localhost:8000; may be repeated".into(),
            );
        }
        flag(
            "--max-threads N",
            format!("how many connections at a time (default {})", Limits::default().max_threads),
        );
        flag("--wire", "show every byte that crosses a socket".into());
        flag("--help", "show this".into());
        text
    }
}

/// A number within the range of its type.
fn number<N: std::str::FromStr>(flag: &str, text: &str) -> Result<N, String> {
    text.parse().map_err(|_| format!("{flag} expects a number in its range; came \"{text}\""))
}

/// What the command line said.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name or address to listen on.
    pub host: String,
    /// The port of data or socket.
    pub port: u16,
    /// The port of the page.
    pub page_port: u16,
    /// How many connections at a time.
    pub max_threads: usize,
    /// Whether to show what crosses the sockets.
    pub wire: bool,
    /// The reconnection time for browsers.
    pub retry: Duration,
    /// Origins let in beside our own.
    pub origins: Vec<String>,
}

impl Options {
    /// The server these options describe.
    ///
    /// # Errors
    /// In one line: there are no threads to be had.
    pub fn server(&self) -> Result<Server, Failure> {
        self.server_with(None)
    }

    /// The same with a tap of one's own, beside the one that `--wire` asks for.
    ///
    /// # Errors
    /// As [`server`](Options::server).
    pub fn server_with(&self, tap: Option<Tap>) -> Result<Server, Failure> {
        let limits = Limits { max_threads: self.max_threads, ..Limits::default() };
        let tap = match (self.wire.then(wire::to_terminal), tap) {
            (Some(one), Some(other)) => Some(Arc::new(move |number, crossing: Crossing<'_>| {
                one(number, crossing);
                other(number, crossing);
            }) as Tap),
            (one, other) => one.or(other),
        };
        let server = Server::new(limits, tap)?;
        let bearable = server.threads().max();
        if bearable < self.max_threads {
            crate::server::log(&format!(
                "this process can bear {bearable} connections at a time; more are refused (see ulimit -n)"
            ));
        }
        Ok(server)
    }

    /// Takes the port of data or socket.
    ///
    /// # Errors
    /// In one line, with the flag that helps.
    pub fn bind<'a>(&self, server: &'a Server) -> Result<Port<'a>, Failure> {
        server
            .bind(&self.host, self.port)
            .map_err(|error| self.failure(self.port, "--port", &error))
    }

    /// Takes the port of the page.
    ///
    /// # Errors
    /// In one line, with the flag that helps.
    pub fn bind_page<'a>(&self, server: &'a Server) -> Result<Port<'a>, Failure> {
        server
            .bind(&self.host, self.page_port)
            .map_err(|error| self.failure(self.page_port, "--page-port", &error))
    }

    /// Why a port could not be taken, with the flag that helps.
    pub fn failure(&self, port: u16, flag: &str, error: &io::Error) -> Failure {
        Failure(match error.kind() {
            io::ErrorKind::AddrInUse => {
                format!("port {port} is taken; choose another with {flag}, or 0 for any")
            }
            io::ErrorKind::PermissionDenied => {
                format!("port {port} is not ours to take; choose another with {flag}")
            }
            _ => format!("no listening on {} port {port}: {error} (see --host)", self.host),
        })
    }

    /// The origin of a port, as a browser names it: `http://localhost:8080`.
    pub fn origin(&self, scheme: &str, port: &Port<'_>) -> String {
        self.origin_of(scheme, port.number)
    }

    /// The same for a port that the program listens on by itself.
    pub fn origin_of(&self, scheme: &str, port: u16) -> String {
        let host = match self.host.as_str() {
            "0.0.0.0" | "::" => "localhost".into(),
            address if address.contains(':') => format!("[{address}]"),
            name => name.to_owned(),
        };
        format!("{scheme}://{host}:{port}")
    }
}

/// A feed with a tick in it, so that whoever asks first finds one, and a thread that publishes
/// another at each full second. `tick` makes the text from the time in milliseconds since the Unix
/// epoch. The feed keeps the last `kept` ticks.
///
/// # Errors
/// There is no thread to be had.
pub fn ticks(kept: usize, tick: impl Fn(u64) -> String + Send + 'static) -> io::Result<Arc<Feed>> {
    let feed = Arc::new(Feed::new(clock::unix_millis(), kept, KEPT_BYTES));
    feed.publish(&tick(clock::unix_millis()));
    let ticking = Arc::clone(&feed);
    let each_second = move || {
        loop {
            // To the next full second, however long the last tick took: sleeping 1000 ms each time
            // would drift.
            thread::sleep(Duration::from_millis(1000 - clock::unix_millis() % 1000));
            ticking.publish(&tick(clock::unix_millis()));
        }
    };
    thread::Builder::new().name("clock".into()).spawn(each_second)?;
    Ok(feed)
}

/// After which message a reader wants to begin, by the query parameter `after`: the one it names,
/// or, where it names none, the one before the newest, so that something comes at once.
///
/// # Errors
/// What was expected and what came.
pub fn after(request: &Request, feed: &Feed) -> Result<Id, String> {
    match request.query("after").as_deref() {
        None | Some("") => Ok(feed.before_newest()),
        Some(id) => id.parse(),
    }
}

/// The answer to `POST /publish`: the body becomes a message, and the answer names its id:
/// `{"id":"1763700000000-42"}`. Who may do this is for the caller to decide.
pub fn publish(request: &Request, feed: &Feed) -> Response {
    match text_to_publish(request) {
        Ok(text) => published(feed.publish(text)),
        Err(refusal) => refusal,
    }
}

/// The text that a request to publish brings, or the answer that refuses it.
///
/// # Errors
/// The refusal.
pub fn text_to_publish(request: &Request) -> Result<&str, Response> {
    match str::from_utf8(&request.body) {
        Ok(text) if text.len() <= MAX_TEXT => Ok(text),
        Ok(text) => {
            let expected =
                format!("expected at most {MAX_TEXT} bytes of text; came {}", text.len());
            Err(Response::refusal(Status::CONTENT_TOO_LARGE, &expected))
        }
        Err(error) => Err(Response::refusal(
            Status::BAD_REQUEST,
            &format!("expected UTF-8 text; at byte {} came something else", error.valid_up_to()),
        )),
    }
}

/// The answer to whoever has published: 201 and the id of the message.
pub fn published(id: Id) -> Response {
    Response::json(Status::CREATED, format!("{{\"id\":\"{id}\"}}\n"))
        .with("Cache-Control", "no-store")
}

/// Prints text at once, also into a pipe. If nobody reads it, nobody misses it.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

/// Prints where to find something: `page  http://localhost:8000/`.
pub fn announce(what: &str, origin: &str) {
    print(&format!("{what}  {origin}/\n"));
}

/// Why a program could not start, for `main` to return.
pub struct Failure(String);

/// What else fails at the start is a thread that is not to be had.
impl From<io::Error> for Failure {
    fn from(error: io::Error) -> Failure {
        Failure(format!("no thread to be had: {error} (see ulimit -u)"))
    }
}

/// `main` shows its error with this.
impl fmt::Debug for Failure {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(lesson: &Lesson, line: &str) -> Result<Options, Option<String>> {
        lesson.parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_flag_and_its_value_may_be_two_words_or_one() {
        let lesson = Lesson { page_port: Some(8000), ..Lesson::new("polling", "", 8080) };
        for line in ["--port 0 --page-port 1 --wire", "--port=0 --page-port=1 --wire"] {
            let options = parse(&lesson, line).unwrap();
            assert_eq!((options.port, options.page_port, options.wire), (0, 1, true));
        }
        let options = parse(&lesson, "").unwrap();
        assert_eq!(
            (options.port, options.page_port, options.wire, options.host.as_str()),
            (8080, 8000, false, "localhost")
        );
    }

    #[test]
    fn what_makes_no_sense_is_an_error_that_names_it() {
        let lesson = Lesson::new("polling", "", 8080);
        for line in [
            "--porrt 1",
            "--port",
            "--port 65536",
            "--port x",
            "--page-port 1",
            "--retry-ms 1",
            "--wire=1",
            "8080",
        ] {
            let error = parse(&lesson, line).unwrap_err().unwrap();
            assert!(error.contains(line.split(['=', ' ']).next().unwrap()), "{line}: {error}");
        }
        assert_eq!(parse(&lesson, "--help").unwrap_err(), None);
    }
}
