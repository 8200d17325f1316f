use super::exercise::gather;
use crate::checks::{Check, feed, holds, patience, same, say};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub fn check() -> Check {
    let feed = feed(100);
    let waited = AtomicBool::new(false);
    let moment = || {
        waited.store(true, Ordering::Relaxed);
        feed.publish("b");
        feed.publish("c");
    };
    let start = feed.before_newest();
    gather(&feed, start, Instant::now(), &moment);
    let none = !waited.load(Ordering::Relaxed);
    holds(none, say("no news", &[]), say("no moment", &[]), say("a moment", &[]))?;
    feed.publish("a");
    let news = gather(&feed, start, Instant::now() + patience(), &moment);
    let data: Vec<&str> = news.messages.iter().map(|message| message.data.as_str()).collect();
    same(say("burst", &[]), vec!["a", "b", "c"], data)?;
    same(say("cursor", &[]), feed.newest(), news.last)
}
