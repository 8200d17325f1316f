use super::exercise::read;
use crate::checks::{Check, connect, feed, miss, patience, same, say, serve};
use push_by_hand::json;
use std::io::BufRead;
use std::sync::Arc;

pub fn check() -> Check {
    let feed = Arc::new(feed(100));
    let start = feed.before_newest();
    let shared = Arc::clone(&feed);
    let mut client = connect(serve(move |_, responder| read(&shared, start, responder)));
    feed.publish("before");
    client.ask("GET", "/lines", "");
    let asked = say("type", &[]);
    let (head, mut body) = client.response_in_parts();
    let came = head.fields.get("content-type");
    same(asked, Some("application/x-ndjson"), came)?;
    for (data, published) in [("before", false), ("two\nlines", true), ("你", true)] {
        if published {
            feed.publish(data);
        }
        let asked = say("line", &[&format!("{data:?}")]);
        let mut line = String::new();
        if body.read_line(&mut line).is_err() {
            let came = say("no answer", &[&patience().as_secs()]);
            return Err(miss(asked, say("a line", &[]), came));
        }
        let newest = feed.after(feed.before_newest());
        same(asked, format!("{}\n", json::message(&newest.messages[0])), line)?;
    }
    Ok(())
}
