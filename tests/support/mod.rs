//! What the tests share: a program of ours that runs until the test is over, and the far end of a
//! connection to it.
//!
//! ```ignore
//! mod support;
//! use support::{Client, Program};
//!
//! let program = Program::start(env!("CARGO_BIN_EXE_polling"), &["--port", "0", "--page-port", "0"]);
//! let mut client = Client::connect(program.port("data"));
//! client.send("GET / HTTP/1.1\r\nHost: localhost\r\n\r\n");
//! assert_eq!(client.response().status, Status::OK);
//! ```
//!
//! Every wait here has a deadline, [`PATIENCE`], which only a fault reaches: no test measures with
//! it.

#![allow(dead_code)] // Each test program uses a part of this.
#![allow(clippy::unwrap_used)] // A test that panics has found something.

pub mod frames;
pub mod process;

use process::{Output, Process};
use push_by_hand::http::Response;
use push_by_hand::http::body::Body;
use push_by_hand::terminal::visible;
use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before the test is given up: long enough for a machine that does ten
/// other things.
pub const PATIENCE: Duration = Duration::from_secs(30);

/// The longest body that [`Client::response`] reads, in bytes.
const LONGEST_BODY: usize = 64 * 1024 * 1024;

/// One of our programs. It is killed when this value goes.
pub struct Program(Process);

impl Program {
    /// Starts a program (`env!("CARGO_BIN_EXE_polling")`) with these flags. Give `--port 0`, so
    /// that tests can run side by side.
    pub fn start(program: &str, flags: &[&str]) -> Program {
        Program::run(Command::new(program).args(flags).env_remove("COLUMNS"))
    }

    /// The same for a command that needs more than flags: a limit of the shell, a variable of the
    /// environment.
    pub fn run(command: &mut Command) -> Program {
        let process = Process::start(command);
        Program(process.unwrap_or_else(|error| panic!("{command:?} did not start: {error}")))
    }

    /// Starts a program whose log nobody reads: what it writes there stays in the pipe, until the
    /// pipe is full.
    pub fn start_unheard(program: &str, flags: &[&str]) -> Program {
        Program(Process::start_unheard(Command::new(program).args(flags)).unwrap())
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.0.pid()
    }

    /// The URL that the program prints after this word: `url("page")` is `http://localhost:40123/`.
    /// Waits for the line.
    pub fn url(&self, what: &str) -> String {
        self.0.url(what, PATIENCE).unwrap_or_else(|| self.missing(&format!("a URL after {what}")))
    }

    /// The port in that URL.
    pub fn port(&self, what: &str) -> u16 {
        let url = self.url(what);
        let port = url.trim_end_matches('/').rsplit(':').next().and_then(|port| port.parse().ok());
        port.unwrap_or_else(|| panic!("a port in \"{url}\""))
    }

    /// The first line of the log (standard error) that holds this text. Waits for it.
    pub fn log_line(&self, text: &str) -> String {
        self.line_of(&self.0.log, text)
    }

    /// The first line of standard output that holds this text. Waits for it.
    pub fn output_line(&self, text: &str) -> String {
        self.line_of(&self.0.output, text)
    }

    fn line_of(&self, output: &Output, text: &str) -> String {
        let line = |lines: &[String]| lines.iter().find(|line| line.contains(text)).cloned();
        output.wait_for(PATIENCE, line).unwrap_or_else(|| self.missing(text))
    }

    fn missing(&self, what: &str) -> ! {
        panic!("{what:?} did not come.\nOutput: {:#?}\nLog: {:#?}", self.output(), self.log())
    }

    /// The log so far.
    pub fn log(&self) -> Vec<String> {
        self.0.log.lines()
    }

    /// Standard output so far.
    pub fn output(&self) -> Vec<String> {
        self.0.output.lines()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        self.0.is_running()
    }

    /// Waits until it ends by itself; returns its exit code (`None` after a signal) and all it
    /// wrote: standard output, standard error.
    pub fn wait_for_end(mut self) -> (Option<i32>, String, String) {
        for output in [&self.0.output, &self.0.log] {
            assert!(output.wait_for_end(PATIENCE), "it went on: {:#?}", output.lines());
        }
        (self.0.wait(), self.output().join("\n"), self.log().join("\n"))
    }

    /// How many threads it has, the main one among them (Linux).
    pub fn threads(&self) -> usize {
        usize::try_from(self.status("Threads:")).unwrap()
    }

