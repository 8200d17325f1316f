//! Event streams, beside the steps of the HTML standard, "Interpreting an event stream", on the
//! whole text at once. Nothing may differ. What was read is written and read again.

use crate::cut::every_way;
use push_by_hand::event_stream::{Event, EventReader};
use std::time::Duration;

type Read = (Vec<(String, String, String)>, String, Option<Duration>);

pub fn target(bytes: &[u8]) {
    let ours = every_way(bytes, |reader| {
        let mut events = EventReader::new(reader, "before");
        let mut fired = Vec::new();
        while let Some(event) = events.next_event().expect("no event is too long") {
            fired.push(plain(&event));
        }
        (fired, events.last_event_id, events.retry)
    });
    assert_eq!(ours, by_the_standard(bytes));
    for (event, id, data) in ours.0 {
        // What was read has no line end in any field. The writer leaves out a NUL, which is nothing
        // to name an event with.
        let (event, id) = (Some(event.replace('\0', "")), Some(id));
        let written = Event { event, id, retry: None, data: Some(data) };
        let bytes = written.to_bytes();
        let read = EventReader::new(bytes.as_slice(), "").next_event().unwrap();
        assert_eq!(read.as_ref().map(plain), Some(plain(&written)));
    }
}

/// An event with the standard's defaults: its type, the last event ID, its data.
fn plain(event: &Event) -> (String, String, String) {
    let kind = event.event.clone().filter(|kind| !kind.is_empty()).unwrap_or("message".into());
    (kind, event.id.clone().unwrap_or_default(), event.data.clone().unwrap_or_default())
}

fn by_the_standard(bytes: &[u8]) -> Read {
    let text = String::from_utf8_lossy(bytes);
    let text = text.strip_prefix('\u{feff}').unwrap_or(&text).replace("\r\n", "\n");
    let mut lines: Vec<&str> = text.split(['\r', '\n']).collect();
    lines.pop();
    let (mut fired, mut last_id, mut retry) = (Vec::new(), "before".to_owned(), None);
    let (mut data, mut kind, mut id) = (String::new(), String::new(), last_id.clone());
    for line in lines {
        let (name, value) = line.split_once(':').unwrap_or((line, ""));
        let value = value.strip_prefix(' ').unwrap_or(value);
        match name {
            "" if line.is_empty() => {
                last_id.clone_from(&id);
                if !data.is_empty() {
                    data.pop();
                    let named = if kind.is_empty() { "message".into() } else { kind.clone() };
                    fired.push((named, last_id.clone(), data.clone()));
                }
                (data, kind) = (String::new(), String::new());
            }
            "event" => kind = value.to_owned(),
            "data" => data.push_str(&format!("{value}\n")),
            "id" if !value.contains('\0') => id = value.to_owned(),
            "retry" if value.bytes().all(|byte| byte.is_ascii_digit()) => {
                // Where the number is too large for ours, the standard has no limit and we ignore.
                retry = value.parse().ok().map(Duration::from_millis).or(retry);
            }
            _ => {}
        }
    }
    (fired, last_id, retry)
}
