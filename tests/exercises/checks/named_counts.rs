use super::exercise::{enter, leave};
use crate::checks::{Check, feed, holds, same, say};
use std::sync::Mutex;
use std::thread;

pub fn check() -> Check {
    let (feed, open) = (feed(100_000), Mutex::new(0));
    let start = feed.before_newest();
    enter(&feed, &open);
    enter(&feed, &open);
    leave(&feed, &open);
    let news = feed.after(start);
    let pairs = news.messages.iter().map(|message| (message.event.as_str(), message.data.as_str()));
    let counts: Vec<_> = pairs.collect();
    let expected = vec![("clients", "1"), ("clients", "2"), ("clients", "1")];
    same(say("three", &[]), expected, counts)?;
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    enter(&feed, &open);
                    leave(&feed, &open);
                }
            });
        }
    });
    let news = feed.after(start);
    let counts: Vec<usize> =
        news.messages.iter().map(|message| message.data.parse().unwrap_or(usize::MAX)).collect();
    let jump = counts.windows(2).find(|pair| pair[0].abs_diff(pair[1]) != 1);
    let came = jump.map_or_else(String::new, |pair| format!("{} → {}", pair[0], pair[1]));
    holds(jump.is_none(), say("eight", &[]), say("one by one", &[]), came)
}
