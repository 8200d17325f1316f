//! The other end, in the terminal: `cargo run --bin client -- ws://localhost:9999/` sends the lines
//! you type and prints what comes; `cargo run --bin client -- http://localhost:8888/eventSource`
//! prints events, and resumes where the stream was cut.
//!
//! What the server says goes to standard output, everything about the connection to standard error.
//! Read `talk` and `listen`.

use push_by_hand::connection::{Connection, WRITE_DEADLINE};
use push_by_hand::event_stream::{Event, EventReader};
use push_by_hand::http::body::Body;
use push_by_hand::http::{Response, Status};
use push_by_hand::lesson::print;
use push_by_hand::server::log;
use push_by_hand::terminal::visible;
use push_by_hand::websocket::{CONNECT_LIMIT, Client, CloseCode, Message, Sender, Url};
use push_by_hand::wire;
use std::io::{self, BufRead};
use std::net::{TcpStream, ToSocketAddrs};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

const USAGE: &str = "client: the other end of a lesson, in the terminal

Usage: cargo run --bin client -- [flags] URL

  ws://HOST:PORT/PATH     send each line of standard input, print what comes; the end of input closes
  http://HOST:PORT/PATH   print the events of an event stream, and resume it when it is cut
  --after ID              begin an event stream after this event
  --wire                  show every byte that crosses the socket
  --help                  show this
";

/// How long to wait before a stream is asked for again, unless the server says otherwise.
const RETRY: Duration = Duration::from_secs(3);
/// How long an event stream may be silent: more than twice the time after which our servers send a
/// comment.
const SILENCE: Duration = Duration::from_secs(45);

/// What the command line asks for.
struct Wish {
    url: Url,
    after: String,
    wire: bool,
}

fn main() -> ExitCode {
    let wish = match wish(std::env::args().skip(1)) {
        Ok(Some(wish)) => wish,
        Ok(None) => {
            print(USAGE);
            return ExitCode::SUCCESS;
        }
        Err(error) => {
            log(&format!("{error}\n\n{USAGE}"));
            return ExitCode::from(2);
        }
    };
    let outcome = if wish.url.scheme == "ws" { talk(&wish) } else { listen(&wish) };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log(&format!("{}: {error}", wish.url.authority));
            ExitCode::FAILURE
        }
    }
}

/// Reads the command line; `None` is `--help`.
fn wish(mut arguments: impl Iterator<Item = String>) -> Result<Option<Wish>, String> {
    let (mut url, mut after, mut wire) = (None, String::new(), false);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--help" | "-h" => return Ok(None),
            "--wire" => wire = true,
            "--after" => after = arguments.next().ok_or("--after expects an id; came nothing")?,
            flag if flag.starts_with('-') => {
                return Err(format!("client does not know \"{flag}\""));
            }
            text if url.is_none() => url = Some(Url::parse(text)?),
            text => return Err(format!("expected one URL; came a second, \"{text}\"")),
        }
    }
    let url = url.ok_or("expected a URL; came nothing")?;
    Ok(Some(Wish { url, after, wire }))
}

/// Connects to the first address of the host that answers.
fn connect(wish: &Wish) -> io::Result<Connection> {
    let mut last = io::Error::new(io::ErrorKind::NotFound, "the name has no address");
    for address in (wish.url.host.as_str(), wish.url.port).to_socket_addrs()? {
        match TcpStream::connect_timeout(&address, CONNECT_LIMIT) {
            Ok(stream) => {
                return Connection::new(stream, WRITE_DEADLINE, wish.wire.then(wire::to_terminal));
            }
            Err(error) => last = error,
        }
    }
    Err(last)
}

/// A WebSocket: this thread prints what comes, another sends what is typed. Each waits in a call of
/// its own.
fn talk(wish: &Wish) -> io::Result<()> {
    let mut client = Client::over(connect(wish)?, &wish.url, &[])?;
    log("open");
    let mut socket = client.socket();
    let sender = socket.sender();
    // Not joined at the end: it may wait for a line that nobody types, and ends with the program.
    thread::Builder::new().name("input".into()).spawn(move || send_lines(&sender))?;
    while let Some(message) = socket.receive()? {
        match message {
            Message::Text(text) => print(&format!("{}\n", visible(&text))),
            Message::Binary(bytes) => {
                print(&format!("{} bytes: {}\n", bytes.len(), bytes.escape_ascii()))
            }
        }
    }
    match socket.received_close() {
        Some(close) => log(&format!("closed: {close}")),
        None => log("closed: 1006, the connection ended without a Close"),
    }
    Ok(())
}

