//! Let a burst come as one answer: after the first new message, wait for a moment before you
//! answer. `moment` waits for 50 ms in earnest; the check publishes something meanwhile. If nothing
//! comes before the deadline, do not wait longer.

use push_by_hand::feed::{Feed, Id, News};
use std::time::Instant;

pub fn gather(feed: &Feed, after: Id, deadline: Instant, moment: &dyn Fn()) -> News {
    let news = feed.wait_after(after, deadline);
    moment();
    news
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. After `wait_after` has returned news, wait for the moment, and then ask the feed once more
//   with `after`.
// 2. Why is it wrong to just wait and send what `wait_after` returned?
// 3. With 50 ms in earnest, what is the most requests a page can now make in a second?
