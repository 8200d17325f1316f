//! The smallest HTTP server worth having, on nothing but std: it shows what was sent to it, byte
//! for byte. Chapter 1 builds it step by step; read `converse` first.
//!
//! Left out: whatever the library does between this program and the others. A head is cut off at
//! a limit, but its rules are not checked; a client may drip its bytes; nobody counts the threads.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::time::Duration;
use std::{env, process, thread};

const USAGE: &str = "http: the smallest server, which shows what was sent to it\n
Usage: cargo run --bin http -- [flags]\n
  --port N           the port (default 7070; 0 takes any that is free)
  --help             show this\n";
/// The page, and the comment in it whose place the request takes.
const PAGE: (&str, &str) = (include_str!("../../pages/http.html"), "<!-- request -->");
/// The chapter that the page links to, in either language.
const CHAPTERS: [(&str, &str); 2] = [
    ("/docs/01-http.md", include_str!("../../docs/01-http.md")),
    ("/docs/zh/01-http.md", include_str!("../../docs/zh/01-http.md")),
];
/// How many bytes of head and of body are taken, and how long a read or a write may wait.
const MAX_HEAD: u64 = 16 * 1024;
const MAX_BODY: u64 = 64 * 1024;
const PATIENCE: Duration = Duration::from_secs(60);

fn main() {
    let flags = env::args().skip(1).collect::<Vec<_>>().join(" ").replace('=', " ");
    let unknown = || end(2, &format!("expected --port and a number; came {flags}\n\n{USAGE}"));
    let port = match flags.split(' ').collect::<Vec<_>>()[..] {
        [""] => 7070,
        ["--port", number] => number.parse().unwrap_or_else(|_| unknown()),
        ["--help" | "-h"] => end(0, USAGE),
        _ => unknown(),
    };
    let taken = format!("Error: port {port} is taken; choose another with --port, or 0 for any\n");
    let listener = TcpListener::bind(("127.0.0.1", port)).unwrap_or_else(|_| end(1, &taken));
    let own = format!("http://localhost:{}/", listener.local_addr().map_or(port, |own| own.port()));
    println!("page  {own}\nread  docs/01-http.md\ntry   curl -s {own}\nstop  Ctrl-C");
    for stream in listener.incoming() {
        match stream {
            // Without a thread this one connection is lost.
            Ok(stream) => drop(thread::Builder::new().spawn(move || converse(&stream))),
            Err(_) => thread::sleep(Duration::from_millis(50)),
        }
    }
}

/// Requests and answers in turn, until one side has had enough.
fn converse(mut stream: &TcpStream) -> io::Result<()> {
    stream.set_read_timeout(Some(PATIENCE))?;
    stream.set_write_timeout(Some(PATIENCE))?;
    let mut reader = BufReader::new(stream);
    loop {
        // The head: a request-line, field lines, an empty line.
        let mut request = Vec::new();
        while !request.ends_with(b"\r\n\r\n") {
            let left = MAX_HEAD - request.len() as u64;
            match reader.by_ref().take(left).read_until(b'\n', &mut request)? {
                0 if left == 0 => return refuse(stream, "431 Request Header Fields Too Large"),
                0 => return Ok(()),
                _ => {}
            }
        }
        let head = String::from_utf8_lossy(&request).into_owned();
        let request_line: Vec<_> = head.lines().take(1).flat_map(|line| line.split(' ')).collect();
        let [method, target, version] = request_line[..] else {
            return refuse(stream, "400 Bad Request");
        };
        // A page of evil.example can have its name lead to this machine. The browser then takes it
        // for a page of ours, but says in Host what it calls us.
        if field(&head, "Host").is_some_and(|host| !is_own(host)) {
            return refuse(stream, "421 Misdirected Request");
        }
        // The body: as many bytes as the head says.
        match field(&head, "Content-Length").unwrap_or("0").parse() {
            Ok(length @ 0..=MAX_BODY) => reader.by_ref().take(length).read_to_end(&mut request)?,
            _ => return refuse(stream, "413 Content Too Large"),
        };
        // A browser that opens a page gets one, or the chapter; everybody else gets the bytes
        // themselves.
        let opens = field(&head, "Accept").is_some_and(|types| types.contains("text/html"));
        let (kind, body) = match CHAPTERS.iter().find(|(path, _)| *path == target) {
            _ if !opens => ("plain", request),
            Some((_, chapter)) => ("plain", chapter.as_bytes().to_vec()),
            None => ("html", page(&request)),
        };
        let last = version != "HTTP/1.1" || field(&head, "Connection") == Some("close");
        let connection = if last { "close" } else { "keep-alive" };
        let mut answer = Vec::new();
        write!(
            answer,
            "HTTP/1.1 200 OK\r\nContent-Type: text/{kind}; charset=utf-8\r\nContent-Length: {}\r\n\
             X-Content-Type-Options: nosniff\r\nConnection: {connection}\r\n\r\n",
            body.len()
        )?;
        answer.extend(if method == "HEAD" { Vec::new() } else { body });
        stream.write_all(&answer)?;
        if last {
            return Ok(());
        }
    }
}

/// The value of a field, whose name may come in any case.
fn field<'a>(head: &'a str, wanted: &str) -> Option<&'a str> {
    let mut fields = head.lines().skip(1).filter_map(|line| line.split_once(':'));
    Some(fields.find(|(name, _)| name.eq_ignore_ascii_case(wanted))?.1.trim())
}

/// A name of this machine, with a port or without.
fn is_own(host: &str) -> bool {
    let name = host.split(':').next().unwrap_or_default().to_ascii_lowercase();
    ["localhost", "127.0.0.1"].contains(&name.as_str())
}

/// The page with a request in it, as a text that HTML shows and does not obey.
fn page(request: &[u8]) -> Vec<u8> {
    let text = String::from_utf8_lossy(request).replace('&', "&amp;").replace('<', "&lt;");
    PAGE.0.replacen(PAGE.1, &text.replace('\r', "&#13;"), 1).into_bytes()
}

/// An answer after which the connection ends. What the client still sends is read for a moment:
/// to close on unread bytes is to reset, and that destroys the answer.
fn refuse(mut stream: &TcpStream, status: &str) -> io::Result<()> {
    write!(stream, "HTTP/1.1 {status}\r\nContent-Length: 0\r\nConnection: close\r\n\r\n")?;
    stream.shutdown(Shutdown::Write)?;
    io::copy(&mut stream.take(16 * MAX_BODY), &mut io::sink()).map(drop)
}

fn end(code: i32, text: &str) -> ! {
    if code == 0 {
        print!("{text}")
    } else {
        eprint!("{text}")
    }
    process::exit(code)
}
