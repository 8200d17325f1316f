//! The dissector: what the client says, and then what the server says, each cut in all ways. The
//! first byte is the length of the first part, in sixteenths of the whole.
//!
//! Every byte is in one part. Each part is JSON that `serde_json` reads. Where the strict reader of
//! requests takes a head, the dissector has a part for each of its lines.

use crate::cut::every_way;
use push_by_hand::http::Request;
use push_by_hand::wire::{Direction, Dissector, Part};
use std::io::BufRead;

pub fn target(bytes: &[u8]) {
    let Some((&first, bytes)) = bytes.split_first() else { return };
    let client = bytes.len() * usize::from(first % 16 + 1) / 16;
    // Cut by the same reader as the others, which also cuts where the other side begins.
    let parts = every_way(bytes, |reader| {
        let mut dissector = Dissector::default();
        let mut parts = Vec::new();
        let (mut direction, mut left) = (Direction::In, client);
        loop {
            let here = reader.fill_buf().expect("a slice does not fail");
            if here.is_empty() {
                break;
            }
            if left == 0 {
                (direction, left) = (Direction::Out, usize::MAX);
                continue;
            }
            let n = here.len().min(left);
            parts.append(&mut dissector.read(direction, &here[..n]));
            reader.consume(n);
            left -= n;
        }
        parts.append(&mut dissector.end());
        parts
    });
    // The first two bytes of a frame are five parts, each with both: one of them is counted.
    let once = |part: &&Part| part.bits.as_ref().is_none_or(|bits| bits.start == 0);
    let length: u64 = parts.iter().filter(once).map(|part| part.length).sum();
    assert_eq!(length, bytes.len() as u64);
    for part in &parts {
        let json: serde_json::Value = serde_json::from_str(&part.to_json()).unwrap();
        assert_eq!((&json["name"], &json["meaning"]), (&part.name.into(), &(*part.meaning).into()));
    }
    check_request(&bytes[..client], &parts);
}

fn check_request(bytes: &[u8], parts: &[Part]) {
    let Ok(Some(request)) = Request::read_head_from(&mut &*bytes) else { return };
    let names = parts.iter().map(|part| part.name).skip_while(|name| *name == "empty line");
    let mut wanted = vec!["request-line"];
    wanted.extend(vec!["field line"; request.fields.iter().count()]);
    wanted.push("end of head");
    assert_eq!(names.take(wanted.len()).collect::<Vec<_>>(), wanted);
}
