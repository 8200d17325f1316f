//! What the lessons' programs share: their flags, their ports, and the first lines they print.
//!
//! Stands at the top, between the library and `src/bin/`: a lesson says what it is in a constant,
//! and gets on with its subject. Beside this file: `feed`, what the lessons do with theirs.

mod feed;

pub use feed::{MAX_TEXT, after, publish, published, refuse_coded, text_to_publish, ticks};

use crate::arguments::{Arguments, Usage};
use crate::connection::{Crossing, Tap};
use crate::cors::{Cors, parse_origin};
use crate::http::is_authority;
use crate::server::{Limits, Port, Server, log};
use crate::terminal::{print, visible};
use crate::wire;
use std::fmt;
use std::io;
use std::iter;
use std::net::UdpSocket;
use std::path::Path;
use std::sync::Arc;

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
    /// The flags that it has alone, each with its value (`--to HOST`) and what it says.
    pub own: &'static [(&'static str, &'static str)],
}

impl Lesson {
    /// A lesson on one port, with no flags of its own.
    pub const fn new(name: &'static str, about: &'static str, port: u16) -> Lesson {
        Lesson { name, about, port, page_port: None, own: &[] }
    }

    /// Reads the command line. `--help` prints the usage and ends the program; so does, with an
    /// error, a flag that makes no sense.
    pub fn options(&self) -> Options {
        let usage = self.usage();
        self.understand(&usage.read()).unwrap_or_else(|error| usage.fail(&error))
    }

    /// Ends the program with an error about one of its own flags, and the usage.
    pub fn fail(&self, error: &str) -> ! {
        self.usage().fail(error)
    }

    fn usage(&self) -> Usage {
        let own = self.own.iter().map(|&(flag, meaning)| (flag, meaning.to_owned()));
        let mut flags: Vec<_> = own.collect();
        flags.extend([
            ("--host NAME", "where to listen (localhost: this machine only)".into()),
            ("--allow-host NAME", "another name it answers to; may be repeated".into()),
            ("--allow-origin O", "its pages may read and publish; may be repeated".into()),
            ("--port N", format!("the port (default {}; 0 takes any that is free)", self.port)),
        ]);
        if let Some(port) = self.page_port {
            flags.push(("--page-port N", format!("the port of the page (default {port})")));
        }
        let most = Limits::default().max_threads;
        flags.push(("--max-threads N", format!("connections at a time (default {most})")));
        flags.push(("--wire", "show every byte that crosses a socket".into()));
        let synopsis = format!("--bin {} -- [flags]", self.name);
        Usage { name: self.name, about: self.about, synopsis, flags, operands: 0 }
    }

    fn understand(&self, arguments: &Arguments) -> Result<Options, String> {
        let owned = |flag| arguments.all(flag).map(str::to_owned).collect::<Vec<_>>();
        let max_threads = arguments.number("--max-threads", Limits::default().max_threads)?;
        if max_threads == 0 {
            return Err("--max-threads expects one thread or more; came 0".into());
        }
        let hosts = owned("--allow-host");
        let is_host = |host: &str| is_authority(host) && !host.contains('*');
        if let Some(wrong) = hosts.iter().find(|host| !is_host(host)) {
            let came = visible(wrong);
            return Err(format!(
                "--allow-host expects a name such as hub.example; came \"{came}\""
            ));
        }
        let origins = arguments.all("--allow-origin").map(parse_origin).collect::<Result<_, _>>();
        Ok(Options {
            host: owned("--host").pop().unwrap_or_else(|| "localhost".into()),
            hosts,
            port: arguments.number("--port", self.port)?,
            page_port: arguments.number("--page-port", self.page_port.unwrap_or(self.port))?,
            max_threads,
            wire: arguments.has("--wire"),
            origins: origins.map_err(|error| format!("--allow-origin expects {error}"))?,
            arguments: arguments.clone(),
        })
    }
}

