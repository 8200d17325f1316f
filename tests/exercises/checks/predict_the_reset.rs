use super::exercise::{FIRST, MISSED};
use crate::checks::{Check, EPOCH, feed, predicted, say};
use push_by_hand::feed::{Gap, Id};

pub fn check() -> Check {
    let feed = feed(300);
    for n in 1..=700 {
        feed.publish(&n.to_string());
    }
    let news = feed.after(Id { epoch: EPOCH, seq: 100 });
    predicted(say("missed", &[]), MISSED, || if let Gap::Missed(n) = news.gap { n } else { 0 })?;
    predicted(say("first", &[]), FIRST, || news.messages[0].id.seq)
}
