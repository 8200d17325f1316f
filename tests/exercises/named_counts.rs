//! Publish an event of the type `clients`, with the number as its data, whenever the number of open
//! streams changes. The last number published must always be the right one, however many come and
//! go at once.

use push_by_hand::feed::Feed;
use std::sync::Mutex;

pub fn enter(_feed: &Feed, open: &Mutex<usize>) {
    *open.lock().unwrap() += 1;
}

pub fn leave(_feed: &Feed, open: &Mutex<usize>) {
    *open.lock().unwrap() -= 1;
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Somebody has to publish it: `Feed::publish_event` takes a type.
// 2. The stream of the one who leaves cannot announce it by writing to itself. Who can?
// 3. Two leave at once. If each counts, lets go of the lock, and publishes then, which number may
//   come last?
