use super::{Event, EventReader, MAX_EVENT};
use std::io::{BufRead, Read};
use std::time::Duration;

mod writing;

/// What a stream says: each event that fires as (type, last event ID, data); then the ID and the
/// time a reconnect would use.
#[derive(Debug, PartialEq)]
struct Said {
    events: Vec<(String, String, String)>,
    last_event_id: String,
    retry: Option<u64>,
}

fn listen(reader: impl BufRead) -> Said {
    let mut reader = EventReader::new(reader, "");
    let mut events = Vec::new();
    while let Some(event) = reader.next_event().unwrap() {
        let kind = event.event.unwrap_or_else(|| "message".into());
        events.push((kind, event.id.unwrap_or_default(), event.data.unwrap()));
    }
    let retry = reader.retry.map(|time| u64::try_from(time.as_millis()).unwrap());
    Said { events, last_event_id: reader.last_event_id, retry }
}

/// Reads the stream whole, and cut in two at every place.
fn read(bytes: &[u8]) -> Said {
    let whole = listen(bytes);
    for cut in 0..=bytes.len() {
        let (before, after) = bytes.split_at(cut);
        assert_eq!(listen(before.chain(after)), whole, "cut at {cut}: {}", bytes.escape_ascii());
    }
    let dripped = std::io::BufReader::with_capacity(1, bytes);
    assert_eq!(listen(dripped), whole, "byte by byte: {}", bytes.escape_ascii());
    whole
}

fn events(bytes: &[u8]) -> Vec<(String, String, String)> {
    read(bytes).events
}

fn data(bytes: &[u8]) -> Vec<String> {
    events(bytes).into_iter().map(|(_, _, data)| data).collect()
}

fn pieces(text: &str) -> usize {
    text.replace("data", "d").len()
}

#[test]
fn the_standards_own_examples_read_as_it_says() {
    assert_eq!(data(b"data: YHOO\ndata: +2\ndata: 10\n\n"), ["YHOO\n+2\n10"]);
    let said = read(
        b": test stream\n\ndata: first event\nid: 1\n\ndata:second event\nid\n\n\
        data:  third event\n",
    );
    let expected = [("message", "1", "first event"), ("message", "", "second event")];
    assert_eq!(said.events, expected.map(|(kind, id, data)| (kind.into(), id.into(), data.into())));
    assert_eq!(said.last_event_id, "");
    assert_eq!(data(b"data\n\ndata\ndata\n\ndata:"), ["", "\n"]);
    assert_eq!(data(b"data:test\n\ndata: test\n\n"), ["test", "test"]);
}

#[test]
fn a_line_ends_in_lf_cr_or_crlf() {
    for stream in [
        "data: a\ndata: b\n\ndata: c\n\n",
        "data: a\rdata: b\r\rdata: c\r\r",
        "data: a\r\ndata: b\r\n\r\ndata: c\r\n\r\n",
        "data: a\r\ndata: b\r\r\ndata: c\n\r",
        "data: a\ndata: b\r\n\rdata: c\r\n\n",
        "\r\n\r\rdata: a\ndata: b\n\n\n\ndata: c\n\n\n",
    ] {
        assert_eq!(data(stream.as_bytes()), ["a\nb", "c"], "{stream:?}");
    }
}

/// A connection that must not be waited for.
struct Silence;

impl Read for Silence {
    fn read(&mut self, _: &mut [u8]) -> std::io::Result<usize> {
        panic!("read beyond the event")
    }
}

impl BufRead for Silence {
    fn fill_buf(&mut self) -> std::io::Result<&[u8]> {
        panic!("read beyond the event")
    }

    fn consume(&mut self, _: usize) {}
}

#[test]
fn an_event_fires_when_its_block_ends_and_waits_for_nothing_more() {
    // After a CR an LF may follow, or never.
    for block in ["data: x\n\n", "data: x\r\r", "data: x\r\n\r"] {
        let mut reader = EventReader::new(block.as_bytes().chain(Silence), "");
        assert_eq!(reader.next_event().unwrap(), Some(Event::message("x")), "{block:?}");
    }
}

#[test]
fn one_space_after_the_colon_is_taken_away_and_a_missing_colon_means_an_empty_value() {
    for (line, value) in [
        ("data:x", "x"),
        ("data: x", "x"),
        ("data:  x", " x"),
        ("data:\tx", "\tx"),
        ("data: x ", "x "),
        ("data: a: b", "a: b"),
        ("data:", ""),
        ("data: ", ""),
        ("data", ""),
    ] {
        assert_eq!(data(format!("{line}\n\n").as_bytes()), [value], "{line:?}");
    }
}

#[test]
fn other_names_are_passed_over_and_names_are_taken_literally() {
    for line in [
        "Data: y",
        "DATA: y",
        " data: y",
        "data : y",
        "\tdata: y",
        "dat: y",
        "datas: y",
        ": y",
        ":",
        "y",
        "服: y",
    ] {
        assert_eq!(data(format!("data: x\n{line}\n\n").as_bytes()), ["x"], "{line:?}");
        assert_eq!(data(format!("{line}\n\n").as_bytes()), [""; 0], "{line:?}");
    }
    assert_eq!(
        events(b"Event: a\nID: 1\ndata: x\n\n"),
        [("message".into(), String::new(), "x".into())]
    );
}

