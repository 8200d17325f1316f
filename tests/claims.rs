//! The program `claims`, run once as it is built. Its bytes are compared with what the standards'
//! own layouts make them; its times are not looked at.

use crate::support;

use std::process::Command;
use std::sync::OnceLock;
use support::Program;

/// Runs the program with these flags; all that it printed.
fn run(flags: &[&str]) -> String {
    let (code, output, log) =
        Program::run(Command::new(env!("CARGO_BIN_EXE_claims")).args(flags)).wait_for_end();
    assert_eq!((code, log.as_str()), (Some(0), ""), "{output}");
    output
}

/// What the whole of it prints. One run is enough for all tests: it takes some seconds.
fn table() -> &'static str {
    static TABLE: OnceLock<String> = OnceLock::new();
    TABLE.get_or_init(|| run(&[]))
}

/// What belongs to a claim of a section, with single spaces: the measurement, and then the verdict.
/// The measurement has a line of its own below, where it does not stand in the claim's own.
fn after(section: &str, claim: &str) -> String {
    let table = format!("\n\n{}", table());
    let (_, table) = table
        .split_once(&format!("\n\n{section}: "))
        .unwrap_or_else(|| panic!("no section {section} in\n{table}"));
    let mut lines = table.lines().take_while(|line| !line.is_empty()).peekable();
    let mut found = Vec::new();
    while let Some(line) = lines.next() {
        let own = line.strip_prefix("  ").and_then(|line| line.strip_prefix(claim));
        if let Some(own) = own.filter(|own| own.is_empty() || own.starts_with([' ', '\n'])) {
            let below = lines.next_if(|line| line.starts_with("      ")).unwrap_or("");
            found.push(format!("{below} {own}"));
        }
    }
    assert_eq!(found.len(), 1, "\"{claim}\" in\n{table}");
    found[0].split_whitespace().collect::<Vec<_>>().join(" ")
}

/// The numbers in a text.
fn numbers(text: &str) -> Vec<u64> {
    text.split(|c: char| !c.is_ascii_digit()).filter_map(|digits| digits.parse().ok()).collect()
}

#[test]
fn a_poll_of_a_browser_carries_a_hundred_times_what_it_brings() {
    let answer = "HTTP/1.1 200 OK\r\nDate: Sat, 21 Nov 2026 05:57:17 GMT\r\nContent-Length: 8\r\n\
        Content-Type: text/plain; charset=utf-8\r\nX-Content-Type-Options: nosniff\r\n\
        Cache-Control: no-store\r\nETag: \"05:57:17\"\r\n\
        Access-Control-Allow-Origin: http://localhost:8000\r\nAccess-Control-Expose-Headers: ETag\r\n\r\n";
    let unchanged = "HTTP/1.1 304 Not Modified\r\nDate: Sat, 21 Nov 2026 05:57:17 GMT\r\nCache-Control: no-store\r\n\
        ETag: \"05:57:17\"\r\nAccess-Control-Allow-Origin: http://localhost:8000\r\n\
        Access-Control-Expose-Headers: ETag\r\n\r\n";
    assert_eq!((answer.len(), unchanged.len()), (281, 198));
    // 557 bytes came from Chromium: the system call that read them said so.
    for (claim, measured) in [
        ("400 bytes of header and more", "557 up + 281 down = 838 true: 2.1 times that"),
        ("about 10 bytes that are of use", "8 of 846 true"),
        ("HTTP wants so many", "40 up + 281 down = 321 false: a browser does"),
        (
            "\"304 Not Modified\" saves them",
            "67 up + 198 down = 265, and not 329 half true: it has a header, too",
        ),
    ] {
        assert_eq!(after("poll", claim), measured);
    }
}

