//! Where does a reader of the hub go on? A stream asks with `?after=ID`, and an EventSource that
//! comes back also says `Last-Event-ID`, with the same URL as before. Who names nothing begins
//! before the newest message; who names what is no ID gets `Id { epoch: 0, seq: 0 }`, which the
//! feed calls another run.

use push_by_hand::feed::{Feed, Id};
use push_by_hand::http::Request;

pub fn start(request: &Request, feed: &Feed) -> Id {
    match request.query("after") {
        Some(id) => id.parse().unwrap_or(feed.origin()),
        None => feed.before_newest(),
    }
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. The URL of an EventSource stays as it was. Which of the two is newer?
// 2. `Fields::get` does not mind the case of a name.
