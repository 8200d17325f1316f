//! The few commands of the book, understood without a shell.
//!
//! `cargo run` becomes the program that this test was built with; `curl` and `nc` become a few lines on top of the library's own
//! client, so that `cargo test` needs neither. With `BOOK_SHELL=1` the real ones are run instead.

use push_by_hand::connection::{Connection, Writer};
use push_by_hand::http::Response;
use push_by_hand::http::body::Body;
use std::io::{self, BufRead, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::{Duration, Instant};

/// How long anything may take before the book counts as wrong: only a fault reaches this.
const PATIENCE: Duration = Duration::from_secs(20);

/// What a command has printed so far.
#[derive(Default)]
pub struct Screen {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
    closed: bool,
    /// Ends the command from outside.
    socket: Option<Writer>,
}

impl Screen {
    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap()
    }

    /// Adds output; an error once nobody looks any more.
    fn print(&self, bytes: &[u8]) -> io::Result<()> {
        let mut state = self.lock();
        state.bytes.extend_from_slice(bytes);
        let closed = state.closed;
        drop(state);
        self.changed.notify_all();
        if closed { Err(io::ErrorKind::BrokenPipe.into()) } else { Ok(()) }
    }

    fn end(&self) {
        self.lock().ended = true;
        self.changed.notify_all();
    }

    /// Stops the command, as Ctrl-C would.
    pub fn close(&self) {
        let mut state = self.lock();
        state.closed = true;
        if let Some(socket) = state.socket.take() {
            socket.cut();
        }
    }

    /// Whether the command is over.
    pub fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// The lines so far; the last one only if its end has come.
    fn lines_of(state: &State) -> Vec<String> {
        let text = String::from_utf8_lossy(&state.bytes);
        let mut lines: Vec<String> = text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect();
        if lines.last().is_some_and(|last| last.is_empty() || !state.ended) {
            lines.pop();
        }
        lines
    }

    /// Waits until `enough` has come, the command is over, or time is; returns what there is.
    pub fn wait(&self, patience: Option<Duration>, mut enough: impl FnMut(&[String]) -> bool) -> Vec<String> {
        let wait = |state: &mut State| !state.ended && !enough(&Screen::lines_of(state));
        let (state, _) = self.changed.wait_timeout_while(self.lock(), patience.unwrap_or(PATIENCE), wait).unwrap();
        Screen::lines_of(&state)
    }

    /// Waits until nothing more comes for a while: for the refresh alone, which has nothing to compare with.
    pub fn wait_for_silence(&self) -> Vec<String> {
        let mut state = self.lock();
        loop {
            let before = state.bytes.len();
            state = self
                .changed
                .wait_timeout_while(state, Duration::from_millis(700), |now| !now.ended && now.bytes.len() == before)
                .unwrap()
                .0;
            if state.ended || state.bytes.len() == before {
                return Screen::lines_of(&state);
            }
        }
    }
}

/// What one of our stand-ins does.
type Act = dyn FnOnce(&Screen) -> io::Result<()> + Send;

/// A program of ours, or a real shell, and its screen; ended with this value.
pub struct Running {
    child: Option<Child>,
    pub screen: Arc<Screen>,
}

impl Running {
    /// Starts a process whose two outputs go to one screen, in the order in which they were written.
    pub fn process(command: &mut Command) -> Running {
        let (mut reader, writer) = io::pipe().unwrap();
        command.stdin(Stdio::null()).stdout(writer.try_clone().unwrap()).stderr(writer);
        let child = command.spawn().unwrap_or_else(|error| panic!("{command:?}: {error}"));
        // The command holds the writing ends; the pipe ends when the process does.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        let running = Running { child: Some(child), screen: Arc::default() };
        let screen = Arc::clone(&running.screen);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = reader.read(&mut bytes) {
                let _ = screen.print(&bytes[..n]);
            }
            screen.end();
        });
        running
    }

    /// Starts one of our own stand-ins.
    fn thread(act: Box<Act>) -> Running {
        let running = Running { child: None, screen: Arc::default() };
        let screen = Arc::clone(&running.screen);
        thread::spawn(move || {
            let outcome = act(&screen);
            if let Err(error) = outcome.as_ref().map_err(io::Error::to_string) {
                let closed = screen.lock().closed;
                if !closed {
                    let _ = screen.print(format!("({error})\n").as_bytes());
                }
            }
            screen.end();
        });
        running
    }

    /// Starts a command that is no `cargo run`.
    pub fn command(text: &str) -> Result<Running, String> {
        let words = words(text)?;
        let parts: Vec<&[String]> = words.split(|word| word == "|").collect();
        let known: Box<Act> = match parts.as_slice() {
            [[curl, arguments @ ..]] if curl == "curl" => {
                let curl = Curl::new(arguments)?;
                Box::new(move |screen| curl.run(screen))
            }
            [[printf, text], [nc, host, port]] if printf == "printf" && nc == "nc" => {
                let (bytes, address) = (unescape(text)?, format!("{host}:{port}"));
                Box::new(move |screen| netcat(&bytes, &address, screen))
            }
            _ => return Err("the test understands cargo run, curl and printf | nc; this is none of them".into()),
        };
        if std::env::var_os("BOOK_SHELL").is_none() {
            return Ok(Running::thread(known));
        }
        Ok(Running::process(Command::new("sh").args(["-c", text]).env("no_proxy", "localhost")))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        self.screen.close();
        if let Some(child) = &mut self.child {
            // Either may fail only if it has ended already.
            let _ = child.kill();
            let _ = child.wait();
        }
    }
}

