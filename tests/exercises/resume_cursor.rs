//! The task: docs/12-hub.md, at its end. 题目：docs/zh/12-hub.md 末尾。

use push_by_hand::feed::{Feed, Id};
use push_by_hand::http::Request;

pub fn start(request: &Request, feed: &Feed) -> Id {
    match request.query("after") {
        Some(id) => id.parse().unwrap_or(feed.start()),
        None => feed.before_newest(),
    }
}
