//! The other end, in the terminal: `cargo run --bin client -- ws://localhost:9999/` sends the lines
//! you type and prints what comes; `cargo run --bin client -- http://localhost:8888/eventSource`
//! prints events, or lines of JSON, and resumes where the stream was cut.
//!
//! What the server says goes to standard output, everything about the connection to standard error.
//! Read `talk` and `listen`.

use push_by_hand::arguments::Usage;
use push_by_hand::connection::Connection;
use push_by_hand::event_stream::{Event, EventReader};
use push_by_hand::http::body::Body;
use push_by_hand::http::{Response, Status};
use push_by_hand::retry;
use push_by_hand::server::log;
use push_by_hand::terminal::{print, visible};
use push_by_hand::websocket::{CONNECT_LIMIT, Client, Close, CloseCode, Message, Sender, Url};
use push_by_hand::wire;
use std::io::{self, BufRead, Read};
use std::process::ExitCode;
use std::thread;
use std::time::Duration;

/// How long a stream may be silent: more than twice the time after which our servers send a
/// comment.
const SILENCE: Duration = Duration::from_secs(45);
/// The longest line of JSON, in bytes.
const MAX_LINE: usize = 1024 * 1024;
/// How much of a refusal's text is read, in bytes: a sentence is enough.
const MAX_REFUSAL: usize = 4096;

/// What the command line asks for.
struct Wish {
    url: Url,
    after: String,
    post: bool,
    bearer: Option<String>,
    wire: bool,
    answer_limit: Duration,
}

/// The two kinds of stream: `text/event-stream` and `application/x-ndjson`.
enum Format {
    Events,
    Lines,
}

fn main() -> ExitCode {
    let wish = wish();
    let outcome = if wish.url.scheme == "ws" { talk(&wish) } else { listen(&wish) };
    match outcome {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            log(&format!("{}: {error}", wish.url.authority));
            ExitCode::FAILURE
        }
    }
}

fn wish() -> Wish {
    let usage = Usage {
        name: "client",
        about: "the other end of a lesson, in the terminal",
        synopsis: "--bin client -- [flags] URL".into(),
        flags: vec![
            ("ws://HOST:PORT/PATH", "sends each line of input, prints what comes;".into()),
            ("", "the end of input closes".into()),
            ("http://HOST:PORT/PATH", "prints an event stream, or a stream of lines".into()),
            ("", "of JSON, and resumes it when it is cut".into()),
            ("--after ID", "begin a stream after this message".into()),
            ("--post", "ask for it by POST: the body says after which".into()),
            ("--bearer TOKEN", "with this login".into()),
            ("--answer-ms N", "how long an answer may take in all (default 90000)".into()),
            ("--wire", "show every byte that crosses the socket".into()),
        ],
        operands: 1,
    };
    let arguments = usage.read();
    let url = arguments.operands.first().ok_or("expected a URL; came nothing".to_owned());
    let url = url.and_then(|url| Url::parse(url)).unwrap_or_else(|error| usage.fail(&error));
    let last = |flag| {
        let value = arguments.all(flag).last()?;
        // It goes into a field as it is, and a line end would begin another.
        if value.contains(char::is_control) {
            usage.fail(&format!("expected no control character in {flag}"));
        }
        Some(value.to_owned())
    };
    let limit = arguments.number("--answer-ms", 90_000);
    Wish {
        url,
        after: last("--after").unwrap_or_default(),
        post: arguments.has("--post"),
        bearer: last("--bearer"),
        wire: arguments.has("--wire"),
        answer_limit: Duration::from_millis(limit.unwrap_or_else(|error| usage.fail(&error))),
    }
}

/// Connects to the first address of the host that answers. From here on its time runs.
fn connect(wish: &Wish) -> io::Result<Connection> {
    let tap = wish.wire.then(wire::to_terminal);
    let place = (wish.url.host.as_str(), wish.url.port);
    let mut connection = Connection::connect(place, CONNECT_LIMIT, tap)?;
    connection.set_deadline(wish.answer_limit);
    Ok(connection)
}