    /// Its resident memory, in KiB (Linux).
    pub fn resident_kib(&self) -> u64 {
        self.status("VmRSS:")
    }

    /// How many files it has open, sockets among them (Linux).
    pub fn open_files(&self) -> usize {
        let path = format!("/proc/{}/fd", self.pid());
        std::fs::read_dir(&path)
            .unwrap_or_else(|error| panic!("{path}: {error}; this needs Linux"))
            .count()
    }

    fn status(&self, name: &str) -> u64 {
        self.0.status(name).unwrap_or_else(|| panic!("no {name}; this needs Linux"))
    }
}

/// The client's end of a connection: sends any bytes, reads what comes as bytes or as HTTP.
///
/// It is a `BufRead` too, and so is the body that [`Client::response_in_parts`] hands over: every
/// reader of the library takes them, as in `EventReader::new(body, "")`.
pub struct Client {
    reader: BufReader<TcpStream>,
}

impl Client {
    /// Connects to a port of this machine.
    pub fn connect(port: u16) -> Client {
        Client::try_connect(port)
            .unwrap_or_else(|error| panic!("no connection to port {port}: {error}"))
    }

    /// The same where a failure is an answer.
    pub fn try_connect(port: u16) -> io::Result<Client> {
        let stream = TcpStream::connect_timeout(&([127, 0, 0, 1], port).into(), PATIENCE)?;
        stream.set_nodelay(true)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_write_timeout(Some(PATIENCE))?;
        Ok(Client { reader: BufReader::new(stream) })
    }

    /// The socket, for what else there is to do with it.
    pub fn stream(&self) -> &TcpStream {
        self.reader.get_ref()
    }

    /// Sends these bytes as they are, in one `write` if the system lets them through.
    pub fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.try_send(bytes).expect("the peer reads")
    }

    /// The same where a failure is an answer.
    pub fn try_send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.stream().write_all(bytes.as_ref())
    }

    /// Says that no more will be sent; what the peer sends can still be read.
    pub fn end_sending(&mut self) {
        self.stream().shutdown(Shutdown::Write).expect("the socket is open")
    }

    /// Sends a request without a body, with the fields that a client of ours always sends and these
    /// lines beside them (`"Connection: close\r\n"`).
    pub fn ask(&mut self, method: &str, target: &str, fields: &str) {
        self.send(format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\n{fields}\r\n"));
    }

    /// Reads one whole response; interim ones (1xx) are passed over.
    pub fn response(&mut self) -> Response {
        Response::read_from(&mut self.reader, false, LONGEST_BODY).expect("a whole response")
    }

    /// Reads the response to a HEAD request: there is no body, whatever its fields say.
    pub fn response_to_head(&mut self) -> Response {
        Response::read_from(&mut self.reader, true, LONGEST_BODY).expect("a whole response")
    }

    /// Asks with GET and reads the response.
    pub fn get(&mut self, target: &str, fields: &str) -> Response {
        self.ask("GET", target, fields);
        self.response()
    }

    /// Reads the head of a response, and hands over its body to be read as it comes.
    pub fn response_in_parts(&mut self) -> (Response, Body<&mut BufReader<TcpStream>>) {
        let (head, framing) =
            Response::read_head_from(&mut self.reader, false).expect("the head of a response");
        (head, Body::new(&mut self.reader, framing))
    }

    /// Reads up to and including this text, as bytes.
    pub fn read_through(&mut self, text: &str) -> Vec<u8> {
        let mut bytes = Vec::new();
        while !bytes.ends_with(text.as_bytes()) {
            let mut byte = [0];
            let read = self.reader.read_exact(&mut byte);
            read.unwrap_or_else(|error| {
                panic!("no {text:?} came: {error}; but \"{}\"", bytes.escape_ascii())
            });
            bytes.push(byte[0]);
        }
        bytes
    }

    /// Reads all that comes until the peer closes.
    pub fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        let read = self.reader.read_to_end(&mut bytes);
        read.unwrap_or_else(|error| {
            panic!("no orderly end: {error}; after \"{}\"", bytes.escape_ascii())
        });
        bytes
    }

    /// Reads all that comes until the peer closes or is gone; a reset is an end like any other
    /// here.
    pub fn rest_until_gone(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        if let Err(error) = self.reader.read_to_end(&mut bytes) {
            let gone =
                matches!(error.kind(), io::ErrorKind::ConnectionReset | io::ErrorKind::BrokenPipe);
            assert!(gone, "no end: {error}; after \"{}\"", bytes.escape_ascii());
        }
        bytes
    }
}

