//! Where a reader wants to go on: an id as text, and as a request says it.
//!
//! An id that is read is written as the same numbers, and both numbers are those that `serde_json`
//! reads. Every request that names none of ours still gets an answer, and the answer is news.

use push_by_hand::feed::{Feed, Gap, Id};
use push_by_hand::http::Request;
use push_by_hand::lesson::after;

pub fn target(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    if let Ok(id) = text.parse::<Id>() {
        assert_eq!(id.to_string().parse(), Ok(id));
        let numbers = text.split('-').map(|digits| {
            let digits = digits.trim_start_matches('0');
            serde_json::from_str::<u64>(if digits.is_empty() { "0" } else { digits }).unwrap()
        });
        assert_eq!(numbers.collect::<Vec<_>>(), [id.epoch, id.seq]);
    }

    let feed = Feed::new(7, 3, 1000);
    for text in ["one", "two", "three", "four"] {
        feed.publish(text);
    }
    if let Ok(Some(request)) = Request::read_head_from(&mut &*bytes)
        && let Ok(id) = after(&request, &feed)
    {
        let news = feed.after(id);
        assert_eq!(news.last, feed.newest());
        let lost = match news.gap {
            Gap::None => id.seq,
            Gap::Missed(lost) => id.seq + lost,
            // All that there is.
            Gap::OtherRun => 1,
        };
        assert_eq!(news.messages.len() as u64 + lost, 4);
    }
}
