//! Counting and publishing happen under one lock, so that the numbers are published in the order in
//! which they were true.

use push_by_hand::feed::Feed;
use std::sync::Mutex;

pub fn enter(feed: &Feed, open: &Mutex<usize>) {
    let mut open = open.lock().unwrap();
    *open += 1;
    feed.publish_event("clients", &open.to_string());
}

pub fn leave(feed: &Feed, open: &Mutex<usize>) {
    let mut open = open.lock().unwrap();
    *open -= 1;
    feed.publish_event("clients", &open.to_string());
}
