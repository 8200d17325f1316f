//! Let each message say how many documents are open at the moment, its own among them.

use push_by_hand::feed::Feed;
use push_by_hand::http::chunked::ChunkedWriter;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub fn stream(open: &AtomicUsize, feed: &Feed, chunks: &ChunkedWriter) -> io::Result<()> {
    let mut after = feed.before_newest();
    loop {
        let news = feed.wait_after(after, Instant::now() + Duration::from_secs(5));
        for message in &news.messages {
            let count = open.load(Ordering::Relaxed);
            chunks.send(format!("{count} {}\n", message.data).as_bytes())?;
        }
        after = news.last;
    }
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. `open` must be added to when `stream` begins.
// 2. It must be subtracted from however `stream` ends, by `?` as well. What in Rust runs in either
//   case?
// 3. A value whose `Drop` subtracts.
