//! The task: docs/03-long_polling.md, at its end. 题目：docs/zh/03-long_polling.md 末尾。

use push_by_hand::feed::{Feed, Id, News};
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

pub fn goodbye(_feed: &Feed, closing: &AtomicBool) {
    closing.store(false, Ordering::SeqCst);
}

pub fn hold(feed: &Feed, _closing: &AtomicBool, after: Id, deadline: Instant) -> Option<News> {
    let news = feed.wait_after(after, deadline);
    if news.is_empty() { None } else { Some(news) }
}
