//! The flag first, then the message that wakes everybody: whoever wakes finds the flag set.

use push_by_hand::feed::{Feed, Id, News};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub fn goodbye(feed: &Feed, closing: &AtomicBool) {
    closing.store(true, Ordering::SeqCst);
    feed.publish("goodbye");
}

pub fn hold(feed: &Feed, closing: &AtomicBool, after: Id, deadline: Instant) -> Option<News> {
    if closing.load(Ordering::SeqCst) {
        return None;
    }
    let news = feed.wait_after(after, deadline);
    if news.is_empty() || closing.load(Ordering::SeqCst) { None } else { Some(news) }
}
