//! The few commands of the book, understood without a shell.
//!
//! `cargo run` becomes the program that this test was built with; `curl` and `nc` become a few
//! lines on top of the library's own client, and `printf`, `cat`, `tail`, `od` and `wc` a few more,
//! so that `cargo test` needs none of them. With `BOOK_SHELL=1` the real ones are run instead.

use push_by_hand::connection::{Connection, Writer};
use push_by_hand::http::Response;
use push_by_hand::http::body::Body;
use std::collections::BTreeMap;
use std::io::{self, BufRead, Read, Write};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

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
        let mut lines: Vec<String> =
            text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect();
        if lines.last().is_some_and(|last| last.is_empty() || !state.ended) {
            lines.pop();
        }
        lines
    }

    /// Waits until `enough` has come, the command is over, or time is; returns what there is.
    pub fn wait(
        &self,
        patience: Option<Duration>,
        mut enough: impl FnMut(&[String]) -> bool,
    ) -> Vec<String> {
        let wait = |state: &mut State| !state.ended && !enough(&Screen::lines_of(state));
        let (state, _) = self
            .changed
            .wait_timeout_while(self.lock(), patience.unwrap_or(PATIENCE), wait)
            .unwrap();
        Screen::lines_of(&state)
    }

    /// Waits until nothing more comes for a while: for the refresh alone, which has nothing to
    /// compare with.
    pub fn wait_for_silence(&self) -> Vec<String> {
        let mut state = self.lock();
        loop {
            let before = state.bytes.len();
            state = self
                .changed
                .wait_timeout_while(state, Duration::from_millis(700), |now| {
                    !now.ended && now.bytes.len() == before
                })
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
    /// Starts a process whose two outputs go to one screen, in the order in which they were
    /// written.
    pub fn process(command: &mut Command) -> Running {
        Running::spawn(command, Stdio::null())
    }

    /// The same for a program that reads: what stands before it in the pipe, or a keyboard on which
    /// nobody types.
    fn reading(command: &mut Command, input: Option<Vec<u8>>) -> Running {
        let mut running = Running::spawn(command, Stdio::piped());
        if let (Some(bytes), Some(child)) = (input, &mut running.child) {
            // A program that has given up already reads nothing.
            let _ = child.stdin.take().unwrap().write_all(&bytes);
        }
        running
    }

    fn spawn(command: &mut Command, input: Stdio) -> Running {
        let (mut reader, writer) = io::pipe().unwrap();
        command.stdin(input).stdout(writer.try_clone().unwrap()).stderr(writer);
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

    /// Starts a command that is no server: a pipe of the few programs that the book uses.
    /// `programs` is where ours lie, `files` is what the book has written.
    pub fn command(
        text: &str,
        programs: &Path,
        files: &mut BTreeMap<String, Vec<u8>>,
    ) -> Result<Running, String> {
        let words = words(text)?;
        let mut parts: Vec<&[String]> = words.split(|word| word == "|").collect();
        // What is known before anything runs: the text that is printed, and files.
        let mut input = None;
        while let Some(known) =
            parts.first().and_then(|part| known_bytes(part, input.as_deref(), files))
        {
            input = Some(known?);
            parts.remove(0);
        }
        let live = parts
            .iter()
            .take_while(|part| {
                input.is_none() || ["nc", "cargo"].iter().any(|name| part[0] == *name)
            })
            .count();
        let mut parts = parts.into_iter();
        let first = if live > 0 { parts.next().unwrap_or_default() } else { &[] };
        let act: Box<Act> = match (first, input) {
            ([], Some(bytes)) => Box::new(move |screen| screen.print(&bytes)),
            ([curl, arguments @ ..], None) if curl == "curl" => {
                let curl = Curl::new(arguments)?;
                Box::new(move |screen| curl.run(screen))
            }
            ([nc, host, port], Some(bytes)) if nc == "nc" => {
                let address = format!("{host}:{port}");
                Box::new(move |screen| netcat(&bytes, &address, screen))
            }
            ([cargo, run, bin, name, rest @ ..], input) if cargo == "cargo" && run == "run" && bin == "--bin" => {
                let arguments = rest.iter().skip_while(|word| *word == "--");
                return match parts.next() {
                    None => Ok(Running::reading(Command::new(programs.join(name)).args(arguments), input)),
                    Some(_) => Err(format!("the test does not know what to do behind {name}")),
                };
            }
            _ => return Err("the test understands cargo run, curl, and pipes of printf, cat, nc, tail, od and wc".into()),
        };
        let filters = parts.map(filter).collect::<Result<Vec<_>, _>>()?;
        if std::env::var_os("BOOK_SHELL").is_some() {
            // Each document has a thread of its own here, and so a folder of its own: two may write
            // a file of one name.
            let folder =
                format!("target/book-{:?}", thread::current().id()).replace(['(', ')'], "");
            std::fs::create_dir_all(crate::markdown::root().join(&folder))
                .map_err(|error| format!("{folder}: {error}"))?;
            let text = text.replace("target/", &format!("{folder}/"));
            let mut shell = Command::new("sh");
            return Ok(Running::process(
                shell
                    .args(["-c", &text])
                    .env("no_proxy", "localhost")
                    .current_dir(crate::markdown::root()),
            ));
        }
        if filters.is_empty() {
            return Ok(Running::thread(act));
        }
        Ok(Running::thread(Box::new(move |screen| {
            let whole = Screen::default();
            act(&whole)?;
            let bytes = std::mem::take(&mut whole.lock().bytes);
            screen.print(&filters.iter().fold(bytes, |bytes, filter| filter(&bytes)))
        })))
    }
}

/// What `printf` or `cat` brings, also into a file; `None` if it is neither. `input` is what stands
/// before it in the pipe.
fn known_bytes(
    part: &[String],
    input: Option<&[u8]>,
    files: &mut BTreeMap<String, Vec<u8>>,
) -> Option<Result<Vec<u8>, String>> {
    let (part, file) = match part {
        [part @ .., arrow, file] if arrow == ">" => (part, Some(file)),
        part => (part, None),
    };
    let bytes = match part {
        [printf, text] if printf == "printf" => unescape(text, None),
        [printf, text, argument] if printf == "printf" => unescape(text, Some(argument)),
        [cat, names @ ..] if cat == "cat" => {
            let content = |name: &String| match (name.as_str(), input) {
                ("-", Some(input)) => Ok(input.to_vec()),
                _ => files
                    .get(name)
                    .cloned()
                    .ok_or_else(|| format!("the book has not written {name}")),
            };
            names.iter().map(content).collect::<Result<Vec<_>, _>>().map(|parts| parts.concat())
        }
        _ => return None,
    };
    match (bytes, file) {
        (Ok(bytes), Some(file)) => {
            files.insert(file.clone(), bytes);
            Some(Ok(Vec::new()))
        }
        (bytes, _) => Some(bytes),
    }
}

/// What a program makes of the output of the one before it.
type Filter = Box<dyn Fn(&[u8]) -> Vec<u8> + Send>;

fn filter(part: &[String]) -> Result<Filter, String> {
    match part.iter().map(String::as_str).collect::<Vec<_>>()[..] {
        ["tail", "-n", from] if from.starts_with('+') => {
            let from: usize = from.parse().map_err(|_| format!("tail -n {from}"))?;
            Ok(Box::new(move |bytes| {
                bytes
                    .split_inclusive(|&byte| byte == b'\n')
                    .skip(from - 1)
                    .flatten()
                    .copied()
                    .collect()
            }))
        }
        ["od", "-A", "n", "-t", "x1"] => Ok(Box::new(|bytes| {
            let row = |row: &[u8]| {
                row.iter().map(|byte| format!(" {byte:02x}")).collect::<String>() + "\n"
            };
            bytes.chunks(16).map(row).collect::<String>().into_bytes()
        })),
        ["wc", "-c"] => Ok(Box::new(|bytes| format!("{}\n", bytes.len()).into_bytes())),
        _ => Err(format!("the test does not know {} in a pipe", part.join(" "))),
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
            '|' | '>' => {
                words.extend(word.take());
                words.push(c.into());
            }
            '$' | '`' | '&' | ';' | '<' | '*' | '?' | '(' | ')' | '\\' => {
                return Err(format!("a bare {c} means something to a shell"));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

/// What `printf` makes of a text, and of the one number that may stand behind it.
fn unescape(text: &str, argument: Option<&str>) -> Result<Vec<u8>, String> {
    let mut bytes = Vec::new();
    let mut rest = text;
    while let Some(first) = rest.chars().next() {
        rest = &rest[first.len_utf8()..];
        let digits = rest.bytes().take_while(u8::is_ascii_digit).count();
        match (first, rest.chars().next()) {
            // A byte in three octal digits.
            ('\\', Some('0'..='7')) => {
                let octal = rest.get(..3).ok_or("printf: three octal digits, please")?;
                bytes.push(
                    u8::from_str_radix(octal, 8).map_err(|_| format!("printf and \\{octal}"))?,
                );
                rest = &rest[3..];
                continue;
            }
            ('\\', Some('r')) => bytes.push(b'\r'),
            ('\\', Some('n')) => bytes.push(b'\n'),
            ('\\', Some('\\')) => bytes.push(b'\\'),
            ('%', Some('%')) => bytes.push(b'%'),
            // A number, filled up with zeros.
            ('%', Some('0')) if rest[digits..].starts_with('d') => {
                let width: usize =
                    rest[..digits].parse().map_err(|_| format!("printf and %{rest}"))?;
                let number = argument.ok_or("printf %d needs a number")?;
                bytes.resize(bytes.len() + width.saturating_sub(number.len()), b'0');
                bytes.extend(number.bytes());
                rest = &rest[digits..];
            }
            ('\\' | '%', other) => {
                return Err(format!("printf and {first}{}", other.unwrap_or_default()));
            }
            _ => {
                bytes.extend_from_slice(first.encode_utf8(&mut [0; 4]).as_bytes());
                continue;
            }
        }
        rest = &rest[1..];
    }
    Ok(bytes)
}

/// `nc HOST PORT`: sends what it is given, prints what comes until the other side closes.
fn netcat(bytes: &[u8], address: &str, screen: &Screen) -> io::Result<()> {
    let mut connection = Connection::connect(address, PATIENCE, None)?;
    screen.lock().socket = Some(connection.writer());
    connection.set_deadline(PATIENCE);
    connection.writer().append(|out| out.extend_from_slice(bytes))?;
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
        let mut curl = Curl {
            agent,
            urls,
            method,
            fields,
            data,
            show_head,
            head_only,
            raw,
            version,
            max_time,
            discarded,
            report,
        };
        let mut arguments = arguments.iter();
        while let Some(argument) = arguments.next() {
            let Some(letters) = argument.strip_prefix('-') else {
                curl.urls.push(argument.clone());
                continue;
            };
            let mut value = || {
                arguments.next().cloned().ok_or_else(|| format!("curl {argument} needs a value"))
            };
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
            let target =
                if target.starts_with('/') { target.to_owned() } else { format!("/{target}") };
            // One connection is used for all URLs of one host, as far as it stays open.
            let again = open.take().filter(|(to, _)| to == authority);
            let connects = usize::from(again.is_none());
            let connection = match again {
                Some((_, connection)) => connection,
                None => Connection::connect(authority, PATIENCE, None)?,
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
        connection.set_deadline(self.max_time.unwrap_or(PATIENCE));
        let usual = if self.head_only {
            "HEAD"
        } else if self.data.is_some() {
            "POST"
        } else {
            "GET"
        };
        let method = self.method.as_deref().unwrap_or(usual);
        let mut head = format!(
            "{method} {target} {}\r\nHost: {authority}\r\nUser-Agent: {}\r\nAccept: */*\r\n",
            self.version, self.agent
        );
        self.fields
            .iter()
            .filter(|field| !field.ends_with(':'))
            .for_each(|field| head.push_str(&format!("{field}\r\n")));
        for left_out in self.fields.iter().filter(|field| field.ends_with(':')) {
            let kept = head
                .split_inclusive("\r\n")
                .filter(|line| !line.to_lowercase().starts_with(&left_out.to_lowercase()));
            head = kept.collect();
        }
        if let Some(data) = &self.data {
            head.push_str(&format!("Content-Length: {}\r\n", data.len()));
            if !self.fields.iter().any(|field| field.to_lowercase().starts_with("content-type:")) {
                head.push_str("Content-Type: application/x-www-form-urlencoded\r\n");
            }
        }
        head.push_str("\r\n");
        connection.writer().append(|out| {
            out.extend_from_slice(head.as_bytes());
            out.extend_from_slice(self.data.as_deref().unwrap_or_default().as_bytes());
        })?;
        let mut raw = Vec::new();
        while !raw.ends_with(b"\r\n\r\n") {
            if connection.read_until(b'\n', &mut raw)? == 0 {
                return Err(io::Error::new(
                    io::ErrorKind::UnexpectedEof,
                    "curl: (52) Empty reply from server",
                ));
            }
        }
        if self.show_head {
            screen.print(&raw)?;
        }
        let (response, framing) = Response::read_head_from(&mut raw.as_slice(), method == "HEAD")?;
        let persistent =
            self.version == "HTTP/1.1" && !response.fields.contains_token("connection", "close");
        let mut downloaded = 0;
        let outcome = if self.raw {
            copy(&mut connection, discard, &mut downloaded, screen)
        } else {
            copy(&mut Body::new(&mut connection, framing), discard, &mut downloaded, screen)
        };
        let late =
            |error: &io::Error| self.max_time.is_some() && error.kind() == io::ErrorKind::TimedOut;
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
fn copy(
    reader: &mut impl BufRead,
    discard: bool,
    downloaded: &mut usize,
    screen: &Screen,
) -> io::Result<()> {
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
    assert_eq!(
        unescape("GET / HTTP/1.1\\r\\n\\r\\n100%%", None).unwrap(),
        b"GET / HTTP/1.1\r\n\r\n100%"
    );
    assert_eq!(unescape("\\201\\00541", None).unwrap(), b"\x81\x0541");
    assert_eq!(
        unescape("%0126d.", Some("7")).unwrap(),
        ["0".repeat(125).as_str(), "7."].concat().as_bytes()
    );
    for refused in ["\\q", "%s", "\\40", "%05d"] {
        assert!(unescape(refused, None).is_err(), "{refused}");
    }
    for refused in [
        "ls -l",
        "curl --upload-file x http://localhost/",
        "cat target/nothing",
        "printf a | sort",
        "wc -c",
    ] {
        assert!(
            Running::command(refused, Path::new(""), &mut BTreeMap::new()).is_err(),
            "{refused}"
        );
    }
}

#[test]
fn a_pipe_does_what_a_shell_would_do() {
    let mut files = BTreeMap::new();
    for (text, printed) in [
        ("printf 'one\\ntwo\\n' > target/x", ""),
        ("cat target/x | wc -c", "8"),
        ("printf '\\201' | cat target/x - | tail -n +2 | od -A n -t x1", " 74 77 6f 0a 81"),
        (
            "printf '%017d' 1 | od -A n -t x1",
            " 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30 30/ 31",
        ),
    ] {
        let running = Running::command(text, Path::new(""), &mut files).unwrap();
        assert_eq!(running.screen.wait(None, |_| false).join("/"), printed, "{text}");
    }
}
