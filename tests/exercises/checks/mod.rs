//! What the checks share: what a miss is, a server to try things on, and the run of one check.
//!
//! The desk compiles this with one exercise (a learner's file, or a solution) and its check, and
//! runs it with a limit: what loops or waits without an end is given up, and everything else goes
//! on.

#![allow(dead_code)] // Each check uses a part of this.

#[path = "../desk/words.rs"]
mod words;

use crate::support::{Client, Program, frames};
use push_by_hand::connection::Tap;
use push_by_hand::event_stream::EventReader;
use push_by_hand::feed::Feed;
use push_by_hand::http::{Request, Response, Status};
use push_by_hand::server::{Limits, Responder, Sent, Server};
use push_by_hand::websocket::{Error, Policy, Role, WebSocket, handshake};
use std::fmt::{Debug, Display};
use std::io;
use std::path::PathBuf;
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::sync::{Mutex, OnceLock};
use std::thread;
use std::time::Duration;
use words::{Words, wrap};

pub type Check = Result<(), Miss>;

/// A check and the exercise's name.
type Named = (&'static str, fn() -> Check);

/// An exercise that is not solved yet: what was tried, and how it went. Each line is the key of its
/// label and a text.
pub struct Miss(Vec<(&'static str, String)>);

struct Desk {
    words: Words,
    limit: Duration,
    name: String,
    /// Where the verdict goes.
    verdict: PathBuf,
}

static DESK: OnceLock<Desk> = OnceLock::new();
/// Where somebody panicked, and with which words.
static PANICS: Mutex<Vec<(String, u32, String)>> = Mutex::new(Vec::new());

/// What is being asked, for as long as nothing has come.
static ASKED: Mutex<Option<String>> = Mutex::new(None);

/// A sentence of the exercise's texts, with these values in its places.
pub fn say(key: &str, values: &[&dyn Display]) -> String {
    let said = sentence(key, values);
    *ASKED.lock().unwrap() = Some(said.clone());
    // For as long as nothing else is known: whatever ends the process now leaves this behind.
    if let Some(desk) = DESK.get() {
        let ended = Miss(vec![("asked", said.clone()), ("came", sentence("ended", &[]))]);
        let _ = std::fs::write(&desk.verdict, told(&desk.name, ended));
    }
    said
}

fn sentence(key: &str, values: &[&dyn Display]) -> String {
    DESK.get().map_or_else(String::new, |desk| desk.words.say(key, values))
}

/// How long an answer may take before it counts as none: less than the limit of the whole check, so
/// that there is time to say what was asked.
pub fn patience() -> Duration {
    DESK.get().map_or(Duration::ZERO, |desk| desk.limit * 3 / 5)
}

/// What code should do, and what it did.
pub fn same<T: PartialEq + Debug>(asked: String, expected: T, came: T) -> Check {
    holds(expected == came, asked, format!("{expected:?}"), format!("{came:?}"))
}

/// The same where there is more to say than a value.
pub fn holds(is_so: bool, asked: String, expected: impl Display, came: impl Display) -> Check {
    if !is_so {
        return Err(miss(asked, expected, came));
    }
    *ASKED.lock().unwrap() = None;
    Ok(())
}

pub fn miss(asked: String, expected: impl Display, came: impl Display) -> Miss {
    Miss(vec![("asked", asked), ("expected", expected.to_string()), ("came", came.to_string())])
}

/// What a learner predicted, and what came: which is never told.
pub fn predicted<T: PartialEq + Debug>(
    asked: String,
    prediction: Option<T>,
    came: impl FnOnce() -> T,
) -> Check {
    match prediction {
        None => Err(Miss(vec![("asked", asked), ("came", say("no prediction", &[]))])),
        Some(prediction) if prediction == came() => Ok(()),
        Some(prediction) => Err(Miss(vec![
            ("asked", asked),
            ("predicted", format!("{prediction:?}")),
            ("came", say("something else", &[])),
        ])),
    }
}

/// Serves on a port of its own for as long as this program runs; returns the port.
pub fn serve(
    handler: impl Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync + 'static,
) -> u16 {
    serve_tapped(None, handler)
}

/// The same, with somebody who sees every byte.
pub fn serve_tapped(
    tap: Option<Tap>,
    handler: impl Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync + 'static,
) -> u16 {
    let server = Server::new(Limits::default(), tap).unwrap();
    let port = server.bind("127.0.0.1", 0).unwrap();
    let number = port.number;
    port.serve(handler).unwrap();
    number
}

/// A client that does not wait for ever.
pub fn connect(port: u16) -> Client {
    let client = Client::connect(port);
    client.stream().set_read_timeout(Some(patience())).unwrap();
    client
}

/// The same, behind its opening handshake.
pub fn open(port: u16, target: &str) -> Client {
    let mut client = connect(port);
    client.send(frames::request(target) + "\r\n");
    assert_eq!(client.response().status, Status::SWITCHING_PROTOCOLS);
    client
}

pub fn head_of(client: &mut Client, target: &str) -> Response {
    client.ask("HEAD", target, "");
    client.response_to_head()
}

/// The program of a lesson, which the desk has built.
pub fn lesson(name: &str) -> PathBuf {
    let programs = std::env::var_os("EXERCISE_PROGRAMS").unwrap();
    PathBuf::from(programs).join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

pub fn start(name: &str) -> Program {
    Program::start(lesson(name).to_str().unwrap(), &["--port", "0", "--page-port", "0"])
}

/// The first milliseconds of the feeds here.
pub const EPOCH: u64 = 1_763_700_000_000;

pub fn feed(kept: usize) -> Feed {
    Feed::new(EPOCH, kept, 1 << 20)
}

pub fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

/// Runs the check whose name is the first argument, and writes what it found where the desk looks
/// for it.
pub fn run(checks: &[Named]) {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let [name, texts, verdict, seconds] = &arguments[..] else { panic!("the desk starts this") };
    let words = Words::read(texts.as_ref(), &["desk", name]).unwrap();
    let limit = Duration::from_secs(seconds.parse().unwrap());
    let (name, verdict) = (name.clone(), PathBuf::from(verdict));
    let _ = DESK.set(Desk { words, limit, name: name.clone(), verdict: verdict.clone() });
    std::panic::set_hook(Box::new(|panic| {
        let place = panic.location().map_or(("", 0), |place| (place.file(), place.line()));
        let payload = panic.payload();
        let text = payload.downcast_ref::<&str>().copied();
        let words = text.or(payload.downcast_ref::<String>().map(String::as_str));
        let words = words.unwrap_or_default();
        PANICS.lock().unwrap().push((place.0.replace('\\', "/"), place.1, words.to_owned()));
    }));
    let check = checks.iter().find(|(known, _)| *known == name).unwrap().1;
    let (done, outcome) = channel();
    thread::spawn(move || done.send(check()));
    let outcome = outcome.recv_timeout(limit);
    let asked = ASKED.lock().unwrap().take().map(|asked| ("asked", asked));
    let unasked = |came| Err(Miss(asked.into_iter().chain([("came", came)]).collect()));
    let outcome = match outcome {
        Ok(outcome) => outcome,
        Err(RecvTimeoutError::Timeout) => unasked(say("nothing came", &[seconds])),
        Err(RecvTimeoutError::Disconnected) => unasked(say("ended", &[])),
    };
    let code = i32::from(outcome.is_err());
    let text = outcome.err().map_or_else(String::new, |miss| told(&name, miss));
    std::fs::write(verdict, text).unwrap();
    std::process::exit(code);
}

/// The lines of a miss. A panic of the learner's explains whatever came instead of an answer.
fn told(name: &str, mut miss: Miss) -> String {
    let panics = PANICS.lock().unwrap();
    let own = panics.iter().find(|(file, ..)| file.ends_with(&format!("exercises/{name}.rs")));
    let came = match (own, panics.last()) {
        (Some((file, line, words)), _) => Some(sentence("a panic", &[file, line, words])),
        (None, Some((file, _, words))) if !file.contains("src/") => {
            let waited = words.contains("WouldBlock") || words.contains("os error 11");
            let seconds = patience().as_secs();
            Some(if waited { sentence("no answer", &[&seconds]) } else { words.clone() })
        }
        (None, Some((file, line, words))) => Some(sentence("a panic", &[file, line, words])),
        (None, None) => None,
    };
    if let Some(came) = came {
        miss.0.retain(|(label, _)| *label != "came");
        miss.0.push(("came", came));
    }
    let labels: Vec<String> = miss.0.iter().map(|(label, _)| sentence(label, &[])).collect();
    let widest = labels.iter().map(|label| words::width(label)).max().unwrap_or(0);
    let lines = labels.iter().zip(&miss.0).map(|(label, (_, text))| {
        let space = " ".repeat(widest + 2 - words::width(label));
        wrap(&format!("  {label}{space}"), text)
    });
    lines.collect::<Vec<_>>().join("\n")
}

/// A type, data and a last event ID.
pub type Fired = (String, String, String);

/// What a browser would fire, and with which ID it would come back.
pub fn fire(bytes: &[u8]) -> (Vec<Fired>, String) {
    let mut reader = EventReader::new(bytes, "");
    let mut fired = Vec::new();
    while let Ok(Some(event)) = reader.next_event() {
        let kind = event.event.unwrap_or_else(|| "message".into());
        fired.push((kind, event.data.unwrap_or_default(), event.id.unwrap_or_default()));
    }
    (fired, reader.last_event_id)
}

/// Sends back what comes.
pub fn echo(socket: &mut WebSocket<'_>) -> Result<(), Error> {
    while let Some(message) = socket.receive()? {
        socket.send(&message)?;
    }
    Ok(())
}

/// A server that does; it says nothing of the frames that are wrong on purpose.
pub fn echoes() -> u16 {
    serve(|request, responder| match handshake::answer(request, &Policy::default()) {
        Err(refusal) => responder.send(refusal.response()),
        Ok(answer) => responder.switch_protocols(answer, |connection| {
            let outcome = echo(&mut WebSocket::new(connection, Role::Server));
            if let Err(Error::Violation(_)) = outcome { Ok(()) } else { Ok(outcome?) }
        }),
    })
}
