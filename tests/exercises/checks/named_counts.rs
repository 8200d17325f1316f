use super::exercise::{enter, leave};
use crate::checks::{Check, EPOCH, feed, holds, same, say};
use push_by_hand::feed::{Feed, Message};
use std::sync::Mutex;
use std::thread;

/// Whoever publishes holds the feed for a moment longer, so that others come before it: between
/// the count and its message, if they can.
fn let_others_come(message: &Message) -> String {
    if message.id.seq.is_multiple_of(8) {
        thread::yield_now();
    }
    String::new()
}

pub fn check() -> Check {
    let feed = feed(10);
    let (open, start) = (Mutex::new(0), feed.before_newest());
    enter(&feed, &open);
    enter(&feed, &open);
    leave(&feed, &open);
    let news = feed.after(start);
    let pairs = news.messages.iter().map(|message| (message.event.as_str(), message.data.as_str()));
    let counts: Vec<_> = pairs.collect();
    let expected = vec![("clients", "1"), ("clients", "2"), ("clients", "1")];
    same(say("three", &[]), expected, counts)?;
    // Once, a fault may stay hidden by luck.
    (0..3).try_for_each(|_| at_once())
}

fn at_once() -> Check {
    let feed = Feed::writing(EPOCH, 100_000, 1 << 20, let_others_come);
    let (open, start) = (Mutex::new(0), feed.before_newest());
    let asked = say("eight", &[]);
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
    holds(jump.is_none(), asked, say("one by one", &[]), came)
}
