//! A page's own socket: its totals and what crosses its connections down, its commands up.

use crate::Hub;
use crate::sockets::both_ways;
use crate::technique::Technique;
use crate::views::{View, check_key};
use push_by_hand::http::{Request, Response, Status};
use push_by_hand::json;
use push_by_hand::server::{Responder, Sent};
use push_by_hand::websocket::{self, Error, Sender, State, handshake};
use std::io;
use std::time::{Duration, Instant};

/// How often a page is told its totals, at most.
const TOTALS: Duration = Duration::from_millis(250);
/// The longest command, in bytes.
const MAX_COMMAND: usize = 1024;
/// How much of a command that makes no sense is said back, in characters.
const MAX_ECHO: usize = 40;

/// Serves `/control`. It is attached to no view, so it shows and counts nothing of itself.
///
/// A command is a few words: `rate 1000` (milliseconds between messages; `rate off`), `show all`,
/// `show events`, `show none`, `cut events`.
// Or every reader that waits would keep room for this on its stack: a page of 4 KiB each, measured.
#[inline(never)]
pub fn control(hub: &Hub, request: &Request, responder: Responder) -> io::Result<Sent> {
    let key = request.query("view").unwrap_or_default();
    if let Err(expected) = check_key(&key) {
        return responder.send(Response::refusal(Status::BAD_REQUEST, &expected));
    }
    if let Err(refusal) = handshake::answer(request, &hub.policy) {
        return responder.send(refusal.response());
    }
    // Before the 101, after which the page's other requests name it; and only if there is one.
    let Some(open) = hub.views.open(&key) else {
        let expected = "expected fewer pages, each with a key of its own; came one more";
        let refusal = Response::refusal(Status::SERVICE_UNAVAILABLE, expected);
        return responder.send(refusal);
    };
    websocket::serve(request, responder, &hub.policy, |socket| {
        socket.set_max_message(MAX_COMMAND);
        let _open = hub.pace.count_page();
        let view = &open.view;
        both_ways(
            &hub.threads,
            socket,
            |sender| tell(hub, view, sender),
            |sender, command| match carry_out(hub, view, command) {
                Ok(()) => Ok(()),
                Err(expected) => {
                    sender.send_text(&format!(r#"{{"refused":{}}}"#, json::string(&expected)))
                }
            },
        )
    })
}

/// Tells a page what crosses its connections and what they have cost so far, until it leaves.
fn tell(hub: &Hub, view: &View, sender: &Sender) -> Result<(), Error> {
    let (mut after, mut told) = (view.crossings.newest(), String::new());
    while sender.state() == State::Open {
        let news = view.crossings.wait_after(after, Instant::now() + TOTALS);
        after = news.last;
        if !news.is_empty() {
            let crossings: Vec<&str> =
                news.messages.iter().map(|message| message.data.as_str()).collect();
            let (missed, crossings) = (json::missed(news.gap), crossings.join(","));
            sender.send_text(&format!(r#"{{"missed":{missed},"crossings":[{crossings}]}}"#))?;
        }
        let (totals, rate) = (view.totals_to_json(), hub.pace.milliseconds());
        let totals = format!(r#"{{"totals":{totals},"rate":{rate}}}"#);
        if totals != told {
            sender.send_text(&totals)?;
            told = totals;
        }
    }
    Ok(())
}

/// Does what a page commands.
///
/// # Errors
/// What was expected and what came.
fn carry_out(hub: &Hub, view: &View, command: &str) -> Result<(), String> {
    let came = |what: &str| what.chars().take(MAX_ECHO).collect::<String>();
    let technique = |name: &str| {
        Technique::named(name)
            .ok_or_else(|| format!("expected a technique; came \"{}\"", came(name)))
    };
    match command.split_once(' ').unwrap_or((command, "")) {
        ("rate", "off") => hub.pace.set(None),
        ("rate", milliseconds) => match milliseconds.parse() {
            Ok(number @ 20..=3_600_000) => hub.pace.set(Some(Duration::from_millis(number))),
            _ => {
                let came = came(milliseconds);
                return Err(format!(
                    "expected 20 to 3600000 milliseconds, or off; came \"{came}\""
                ));
            }
        },
        ("show", "all") => view.show(|_| true),
        ("show", "none") => view.show(|_| false),
        ("show", name) => {
            let shown = technique(name)?;
            view.show(|technique| technique == shown);
        }
        ("cut", name) => view.cut(technique(name)?),
        (other, _) => return Err(format!("expected rate, show or cut; came \"{}\"", came(other))),
    }
    Ok(())
}