/// What the command line said.
#[derive(Clone, Debug)]
pub struct Options {
    /// The name or address to listen on.
    pub host: String,
    /// Names that a request may call this server by, beside loopback names and `host`.
    pub hosts: Vec<String>,
    /// The port of data or socket.
    pub port: u16,
    /// The port of the page.
    pub page_port: u16,
    /// How many connections at a time.
    pub max_threads: usize,
    /// Whether to show what crosses the sockets.
    pub wire: bool,
    /// Origins let in beside our own.
    pub origins: Vec<String>,
    /// All of it, for the lesson's own flags.
    pub arguments: Arguments,
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
            log(&format!(
                "this process can bear {bearable} connections at a time; more are refused (see \
                 ulimit -n and -v)"
            ));
        }
        Ok(server)
    }

    /// Takes the port of data or socket.
    ///
    /// # Errors
    /// In one line, with the flag that helps.
    pub fn bind<'a>(&self, server: &'a Server) -> Result<Port<'a>, Failure> {
        self.bind_as(server, self.port, "--port")
    }

    /// Takes the port of the page.
    ///
    /// # Errors
    /// In one line, with the flag that helps.
    pub fn bind_page<'a>(&self, server: &'a Server) -> Result<Port<'a>, Failure> {
        self.bind_as(server, self.page_port, "--page-port")
    }

    fn bind_as<'a>(&self, server: &'a Server, port: u16, flag: &str) -> Result<Port<'a>, Failure> {
        let mut bound =
            server.bind(&self.host, port).map_err(|error| self.failure(port, flag, &error))?;
        self.hosts.iter().for_each(|name| bound.names.add(name));
        bound.cors = Some(Cors {
            origins: self.origins.clone(),
            methods: "GET, HEAD, POST",
            request_fields: "Content-Type, Last-Event-ID",
            response_fields: "",
        });
        Ok(bound)
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

    /// The origins whose pages may open a socket: those of the port of the page, which may also be
    /// opened by its address, and those that were let in.
    pub fn socket_origins(&self, page: &Port<'_>) -> Vec<String> {
        let addresses = ["127.0.0.1", "[::1]"].map(|host| format!("http://{host}:{}", page.number));
        let own = iter::once(self.origin("http", page)).chain(addresses);
        own.chain(self.origins.iter().cloned()).collect()
    }

    /// The origin of a port, as a browser names it: `http://localhost:8080`. A server that listens
    /// on every address has one that other machines can use.
    pub fn origin(&self, scheme: &str, port: &Port<'_>) -> String {
        self.origin_of(scheme, port.number)
    }

    /// The same for a port that the program listens on by itself.
    pub fn origin_of(&self, scheme: &str, port: u16) -> String {
        let host = match self.host.as_str() {
            any @ ("0.0.0.0" | "::") => own_address(any).unwrap_or_else(|| "localhost".into()),
            name => name.to_owned(),
        };
        let host = if host.contains(':') { format!("[{host}]") } else { host };
        format!("{scheme}://{host}:{port}")
    }

    /// Prints, behind the addresses, what to do next: the chapter to read, a command to try. Says
    /// who may come in, where that is more than this machine.
    pub fn what_next(&self, name: &str, command: &str) {
        let chapter = chapter(name).unwrap_or_else(|| "docs/README.md".into());
        print(&format!("read  {chapter}\ntry   {command}\nstop  Ctrl-C\n"));
        let local = ["localhost", "127.0.0.1", "::1"].contains(&self.host.as_str());
        if !local {
            log("anyone who reaches this machine over the network may now read and publish");
        }
    }
}

/// The address by which other machines reach this one: the one that a way to the outside would
/// begin at. Nothing is sent: a UDP socket that connects only asks the kernel for the way.
fn own_address(any: &str) -> Option<String> {
    let outside = if any == "::" { "[2001:db8::1]:9" } else { "192.0.2.1:9" };
    let socket = UdpSocket::bind((any, 0)).ok()?;
    socket.connect(outside).ok()?;
    Some(socket.local_addr().ok()?.ip().to_string())
}

/// The chapter of a program: `docs/02-polling.md`.
fn chapter(name: &str) -> Option<String> {
    let files = Path::new(env!("CARGO_MANIFEST_DIR")).join("docs").read_dir().ok()?;
    let mut names = files.flatten().map(|file| file.file_name().to_string_lossy().into_owned());
    names.find(|file| file.ends_with(&format!("-{name}.md"))).map(|file| format!("docs/{file}"))
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
        Failure(format!("no thread to be had: {error} (see ulimit -u and ulimit -v)"))
    }
}

/// In one line: what was expected and what came.
impl From<String> for Failure {
    fn from(why: String) -> Failure {
        Failure(why)
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

    fn options(lesson: &Lesson, line: &str) -> Result<Options, String> {
        let words = line.split_whitespace().map(str::to_owned);
        lesson.understand(&lesson.usage().parse(words)?.unwrap())
    }

    #[test]
    fn a_lesson_takes_the_flags_that_it_has() {
        let lesson = Lesson { page_port: Some(8000), ..Lesson::new("polling", "", 8080) };
        let given = options(&lesson, "--port 0 --page-port=1 --wire --allow-host a --allow-host b");
        let given = given.unwrap();
        assert_eq!((given.port, given.page_port, given.wire), (0, 1, true));
        assert_eq!(given.hosts, ["a", "b"]);
        let given = options(&lesson, "").unwrap();
        assert_eq!(
            (given.port, given.page_port, given.wire, given.host.as_str()),
            (8080, 8000, false, "localhost")
        );
    }

    #[test]
    fn what_makes_no_sense_is_an_error_that_names_it() {
        let lesson = Lesson::new("polling", "", 8080);
        for line in [
            "--port 65536",
            "--port x",
            "--page-port 1",
            "--retry-ms 1",
            "--allow-origin foo",
            "--allow-host http://hub.example",
            "--max-threads 0",
            "--max-threads -1",
            "8080",
        ] {
            let error = options(&lesson, line).unwrap_err();
            assert!(error.contains(line.split(['=', ' ']).next().unwrap()), "{line}: {error}");
        }
        for (line, error) in [
            ("--port 65536", "--port expects a number; came \"65536\": number too large"),
            ("--port x", "--port expects a number; came \"x\": invalid digit"),
        ] {
            assert!(options(&lesson, line).unwrap_err().starts_with(error), "{line}");
        }
    }
}
