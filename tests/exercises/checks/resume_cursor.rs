use super::exercise::start;
use crate::checks::{Check, EPOCH, feed, same, say};
use push_by_hand::feed::Id;
use push_by_hand::http::Request;

pub fn check() -> Check {
    let feed = feed(100);
    for n in 1..=9 {
        feed.publish(&n.to_string());
    }
    let id = |seq| Id { epoch: EPOCH, seq };
    let nonsense = Id::FOREIGN;
    for (target, last, expected) in [
        ("/events", "", feed.before_newest()),
        ("/events?after=1763700000000-3", "", id(3)),
        ("/events", "Last-Event-ID: 1763700000000-5\r\n", id(5)),
        ("/events?after=1763700000000-3", "last-event-id: 1763700000000-7\r\n", id(7)),
        ("/events?after=yesterday", "", nonsense),
        ("/events?after=1763700000000-3", "Last-Event-ID: yesterday\r\n", nonsense),
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{last}\r\n");
        let request = Request::read_from(&mut text.as_bytes()).ok().flatten().unwrap();
        let asked = say("request", &[&target, &last.trim_end()]);
        same(asked, expected, start(&request, &feed))?;
    }
    Ok(())
}