/// A command line as words: quotes of both kinds, and `|` as a word of its own.
pub fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let inner: String = chars.by_ref().take_while(|&inner| inner != c).collect();
                if c == '"' && inner.contains(['$', '`', '\\']) {
                    return Err(format!("double quotes around {inner}: use single ones"));
                }
                word.get_or_insert_default().push_str(&inner);
            }
            ' ' => words.extend(word.take()),
            '|' => {
                words.extend(word.take());
                words.push("|".into());
            }
            '$' | '`' | '&' | ';' | '<' | '>' | '*' | '?' | '(' | ')' | '\\' => {
                return Err(format!("a bare {c} means something to a shell"));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// What `printf` makes of a text.
fn unescape(text: &str) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' || c == '%' { chars.next() } else { None }) {
            ('\\', Some('r')) => bytes.push(b'\r'),
            ('\\', Some('n')) => bytes.push(b'\n'),
            ('\\', Some('\\')) => bytes.push(b'\\'),
            ('%', Some('%')) => bytes.push(b'%'),
            ('\\' | '%', other) => return Err(format!("printf and {c}{}", other.unwrap_or_default())),
            (c, _) => bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes()),
        }
    }
    Ok(bytes)
}

/// `nc HOST PORT`: sends what it is given, prints what comes until the other side closes.
fn netcat(bytes: &[u8], address: &str, screen: &Screen) -> io::Result<()> {
    let mut connection = Connection::connect(address, PATIENCE)?;
    screen.lock().socket = Some(connection.writer());
    connection.set_deadline(Instant::now() + PATIENCE);
    connection.writer().write(|out| out.extend_from_slice(bytes))?;
    loop {
        let n = match connection.fill_buf() {
            Ok([]) => return Ok(()),
            Ok(came) => {
                screen.print(came)?;
                came.len()
            }
            Err(error) => return Err(error),
        };
        connection.consume(n);
    }
}

/// As much of `curl` as the book uses.
struct Curl {
    urls: Vec<String>,
    method: Option<String>,
    fields: Vec<String>,
    data: Option<String>,
    show_head: bool,
    head_only: bool,
    raw: bool,
    version: &'static str,
    max_time: Option<Duration>,
    /// How many bodies are not printed: as many as there are `-o`, one for each URL.
    discarded: usize,
    report: Option<String>,
    agent: String,
}

