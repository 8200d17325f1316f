//! `?` leaves a function by many doors; a value that is dropped stands at all of them.

use push_by_hand::feed::Feed;
use push_by_hand::http::chunked::ChunkedWriter;
use std::io;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

pub fn stream(open: &AtomicUsize, feed: &Feed, chunks: &ChunkedWriter) -> io::Result<()> {
    open.fetch_add(1, Ordering::Relaxed);
    let _leaves = Leaves(open);
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

struct Leaves<'a>(&'a AtomicUsize);

impl Drop for Leaves<'_> {
    fn drop(&mut self) {
        self.0.fetch_sub(1, Ordering::Relaxed);
    }
}
