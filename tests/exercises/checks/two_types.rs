use super::exercise::blocks;
use crate::checks::{Check, Fired, feed, fire, same, say};

pub fn check() -> Check {
    let feed = feed(100);
    let start = feed.before_newest();
    for (event, data) in [("message", "a"), ("tick", "b"), ("news", "c"), ("tick", "d")] {
        feed.publish_event(event, data);
    }
    let news = feed.after(start);
    let (fired, last) = fire(&blocks(&news, &["message", "news"]));
    let pairs = fired.iter().map(|(kind, data, _)| (kind.as_str(), data.as_str()));
    same(say("fired", &[]), vec![("message", "a"), ("news", "c")], pairs.collect())?;
    same(say("back", &[]), news.last.to_string(), last)?;
    let (fired, last) = fire(&blocks(&news, &["other"]));
    same(say("no type fits", &[]), 0, fired.len())?;
    same(say("back", &[]), news.last.to_string(), last)?;
    // A block that changes nothing may be left out, and does no harm.
    let none = feed.after(news.last);
    let fired = fire(&blocks(&none, &["message"])).0;
    same(say("nothing new", &[]), Vec::<Fired>::new(), fired)
}