/// Sends line after line; the end of input is the end of the conversation.
fn send_lines(sender: &Sender) {
    for line in io::stdin().lock().lines() {
        let sent = match line {
            Ok(line) => sender.send_text(&line),
            Err(error) => {
                log(&format!("expected lines of UTF-8 on standard input; {error}"));
                break;
            }
        };
        // The thread that receives knows why, and says so.
        if sent.is_err() {
            return;
        }
    }
    let _ = sender.close(CloseCode::NORMAL, "");
}

/// An event stream: prints event after event, and when the stream ends asks for what came after the
/// last (HTML, "Server-sent events"). Only an answer that is no event stream is a reason to give
/// up.
fn listen(wish: &Wish) -> io::Result<()> {
    let mut last_event_id = wish.after.clone();
    let mut retry = RETRY;
    let mut reached = false;
    loop {
        let outcome = connect(wish).and_then(|mut connection| {
            let Some(body) = ask(&mut connection, &wish.url, &last_event_id)? else {
                return Ok(true);
            };
            if !reached {
                log("open");
            }
            reached = true;
            let mut events = EventReader::new(body, &last_event_id);
            let outcome = print_events(&mut events);
            last_event_id.clone_from(&events.last_event_id);
            retry = events.retry.unwrap_or(retry);
            outcome.map(|()| false)
        });
        let why = match outcome {
            Ok(true) => return Ok(()),
            Ok(false) => "the stream ended".to_owned(),
            // A server that was never there, or answers something else, will not be there in three
            // seconds either.
            Err(error) if !reached || error.kind() == io::ErrorKind::Unsupported => {
                return Err(error);
            }
            Err(error) => error.to_string(),
        };
        let from = if last_event_id.is_empty() {
            "the beginning".into()
        } else {
            format!("event {last_event_id}")
        };
        log(&format!("{why}; again in {} ms, from {from}", retry.as_millis()));
        thread::sleep(retry);
    }
}

/// Asks for the stream. `None`: the server says 204, there is nothing more and nobody should ask
/// again.
fn ask<'c>(
    connection: &'c mut Connection,
    url: &Url,
    last_event_id: &str,
) -> io::Result<Option<Body<&'c mut Connection>>> {
    let resume = if last_event_id.is_empty() {
        String::new()
    } else {
        format!("Last-Event-ID: {last_event_id}\r\n")
    };
    let head = format!(
        "GET {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream\r\nCache-Control: no-store\r\n{resume}\r\n",
        url.target, url.authority
    );
    connection.writer().append(|out| out.extend_from_slice(head.as_bytes()))?;
    connection.set_deadline(CONNECT_LIMIT);
    let (response, framing) = Response::read_head_from(connection, false)?;
    if response.status == Status::NO_CONTENT {
        log("204 No Content: there is nothing more");
        return Ok(None);
    }
    let content_type = response.fields.get("Content-Type").unwrap_or("nothing");
    let essence = content_type.split(';').next().unwrap_or_default().trim();
    if response.status != Status::OK || !essence.eq_ignore_ascii_case("text/event-stream") {
        let came = format!(
            "expected 200 and text/event-stream; came {} and {content_type}",
            response.status
        );
        return Err(io::Error::new(io::ErrorKind::Unsupported, came));
    }
    connection.set_patience(SILENCE);
    Ok(Some(Body::new(connection, framing)))
}

/// Prints events until the stream ends or breaks.
fn print_events(events: &mut EventReader<impl BufRead>) -> io::Result<()> {
    while let Some(Event { event, id, data, .. }) = events.next_event()? {
        let event = event.map_or("message".into(), visible);
        print(&format!(
            "{}  {event}  {}\n",
            id.map_or("-".into(), visible),
            data.map_or(String::new(), visible)
        ));
    }
    Ok(())
}