#[test]
fn the_type_counts_for_one_event_and_an_empty_one_is_message() {
    for (stream, kinds) in [
        ("event: a\ndata: x\n\ndata: y\n\n", &["a", "message"][..]),
        ("data: x\nevent: a\n\n", &["a"]),
        ("event: a\nevent: b\ndata: x\n\n", &["b"]),
        ("event: a\nevent\ndata: x\n\n", &["message"]),
        ("event:\ndata: x\n\n", &["message"]),
        ("event: message\ndata: x\n\n", &["message"]),
        // A block without data fires nothing, and its type is forgotten.
        ("event: a\n\ndata: x\n\n", &["message"]),
        ("event: a\n: comment\ndata: x\n\n", &["a"]),
        ("event: \u{e9} b\0\ndata: x\n\n", &["\u{e9} b\0"]),
    ] {
        let said = events(stream.as_bytes());
        assert_eq!(
            said.iter().map(|(kind, ..)| kind.as_str()).collect::<Vec<_>>(),
            kinds,
            "{stream:?}"
        );
    }
}

#[test]
fn the_id_holds_until_another_is_set_and_counts_also_without_data() {
    for (stream, ids, last) in [
        ("id: 1\ndata: x\n\ndata: y\n\n", &["1", "1"][..], "1"),
        ("data: x\nid: 1\n\n", &["1"], "1"),
        ("id: 1\n\ndata: x\n\n", &["1"], "1"),
        ("id: 1\n\n", &[], "1"),
        ("id: 1\nid: 2\ndata: x\n\n", &["2"], "2"),
        // An empty one resets it: a browser then sends no Last-Event-ID.
        ("id: 1\ndata: x\n\nid\ndata: y\n\n", &["1", ""], ""),
        ("id: 1\ndata: x\n\nid:\n\n", &["1"], ""),
        ("id: 1\ndata: x\n\nid: \n\ndata: y\n\n", &["1", ""], ""),
        // One with NUL is no ID at all.
        ("id: 1\ndata: x\n\nid: 2\0\ndata: y\n\n", &["1", "1"], "1"),
        ("id: \0\ndata: x\n\n", &[""], ""),
        ("id: 1\nid: 2\0\ndata: x\n\n", &["1"], "1"),
        // A block that was cut off sets nothing.
        ("id: 1\ndata: x\n\nid: 2\ndata: y\n", &["1"], "1"),
        ("id: 1\ndata: x\n\nid: 2\n", &["1"], "1"),
        ("id:  a b:c \ndata: x\n\n", &[" a b:c "], " a b:c "),
    ] {
        let said = read(stream.as_bytes());
        assert_eq!(
            said.events.iter().map(|(_, id, _)| id.as_str()).collect::<Vec<_>>(),
            ids,
            "{stream:?}"
        );
        assert_eq!(said.last_event_id, last, "{stream:?}");
    }
    // What the stream before this one ended with still holds.
    let mut reader = EventReader::new(b"data: x\n\n".as_slice(), "9");
    assert_eq!(reader.next_event().unwrap().unwrap().id.as_deref(), Some("9"));
}

#[test]
fn the_reconnection_time_is_ascii_digits_and_anything_else_is_passed_over() {
    for (value, retry) in [
        ("20000", Some(20000)),
        ("0", Some(0)),
        ("007", Some(7)),
        ("", None),
        ("1.5", None),
        ("-1", None),
        ("+1", None),
        ("1s", None),
        (" 1", None),
        ("1 ", None),
        ("0x1", None),
        ("\u{661}", None), // a digit, but not in ASCII
        ("99999999999999999999999", None),
    ] {
        assert_eq!(read(format!("retry: {value}\n\n").as_bytes()).retry, retry, "{value:?}");
        // It needs no event, not even a whole block; and what is no time leaves the one that was.
        assert_eq!(
            read(format!("retry: 5\ndata: x\n\nretry: {value}\n").as_bytes()).retry,
            retry.or(Some(5)),
            "{value:?}"
        );
    }
}

#[test]
fn a_block_that_the_end_cuts_off_is_no_event() {
    let stream = "event: a\nid: 1\ndata: x\n\n";
    for cut in 0..stream.len() {
        assert_eq!(
            read(&stream.as_bytes()[..cut]),
            Said { events: vec![], last_event_id: String::new(), retry: None },
            "{cut}"
        );
    }
}

#[test]
fn one_byte_order_mark_is_passed_over_at_the_very_beginning() {
    assert_eq!(data("\u{feff}data: x\n\n".as_bytes()), ["x"]);
    assert_eq!(data("\u{feff}\u{feff}data: x\n\n".as_bytes()), [""; 0]);
    assert_eq!(data("\u{feff}\n\u{feff}data: x\n\ndata: y\n\n".as_bytes()), ["y"]);
    assert_eq!(data("data: x\n\u{feff}data: y\n\n".as_bytes()), ["x"]);
    assert_eq!(data(b"\xef\xbbdata: x\n\ndata: y\n\n"), ["y"]);
}

#[test]
fn bytes_that_are_not_utf8_become_replacement_characters() {
    assert_eq!(data(b"data: a\xffb\n\n"), ["a\u{fffd}b"]);
    assert_eq!(data(b"data: \xe6\x9c\n\n"), ["\u{fffd}"]);
    assert_eq!(data("data: 服务器回应\n\n".as_bytes()), ["服务器回应"]);
}

#[test]
fn a_line_and_an_event_have_a_limit() {
    let longest = "x".repeat(MAX_EVENT - "data: ".len());
    let stream = format!("data: {longest}\ndata: 12345\n\n");
    let said = EventReader::new(stream.as_bytes(), "").next_event().unwrap().unwrap();
    assert_eq!(said.data.unwrap().len(), MAX_EVENT);
    for too_long in [
        format!("data: {longest}x\n\n"),
        format!("data: {longest}\ndata: 123456\n\n"),
        ":".repeat(MAX_EVENT + 1),
    ] {
        let error = EventReader::new(too_long.as_bytes(), "").next_event().unwrap_err();
        assert_eq!(error.kind(), std::io::ErrorKind::InvalidData);
    }
}
