//! The task: docs/03-long_polling.md, at its end. 题目：docs/zh/03-long_polling.md 末尾。

use push_by_hand::feed::{Feed, Id, News};
use std::time::Instant;

pub fn gather(feed: &Feed, after: Id, deadline: Instant, moment: &dyn Fn()) -> News {
    let news = feed.wait_after(after, deadline);
    moment();
    news
}
