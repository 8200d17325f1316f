use super::exercise::body;
use crate::checks::{Check, EPOCH, feed, same, say};
use push_by_hand::json;

pub fn check() -> Check {
    let feed = feed(100);
    for data in ["a", "b", r#"{"id":"c"}"#] {
        feed.publish(data);
    }
    let news = feed.after(feed.start());
    let [a, b, c] = [0, 1, 2].map(|n| json::message(&news.messages[n]) + "\n");
    let heartbeat = "{\"heartbeat\":true}\n";
    let cut = &c[..c.len() - 1];
    for (heard, number) in [
        (String::new(), None),
        (heartbeat.to_owned(), None),
        (format!("{{\"missed\":null}}\n{a}"), Some(1)),
        (format!("{a}{b}{heartbeat}"), Some(2)),
        (format!("{a}{b}{c}"), Some(3)),
        (format!("{a}{b}{}", &c[..10]), Some(2)),
        (format!("{a}{b}{cut}"), Some(2)),
        (a[..a.len() - 1].to_owned(), None),
    ] {
        let expected = number.map_or(String::new(), |number| format!("{EPOCH}-{number}"));
        same(say("heard", &[&format!("{heard:?}")]), expected, body(&heard))?;
    }
    Ok(())
}
