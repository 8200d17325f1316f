//! The task: docs/04-iframe_stream.md, at its end. 题目：docs/zh/04-iframe_stream.md 末尾。

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
