//! The URL says where the page began, `Last-Event-ID` how far it came.

use push_by_hand::feed::{Feed, Id};
use push_by_hand::http::Request;

pub fn start(request: &Request, feed: &Feed) -> Id {
    let back = request.fields.get("last-event-id").map(str::to_owned);
    match back.or_else(|| request.query("after")) {
        Some(id) => id.parse().unwrap_or(Id::FOREIGN),
        None => feed.before_newest(),
    }
}
