use super::exercise::answer;
use crate::checks::{Check, connect, miss, same, say, serve};
use crate::support::text;
use push_by_hand::clock;
use push_by_hand::http::Status;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

const DAY: u64 = 86_400;
const NAMES: [&str; 7] =
    ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];

pub fn check() -> Check {
    let now = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&now);
    let mut client = connect(serve(move |request, responder| {
        responder.send(answer(request, clock.load(Ordering::SeqCst)))
    }));
    for day in [0, 1, 2, 3, 4, 5, 6, 20_000] {
        now.store(day * DAY + 1, Ordering::SeqCst);
        let date = String::from_utf8_lossy(&clock::imf_fixdate(day * DAY)).into_owned();
        let name = NAMES.into_iter().find(|name| date.starts_with(&name[..3])).unwrap();
        same(say("day", &[&&date[..16]]), name, text(&client.get("/weekday", "")))?;
    }
    let first = client.get("/weekday", "");
    let Some(tag) = first.fields.get("etag") else {
        return Err(miss(say("tag", &[]), say("one", &[]), say("none", &[])));
    };
    for (later, status, when) in
        [(DAY - 2, Status::NOT_MODIFIED, "before"), (DAY - 1, Status::OK, "midnight")]
    {
        now.store(20_000 * DAY + 1 + later, Ordering::SeqCst);
        let again = client.get("/weekday", &format!("If-None-Match: {tag}\r\n"));
        same(say(when, &[&tag]), status, again.status)?;
    }
    Ok(())
}