impl Read for Client {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        self.reader.read(out)
    }
}

impl BufRead for Client {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        self.reader.fill_buf()
    }

    fn consume(&mut self, n: usize) {
        self.reader.consume(n)
    }
}

/// One request on a connection of its own, and its response.
pub fn get(port: u16, target: &str) -> Response {
    Client::connect(port).get(target, "Connection: close\r\n")
}

/// The same with a method, more field lines and a body.
pub fn request(port: u16, method: &str, target: &str, fields: &str, body: &str) -> Response {
    let mut client = Client::connect(port);
    let length =
        if body.is_empty() { String::new() } else { format!("Content-Length: {}\r\n", body.len()) };
    client.send(format!("{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n{length}{fields}\r\n{body}"));
    if method == "HEAD" { client.response_to_head() } else { client.response() }
}

/// The body as text.
pub fn text(response: &Response) -> &str {
    str::from_utf8(&response.body).expect("text in UTF-8")
}

/// The first character of a text that a terminal would obey, or would not show.
pub fn obeyed(text: &str) -> Option<char> {
    text.chars().find(|c| !['\n', '\\'].contains(c) && visible(c.to_string()) != c.to_string())
}

/// Looks again and again until it is so. For what nobody can be told of: the number of another
/// process's threads.
pub fn eventually(what: &str, mut is_so: impl FnMut() -> bool) {
    let deadline = Instant::now() + PATIENCE;
    while !is_so() {
        assert!(Instant::now() < deadline, "never came true: {what}");
        thread::sleep(Duration::from_millis(10));
    }
}

/// Reads one chunk of a body in the chunked coding; an empty one is the last.
pub fn chunk(client: &mut Client) -> Vec<u8> {
    let line = client.read_through("\r\n");
    let size = str::from_utf8(&line[..line.len() - 2])
        .ok()
        .and_then(|digits| usize::from_str_radix(digits, 16).ok());
    let size =
        size.unwrap_or_else(|| panic!("expected a chunk size; came \"{}\"", line.escape_ascii()));
    let mut data = vec![0; size + 2];
    client.read_exact(&mut data).expect("the whole chunk");
    assert_eq!(data.split_off(size), b"\r\n", "the end of a chunk of {size}");
    data
}

/// Every string of this name in a piece of JSON of ours, in order: `values(r#"{"id":"7-1"}"#,
/// "id")` is `["7-1"]`.
pub fn values<'a>(json: &'a str, name: &str) -> Vec<&'a str> {
    let begin = format!("\"{name}\":\"");
    let value = |rest: &'a str| rest.split_once('"').expect("a string ends").0;
    json.split(&begin).skip(1).map(value).collect()
}

/// The run and the number in an id: `1763700000000-42`.
pub fn id(text: &str) -> (u64, u64) {
    let parts = text
        .split_once('-')
        .and_then(|(epoch, seq)| Some((epoch.parse().ok()?, seq.parse().ok()?)));
    parts.unwrap_or_else(|| panic!("expected an id; came \"{text}\""))
}

/// Whether this is a time of day as ours are written: `07:20:01`.
pub fn is_time_of_day(text: &str) -> bool {
    text.len() == 8
        && text
            .bytes()
            .enumerate()
            .all(|(i, byte)| if i % 3 == 2 { byte == b':' } else { byte.is_ascii_digit() })
}

/// How many of a program's threads have a connection, or have had one a moment ago (Linux).
pub fn connections(program: &Program) -> usize {
    threads_named(program, "connection")
}

/// How many of a program's threads have this name (Linux).
pub fn threads_named(program: &Program, wanted: &str) -> usize {
    let tasks = format!("/proc/{}/task", program.pid());
    let tasks = std::fs::read_dir(&tasks)
        .unwrap_or_else(|error| panic!("{tasks}: {error}; this needs Linux"));
    // A thread may end between the listing and the look at its name.
    let name = |task: io::Result<std::fs::DirEntry>| {
        std::fs::read_to_string(task.ok()?.path().join("comm")).ok()
    };
    tasks.filter_map(name).filter(|name| name.trim_end() == wanted).count()
}