#[test]
fn a_message_costs_what_its_format_adds() {
    let (id, data) = ("1763700000000-1", "1763700042000");
    let json = format!(r#"{{"id":"{id}","time":1763700042000,"event":"message","data":"{data}"}}"#);
    // Two hexadecimal digits of size, and two line ends.
    let chunk = |text: &str| 2 + 2 + text.len() + 2;
    let by_hand = format!("event:message\nid:1\ndata:{data}\n\n");
    assert_eq!(by_hand.len(), 39);
    let by_type = format!("event: message\nid: {id}\ndata: {{\"ts\":\"{data}\"}}\n\n");
    let script = format!("<script>parent.push({json})</script>\n");
    for (technique, up, down, opening_up, opening_down) in [
        ("iframe stream", 0, chunk(&script), 674, 1284),
        ("event stream, written by hand", 0, chunk(&by_hand), 553, 142),
        ("event stream, JSON and long ids", 0, chunk(&by_type), 553, 183),
        ("WebSocket, down", 0, 2 + data.len(), 499, 129),
        ("WebSocket, down, the same JSON", 0, 2 + json.len(), 499, 129),
        ("WebSocket, up", 2 + 4 + data.len(), 0, 499, 129),
        ("polling that always finds one", 557, 281 + 6 + data.len(), 0, 0),
        (
            "long polling",
            554,
            167 + r#"{"id":"","missed":0,"messages":[]}"#.len() + id.len() + json.len(),
            0,
            0,
        ),
    ] {
        let row = after("bytes", technique);
        let start = format!("{up} + {down} {opening_up} + {opening_down} ");
        assert!(row.starts_with(&start), "{technique}: {start}; {row}");
        // The ids of messages 10 to 99 have a byte more than the first nine, that of message 100
        // two.
        let all = 100 * (up + down) + opening_up + opening_down;
        let grown = usize::try_from(numbers(&row)[4]).unwrap() - all;
        let ids = match technique {
            "polling that always finds one" | "WebSocket, down" | "WebSocket, up" => 0,
            // The request names the message before; the answer names its own twice.
            "long polling" => 90 + 92 + 92,
            _ => 92,
        };
        assert_eq!(grown, ids, "{technique}: {row}");
    }
}

#[test]
fn frames_add_what_their_layout_says() {
    for (claim, measured) in [
        ("payloads of", "13 125 126 65535 65536"),
        ("2, 4 or 10 more from the server", "2 2 4 4 10 true"),
        ("6, 8 or 14 more from the client", "6 6 8 8 14 true"),
        ("of which the masking-key", "4 4 4 4 4 true"),
        ("masking leaves the payload its length", "13 bytes masked are 13 true"),
        (
            "binary costs an event stream a third more",
            "30000 bytes: 40016 as an event, 30004 as a frame true: base64",
        ),
    ] {
        assert_eq!(after("frames", claim), measured);
    }
}

#[test]
fn a_hundred_polls_are_one_connection_unless_each_closes_its_own() {
    assert_eq!(
        after("connections", "polling makes very many connections"),
        "connections: 1 false: many requests on one"
    );
    assert_eq!(
        after("connections", "the same, with \"Connection: close\""),
        "connections: 100 true"
    );
}

#[test]
fn who_may_speak_when_is_as_the_standard_says() {
    for (claim, measured) in [
        (
            "data goes one way at a time",
            "413 after 1000 of 2000000 bytes, then 1000 more half true: TCP goes both ways",
        ),
        (
            "a question waits for the answer before it",
            "asked: /1, /2 in one write; answered: /1, /2 false: only answers keep an order",
        ),
        (
            "a server cannot push if it is not asked",
            "100 messages: 0 bytes, then 100 in one answer true",
        ),
        (
            "what it sends unasked is no answer",
            "asked /2, read \"news\"; or looked, and closed half true: if the client looks",
        ),
    ] {
        assert_eq!(after("http", claim), measured);
    }
    for (claim, measured) in [
        // The comment that is sent at once, a reconnection time, and the head before them; then the
        // event.
        ("\"open\" fires before the first event", "183 bytes before, 71 with the event true"),
        (
            "the same, if the head waits for the event",
            "0 bytes before, 187 with the event false: it fires with that event",
        ),
    ] {
        assert_eq!(after("open", claim), measured);
    }
}

#[test]
fn over_a_distance_only_an_open_stream_needs_one_trip() {
    for (claim, measured) in [
        ("an open stream brings news in one trip", "event stream 1, WebSocket 1 true"),
        // RFC 6202 §2.2: the answer, the next request, the next answer.
        (
            "long polling does so, too",
            "a message by itself 1, the second of two at once 3 half true: it must ask again",
        ),
        (
            "a poll brings news when its turn comes",
            "asked as soon as there is news 2 true: and then in two trips",
        ),
    ] {
        assert_eq!(after("distance", claim), measured);
    }
}

#[test]
fn the_processor_is_asked_for_each_way_to_read() {
    for messages in [3, 60, 300] {
        let row = after("processor", &format!("waiting costs less: {messages} messages a minute"));
        let times = numbers(row.split_once(" stream ").map_or("", |(times, _)| times));
        // A second of a processor in a second would be a million.
        let is_measured = matches!(times[..], [poll, _, held, _] if poll > 0 && held < 1_000_000);
        assert!(is_measured || row.contains("no /proc to"), "{row}");
    }
}

#[test]
fn long_polling_asks_no_more_often_than_there_is_news_or_a_time_is_up() {
    for messages in [0, 2, 12, 60, 300] {
        let row = numbers(&after(
            "crossing",
            &format!("it saves requests: {messages} messages a minute"),
        ));
        // One to begin with, one after each message, one after each hold of 25 s.
        assert!(row[0] == 60 && (1..=1 + messages + 2).contains(&row[1]), "{messages}: {row:?}");
    }
}

#[test]
fn a_held_request_takes_a_thread() {
    let row = after("held", "long polling needs high concurrency");
    match numbers(&row)[..] {
        [held, threads, ..] => assert!(held > 0 && threads > held, "{row}"),
        _ => assert!(row.contains("no /proc to"), "{row}"),
    }
    assert!(after("held", "one message answers them all").ends_with(" true"));
}

#[test]
fn every_time_stands_with_its_spread() {
    let start = table().find("\ndelay: ").unwrap();
    let rows = table()[start..].lines().skip(2).take_while(|line| !line.is_empty());
    let rows: Vec<_> = rows.filter(|line| line.starts_with("      ")).collect();
    assert_eq!(rows.len(), 10, "{rows:#?}");
    for row in rows {
        // 0.018 ms (0.017 ms to 0.020 ms)
        let times: Vec<f64> = row
            .split([' ', '('])
            .filter_map(|word| word.contains('.').then(|| word.parse().ok())?)
            .collect();
        assert!(times.len() >= 3 && times[1] <= times[0] && times[0] <= times[2], "{row}");
    }
}

#[test]
fn the_table_fits_into_eighty_columns() {
    for line in table().lines() {
        assert!(line.chars().count() <= 80, "{line}");
    }
}

#[test]
fn what_is_left_out_is_said() {
    assert!(!table().contains("left out"), "{}", table());
    let exact = run(&["--exact"]);
    assert!(
        exact.ends_with("\nleft out: crossing, held, processor, delay") && !exact.contains(" ms"),
        "{exact}"
    );
    assert!(
        table()
            .starts_with(exact.strip_suffix("left out: crossing, held, processor, delay").unwrap()),
        "exact is exact: {exact}"
    );
    let some = run(&["--only", "poll", "--only=connections"]);
    assert!(some.starts_with("poll: ") && some.contains("\n\nconnections: "), "{some}");
    let others = "bytes, frames, http, open, distance, crossing, held, processor, delay";
    assert!(some.ends_with(&format!("\nleft out: {others}")), "{some}");
}

#[test]
fn a_section_that_nobody_knows_is_an_error() {
    for flags in [&["--only", "speed"][..], &["--only"], &["--only=", "--exact"], &["poll"]] {
        let (code, output, log) =
            Program::run(Command::new(env!("CARGO_BIN_EXE_claims")).args(flags)).wait_for_end();
        assert_eq!((code, output.as_str()), (Some(2), ""), "{flags:?}");
        assert!(log.contains("exact: poll"), "{log}");
    }
}
