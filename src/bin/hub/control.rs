//! A page's own socket: its totals and what crosses its connections down, its commands up.

use crate::Hub;
use crate::readers::both_ways;
use crate::technique::Technique;
use crate::views::View;
use push_by_hand::http::{Request, Response, Status};
use push_by_hand::server::{Responder, Sent};
use push_by_hand::{json, websocket};
use std::io;
use std::sync::atomic::Ordering;
use std::time::{Duration, Instant};

/// How often a page is told its totals, at most.
const TOTALS: Duration = Duration::from_millis(250);

/// Serves `/control`. It is attached to no view, so it shows and counts nothing of itself.
///
/// A command is a few words: `rate 1000` (milliseconds between messages; `rate off`), `show all`,
/// `show events`, `show none`, `cut events`.
pub fn control(hub: &Hub, request: &Request, responder: Responder) -> io::Result<Sent> {
    let open = match hub.views.open(&request.query("view").unwrap_or_default()) {
        Ok(open) => open,
        Err(expected) => return responder.send(Response::refusal(Status::BAD_REQUEST, &expected)),
    };
    websocket::serve(request, responder, &websocket::Policy::default(), |socket| {
        let _open = hub.pace.count_page();
        let view = &open.view;
        both_ways(
            &hub.threads,
            socket,
            |sender, ended| {
                let (mut after, mut told) = (view.crossings.newest(), String::new());
                while !ended.load(Ordering::Relaxed) {
                    let news = view.crossings.wait_after(after, Instant::now() + TOTALS);
                    after = news.last;
                    if !news.is_empty() {
                        let crossings: Vec<&str> =
                            news.messages.iter().map(|message| message.data.as_str()).collect();
                        let missed = json::missed(news.gap);
                        sender.send_text(&format!(
                            r#"{{"missed":{missed},"crossings":[{}]}}"#,
                            crossings.join(",")
                        ))?;
                    }
                    let totals = format!(
                        r#"{{"totals":{},"rate":{}}}"#,
                        view.totals_to_json(),
                        hub.pace.milliseconds()
                    );
                    if totals != told {
                        sender.send_text(&totals)?;
                        told = totals;
                    }
                }
                Ok(())
            },
            |sender, command| match carry_out(hub, view, command) {
                Ok(()) => Ok(()),
                Err(expected) => {
                    sender.send_text(&format!(r#"{{"refused":{}}}"#, json::string(&expected)))
                }
            },
        )
    })
}

/// Does what a page commands.
///
/// # Errors
/// What was expected and what came.
fn carry_out(hub: &Hub, view: &View, command: &str) -> Result<(), String> {
    let technique = |name: &str| {
        Technique::named(name).ok_or_else(|| format!("expected a technique; came \"{name}\""))
    };
    match command.split_once(' ').unwrap_or((command, "")) {
        ("rate", "off") => hub.pace.set(None),
        ("rate", milliseconds) => match milliseconds.parse() {
            Ok(number @ 20..=3_600_000) => hub.pace.set(Some(Duration::from_millis(number))),
            _ => {
                return Err(format!(
                    "expected 20 to 3600000 milliseconds, or off; came \"{milliseconds}\""
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
        (other, _) => return Err(format!("expected rate, show or cut; came \"{other}\"")),
    }
    Ok(())
}