impl Curl {
    fn new(arguments: &[String]) -> Result<Curl, String> {
        let (urls, fields, version) = (Vec::new(), Vec::new(), "HTTP/1.1");
        let (method, data, report, max_time) = (None, None, None, None);
        let (show_head, head_only, raw, discarded) = (false, false, false, 0);
        let agent = String::from("curl/8.14.1");
        let mut curl =
            Curl { agent, urls, method, fields, data, show_head, head_only, raw, version, max_time, discarded, report };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let Some(letters) = argument.strip_prefix('-') else {
                curl.urls.push(argument.clone());
                continue;
            };
            let mut value = || arguments.next().cloned().ok_or_else(|| format!("curl {argument} needs a value"));
            match letters {
                "d" => curl.data = Some(value()?),
                "H" => curl.fields.push(value()?),
                "A" => curl.agent = value()?,
                "X" => curl.method = Some(value()?),
                "w" => curl.report = Some(value()?),
                "o" if value()? == "/dev/null" => curl.discarded += 1,
                "-max-time" => curl.max_time = value()?.parse().ok().map(Duration::from_secs),
                "-http1.0" => curl.version = "HTTP/1.0",
                "-raw" => curl.raw = true,
                letters => {
                    for letter in letters.chars() {
                        match letter {
                            'i' => curl.show_head = true,
                            'I' => (curl.show_head, curl.head_only) = (true, true),
                            's' | 'S' | 'N' => {}
                            _ => return Err(format!("the test does not know curl {argument}")),
                        }
                    }
                }
            }
        }
        if curl.urls.is_empty() { Err("curl needs a URL".into()) } else { Ok(curl) }
    }

    fn run(&self, screen: &Screen) -> io::Result<()> {
        let mut open: Option<(String, Connection)> = None;
        for (n, url) in self.urls.iter().enumerate() {
            let wrong = || io::Error::new(io::ErrorKind::InvalidInput, format!("no URL: {url}"));
            let rest = url.strip_prefix("http://").ok_or_else(wrong)?;
            let (authority, target) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
            let target = if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
            // One connection is used for all URLs of one host, as far as it stays open.
            let again = open.take().filter(|(to, _)| to == authority);
            let connects = usize::from(again.is_none());
            let connection = match again {
                Some((_, connection)) => connection,
                None => Connection::connect(authority, PATIENCE)?,
            };
            screen.lock().socket = Some(connection.writer());
            open = self
                .exchange(connection, authority, &target, (connects, n < self.discarded), screen)?
                .map(|connection| (authority.to_owned(), connection));
        }
        Ok(())
    }

    /// One request and its answer; gives the connection back if it stays open.
    fn exchange(
        &self,
        mut connection: Connection,
        authority: &str,
        target: &str,
        (connects, discard): (usize, bool),
        screen: &Screen,
    ) -> io::Result<Option<Connection>> {
        connection.set_deadline(Instant::now() + self.max_time.unwrap_or(PATIENCE));
        let usual = if self.head_only {
            "HEAD"
        } else if self.data.is_some() {
            "POST"
        } else {
            "GET"
        };
        let method = self.method.as_deref().unwrap_or(usual);
        let mut head =
            format!("{method} {target} {}\r\nHost: {authority}\r\nUser-Agent: {}\r\nAccept: */*\r\n", self.version, self.agent);
        self.fields.iter().filter(|field| !field.ends_with(':')).for_each(|field| head.push_str(&format!("{field}\r\n")));
        for left_out in self.fields.iter().filter(|field| field.ends_with(':')) {
            let kept = head.split_inclusive("\r\n").filter(|line| !line.to_lowercase().starts_with(&left_out.to_lowercase()));
            head = kept.collect();
        }
        if let Some(data) = &self.data {
            head.push_str(&format!("Content-Length: {}\r\n", data.len()));
            if !self.fields.iter().any(|field| field.to_lowercase().starts_with("content-type:")) {
                head.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            }
        }
        head.push_str("\r\n");
        connection.writer().write(|out| {
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(self.data.as_deref().unwrap_or_default().as_bytes());
        })?;
        let mut raw = Vec::new();
        while !raw.ends_with(b"\r\n\r\n") {
            if connection.read_until(b'\n', &mut raw)? == 0 {
                return Err(io::Error::new(io::ErrorKind::UnexpectedEof, "curl: (52) Empty reply from server"));
            }
        }
        if self.show_head {
            screen.print(&raw)?;
        }
        let (response, framing) = Response::read_head_from(&mut raw.as_slice(), method == "HEAD")?;
        let persistent = self.version == "HTTP/1.1" && !response.fields.contains_token("connection", "close");
        let mut downloaded = 0;
        let outcome = if self.raw {
            copy(&mut connection, discard, &mut downloaded, screen)
        } else {
            copy(&mut Body::new(&mut connection, framing), discard, &mut downloaded, screen)
        };
        let late = |error: &io::Error| self.max_time.is_some() && error.kind() == io::ErrorKind::TimedOut;
        outcome.or_else(|error| if late(&error) { Ok(()) } else { Err(error) })?;
        if let Some(report) = &self.report {
            let mut text = report.replace("\\n", "\n");
            for (name, value) in [
                ("size_request", head.len()),
                ("size_upload", self.data.as_ref().map_or(0, String::len)),
                ("size_header", raw.len()),
                ("size_download", downloaded),
                ("http_code", response.status.code().into()),
                ("num_connects", connects),
            ] {
                text = text.replace(&format!("%{{{name}}}"), &value.to_string());
            }
            screen.print(text.as_bytes())?;
        }
        Ok(persistent.then_some(connection))
    }
}

/// Prints what a reader brings as it comes, and counts it.
fn copy(reader: &mut impl BufRead, discard: bool, downloaded: &mut usize, screen: &Screen) -> io::Result<()> {
    loop {
        let came = reader.fill_buf()?;
        if came.is_empty() {
            return Ok(());
        }
        let n = came.len();
        screen.print(if discard { b"" } else { came })?;
        *downloaded += n;
        reader.consume(n);
    }
}

#[test]
fn a_command_line_is_cut_into_words_as_a_shell_would() {
    let cut = words("curl -H 'A: b c' http://localhost:8080/x | nc \"a b\"").unwrap();
    assert_eq!(cut, ["curl", "-H", "A: b c", "http://localhost:8080/x", "|", "nc", "a b"]);
    for refused in ["curl http://localhost/?a=1&b=2", "rm -rf *", "echo $HOME", "a; b"] {
        assert!(words(refused).is_err(), "{refused}");
    }
    assert_eq!(unescape("GET / HTTP/1.1\\r\\n\\r\\n100%%").unwrap(), b"GET / HTTP/1.1\r\n\r\n100%");
    assert!(Running::command("ls -l").is_err());
    assert!(Running::command("curl --upload-file x http://localhost/").is_err());
}