/// A WebSocket: this thread prints what comes, another sends what is typed. Each waits in a call of
/// its own. Returns whether it came to a good end.
fn talk(wish: &Wish) -> io::Result<bool> {
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
    let close = socket.received_close();
    match close {
        Some(close) => log(&format!("closed: {close}")),
        None => log("closed: 1006, the connection ended without a Close"),
    }
    let is_normal = |close: &Close| close.code.is_none_or(|code| code == CloseCode::NORMAL);
    Ok(close.is_some_and(is_normal))
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

/// A stream: prints what comes, and when it ends asks for what came after the last message (HTML,
/// "Server-sent events"). Only an answer that is no stream is a reason to give up.
fn listen(wish: &Wish) -> io::Result<bool> {
    let mut last_event_id = wish.after.clone();
    let mut time = retry::DEFAULT;
    let mut reached = false;
    let mut failures = 0;
    loop {
        let outcome = connect(wish).and_then(|mut connection| {
            let Some((format, body)) = ask(&mut connection, wish, &last_event_id)? else {
                return Ok(true);
            };
            if !reached {
                log("open");
            }
            (reached, failures) = (true, 0);
            if let Format::Lines = format {
                return print_lines(body, &mut last_event_id).map(|()| false);
            }
            let mut events = EventReader::new(body, &last_event_id);
            let outcome = print_events(&mut events);
            last_event_id.clone_from(&events.last_event_id);
            time = events.retry.unwrap_or(time);
            outcome.map(|()| false)
        });
        let why = match outcome {
            Ok(true) => return Ok(true),
            Ok(false) => "the stream ended".to_owned(),
            // A server that was never there, or answers something else, will not be there in three
            // seconds either.
            Err(error) if !reached || error.kind() == io::ErrorKind::Unsupported => {
                return Err(error);
            }
            Err(error) => error.to_string(),
        };
        let from = match &*last_event_id {
            "" => "the beginning".into(),
            id => format!("event {}", visible(id)),
        };
        let wait = retry::wait(time, failures);
        failures += 1;
        log(&format!("{why}; again after {} ms, from {from}", wait.as_millis()));
        thread::sleep(wait);
    }
}

/// Asks for the stream. `None`: the server says 204, there is nothing more and nobody should ask
/// again.
fn ask<'c>(
    connection: &'c mut Connection,
    wish: &Wish,
    last_event_id: &str,
) -> io::Result<Option<(Format, Body<&'c mut Connection>)>> {
    connection.writer().append(|out| out.extend(request(wish, last_event_id).bytes()))?;
    let (response, framing) = Response::read_head_from(connection, false)?;
    if response.status == Status::NO_CONTENT {
        log("204 No Content: there is nothing more");
        return Ok(None);
    }
    let refusal = match format_of(&response) {
        Ok(format) => {
            connection.set_patience(SILENCE);
            return Ok(Some((format, Body::new(connection, framing))));
        }
        Err(refusal) => refusal,
    };
    // The body of a refusal says why. That of a 200 is something else, and may go on for ever.
    let said = match response.status {
        Status::OK => Vec::new(),
        _ => Body::new(connection, framing).read_whole(MAX_REFUSAL).unwrap_or_default(),
    };
    let said = match said.trim_ascii() {
        b"" => String::new(),
        text => format!(": \"{}\"", visible(text)),
    };
    Err(io::Error::new(io::ErrorKind::Unsupported, refusal + &said))
}

/// The request. Where to go on stands in a field, as an EventSource says it, or in the body.
fn request(wish: &Wish, last_event_id: &str) -> String {
    let resume = match last_event_id {
        "" => String::new(),
        id => format!("Last-Event-ID: {id}\r\n"),
    };
    let login = wish.bearer.as_ref();
    let login = login.map_or(String::new(), |token| format!("Authorization: Bearer {token}\r\n"));
    let (method, end) = match wish.post {
        false => ("GET", format!("{resume}\r\n")),
        true => ("POST", format!("Content-Length: {}\r\n\r\n{last_event_id}", last_event_id.len())),
    };
    format!(
        "{method} {} HTTP/1.1\r\nHost: {}\r\nAccept: text/event-stream, application/x-ndjson\r\n\
         Accept-Encoding: identity\r\nCache-Control: no-store\r\n{login}{end}",
        wish.url.target, wish.url.authority
    )
}

/// Which kind of stream an answer is, or what it is instead.
fn format_of(response: &Response) -> Result<Format, String> {
    let field = |name| response.fields.get(name).unwrap_or_default();
    let (kind, coding) = (field("Content-Type"), field("Content-Encoding"));
    let essence = kind.split(';').next().unwrap_or_default().trim().to_ascii_lowercase();
    match (response.status, &*essence, coding) {
        (Status::OK, "text/event-stream", "" | "identity") => Ok(Format::Events),
        (Status::OK, "application/x-ndjson", "" | "identity") => Ok(Format::Lines),
        (Status::OK, "text/event-stream" | "application/x-ndjson", coding) => {
            Err(format!("expected a body without coding, as asked; came {}", visible(coding)))
        }
        (status, ..) => {
            let kind = if kind.is_empty() { "no Content-Type" } else { kind };
            let came = format!("{} and {}", status.to_string().trim_end(), visible(kind));
            Err(format!("expected 200 and text/event-stream or application/x-ndjson; came {came}"))
        }
    }
}

/// Prints events until the stream ends or breaks.
fn print_events(events: &mut EventReader<impl BufRead>) -> io::Result<()> {
    while let Some(Event { event, id, data, .. }) = events.next_event()? {
        let event = event.map_or("message".into(), visible);
        let (id, data) = (id.map_or("-".into(), visible), data.map_or(String::new(), visible));
        print(&format!("{id}  {event}  {data}\n"));
    }
    Ok(())
}

/// Prints lines until the stream ends or breaks. What the end cuts off is no line.
fn print_lines(mut body: impl BufRead, last_id: &mut String) -> io::Result<()> {
    loop {
        // A character that the network cut in two is whole again when its line is.
        let mut line = Vec::new();
        body.by_ref().take(MAX_LINE as u64).read_until(b'\n', &mut line)?;
        if line.len() == MAX_LINE {
            return Err(io::Error::other("expected a line of less than a mebibyte"));
        }
        let Some(line) = line.strip_suffix(b"\n") else { return Ok(()) };
        let line = String::from_utf8_lossy(line.trim_ascii_end());
        print(&format!("{}\n", visible(&*line)));
        // Our servers write the id first, and nothing in it has to be escaped. A client of others
        // would read the whole JSON.
        let id = line.strip_prefix(r#"{"id":""#).and_then(|rest| rest.split_once('"'));
        if let Some((id, _)) = id.filter(|(id, _)| id.bytes().all(|byte| byte.is_ascii_graphic())) {
            id.clone_into(last_id);
        }
    }
}
