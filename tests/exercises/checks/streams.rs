//! Chapters 4 to 6, 11 and 12: answers that go on, and the events in them.

use super::{Check, PATIENCE, connect, holds, miss, predicted, same, serve};
use crate::support::chunk;
use push_by_hand::event_stream::{Event, EventReader};
use push_by_hand::feed::{Feed, Id, Message, News};
use push_by_hand::http::chunked::ChunkedWriter;
use push_by_hand::http::{Request, Response, Status};
use push_by_hand::json;
use push_by_hand::server::{Responder, Sent};
use push_by_hand::websocket::{Message as Received, Role};
use std::io::{self, BufRead};
use std::sync::Arc;
use std::sync::atomic::AtomicUsize;
use std::time::Instant;

fn message(data: &str) -> Message {
    let id = Id { epoch: 1_763_700_000_000, seq: 42 };
    Message { id, time: 1_763_700_042_000, event: "message".into(), data: data.into() }
}

pub fn predict_the_chunk(size_line: Option<&str>) -> Check {
    let text = json::call("push", &json::message(&message("2025-11-21T07:20:01Z")));
    let stream = move |chunks: &ChunkedWriter| chunks.send(text.as_bytes());
    let mut client =
        connect(serve(move |_, responder| responder.stream(Response::new(Status::OK), &stream)));
    client.ask("GET", "/clock", "");
    client.read_through("\r\n\r\n");
    let line = client.read_through("\r\n");
    let line = String::from_utf8_lossy(&line).trim_end().to_owned();
    predicted(
        "the chunk's size line",
        size_line.map(str::to_ascii_lowercase),
        line.to_ascii_lowercase(),
    )
}

pub fn count_the_readers(
    stream: fn(&AtomicUsize, &Feed, &ChunkedWriter) -> io::Result<()>,
) -> Check {
    let feed = Arc::new(Feed::new(0, 100, 1 << 20));
    let (open, read) = (AtomicUsize::new(0), Arc::clone(&feed));
    let handler = move |chunks: &ChunkedWriter| stream(&open, &read, chunks);
    let port = serve(move |_, responder| responder.stream(Response::new(Status::OK), &handler));
    let open = || {
        let mut client = connect(port);
        client.ask("GET", "/clock", "");
        client.read_through("\r\n\r\n");
        client
    };
    feed.publish("a");
    let (mut first, text) = (open(), |chunk: Vec<u8>| String::from_utf8_lossy(&chunk).into_owned());
    same("a, with one document open", "1 a\n".into(), text(chunk(&mut first)))?;
    let mut second = open();
    same("a, in a second document", "2 a\n".into(), text(chunk(&mut second)))?;
    feed.publish("b");
    same("b, in the first", "2 b\n".into(), text(chunk(&mut first)))?;
    drop(second);
    // The server finds out by writing.
    let deadline = Instant::now() + PATIENCE;
    while Instant::now() < deadline {
        feed.publish("c");
        if text(chunk(&mut first)) == "1 c\n" {
            return Ok(());
        }
    }
    Err(miss("c, when the second document is gone", "\"1 c\\n\" soon", "2 c and 2 c again"))
}

pub fn post_message(script: fn(&str, &str) -> String) -> Check {
    const PAGE: &str = "http://localhost:9000";
    for text in ["07:20:01", "\"quoted\"", "</script><script>alert(1)//"] {
        let came = script(text, PAGE);
        let inside = came
            .strip_prefix("<script>parent.postMessage(")
            .and_then(|rest| rest.trim_end().strip_suffix("</script>"));
        let asked = format!("the script for the text {text}");
        let arguments = inside.and_then(|rest| rest.trim_end_matches(';').strip_suffix(')'));
        let rest = arguments.and_then(|arguments| arguments.strip_prefix(&json::string(text)));
        let Some(rest) = rest else {
            let expected =
                format!("<script>parent.postMessage({}, …)</script>", json::string(text));
            return Err(miss(&asked, expected, came));
        };
        let to = rest.trim_start_matches([',', ' ']);
        holds(
            to.trim_matches(['"', '\'']) == PAGE,
            &format!("{asked}: who may read it"),
            PAGE,
            to,
        )?;
        holds(came.ends_with(">\n"), &format!("{asked}: its end"), "a line feed", "none")?;
    }
    Ok(())
}

type Fired = (String, String, String);

/// What a browser would fire, and with which ID it would come back.
fn fire(bytes: &[u8]) -> (Vec<Fired>, String) {
    let mut reader = EventReader::new(bytes, "");
    let mut fired = Vec::new();
    while let Ok(Some(event)) = reader.next_event() {
        let kind = event.event.unwrap_or_else(|| "message".into());
        fired.push((kind, event.data.unwrap_or_default(), event.id.unwrap_or_default()));
    }
    (fired, reader.last_event_id)
}

pub fn predict_the_events(events: Option<&[(&str, &str, &str)]>) -> Check {
    let bytes = b"id: 7\ndata: a\n\nevent: x\n\ndata\n\nData: b\n\ndata:  c\ndata:\n\ndata: d";
    let own = |(kind, data, id): &(&str, &str, &str)| {
        (String::from(*kind), String::from(*data), String::from(*id))
    };
    predicted(
        "what is fired: type, data, last event ID",
        events.map(|events| events.iter().map(own).collect()),
        fire(bytes).0,
    )
}

pub fn smallest_block(block: fn(&Message) -> String) -> Check {
    let came = block(&message("1763700042000"));
    let wanted = (vec![("message".into(), "1763700042000".into(), "42".into())], "42".into());
    same(&format!("what a browser makes of {came:?}"), &wanted, &fire(came.as_bytes()))?;
    let lines: Vec<&str> = came.split_inclusive('\n').collect();
    let without_a_line = (0..lines.len()).map(|n| [&lines[..n], &lines[n + 1..]].concat().concat());
    let without_a_byte =
        came.char_indices().map(|(at, c)| [&came[..at], &came[at + c.len_utf8()..]].concat());
    match without_a_line.chain(without_a_byte).find(|less| fire(less.as_bytes()) == wanted) {
        None => Ok(()),
        Some(less) => {
            let came = format!("{} bytes, {came:?}", came.len());
            Err(miss(
                "the size of the block",
                format!("at most {} bytes that say the same", less.len()),
                came,
            ))
        }
    }
}

pub fn leave_for_good(stream: fn(&Request, &Feed, Responder<'_>) -> io::Result<Sent>) -> Check {
    let feed = Feed::new(1_763_700_000_000, 100, 1 << 20);
    for data in ["a", "b", "c", "d", "e"] {
        feed.publish(data);
    }
    let port = serve(move |request, responder| stream(request, &feed, responder));
    let visit = |last: &str, events: usize| {
        let mut client = connect(port);
        let field =
            if last.is_empty() { String::new() } else { format!("Last-Event-ID: {last}\r\n") };
        client.ask("GET", "/eventSource?last=3", &field);
        let (head, body) = client.response_in_parts();
        let mut reader = EventReader::new(io::BufReader::new(body), last);
        let mut data = String::new();
        while data.len() < events && head.status == Status::OK {
            let Ok(Some(event)) = reader.next_event() else { break };
            data.extend(event.data);
        }
        (head.status.code(), data, reader.last_event_id)
    };
    let (status, data, last) = visit("", 2);
    same("a first visit with ?last=3, cut after two events", (200, "ab".into()), (status, data))?;
    let (status, data, last) = visit(&last, 9);
    same("a second one, to its end", (200, "c".into()), (status, data))
        .map_err(|miss| miss_with_id(miss, &last))?;
    let (status, data, _) = visit(&last, 9);
    same("a third one: the page has had its three", (204, String::new()), (status, data))
        .map_err(|miss| miss_with_id(miss, &last))
}

fn miss_with_id(miss: super::Miss, last: &str) -> super::Miss {
    super::Miss { came: format!("{} (the last ID is now {last:?})", miss.came), ..miss }
}

pub fn two_types(blocks: fn(&News, &[&str]) -> Vec<u8>) -> Check {
    let feed = Feed::new(1_763_700_000_000, 100, 1 << 20);
    for (event, data) in [("message", "a"), ("tick", "b"), ("news", "c"), ("tick", "d")] {
        feed.publish_event(event, data);
    }
    let news = feed.after(feed.origin());
    let (fired, last) = fire(&blocks(&news, &["message", "news"]));
    let fired: Vec<_> =
        fired.iter().map(|(kind, data, _)| (kind.as_str(), data.as_str())).collect();
    same(
        "what is fired of message a, tick b, news c, tick d",
        vec![("message", "a"), ("news", "c")],
        fired,
    )?;
    same("the Last-Event-ID with which the browser comes back", news.last.to_string(), last)?;
    let (fired, last) = fire(&blocks(&news, &["other"]));
    same("what is fired where no type fits", 0, fired.len())?;
    same("the Last-Event-ID then", news.last.to_string(), last)?;
    // A block that changes nothing may be left out, and does no harm.
    let none = feed.after(news.last);
    same(
        "what is fired where nothing is new",
        Vec::<Fired>::new(),
        fire(&blocks(&none, &["message"])).0,
    )?;
    Ok(())
}

pub fn predict_the_growth(frame: Option<usize>, chunk: Option<usize>) -> Check {
    let long = "x".repeat(200);
    let sizes = ["hello", &long].map(|data| {
        let (message, mut frame) = (message(data), Vec::new());
        let text = json::message(&message);
        let event = Event { id: Some(message.id.to_string()), ..Event::message(&text) }.to_bytes();
        Received::Text(text).write_to(&mut frame, Role::Server);
        let stream = move |chunks: &ChunkedWriter| chunks.send(&event);
        let mut client = connect(serve(move |_, responder| {
            responder.stream(Response::new(Status::OK), &stream)
        }));
        client.ask("GET", "/events", "Connection: close\r\n");
        client.read_through("\r\n\r\n");
        (frame.len(), client.rest().len())
    });
    let text = long.len() - "hello".len();
    predicted("by how many bytes more the frame grows", frame, sizes[1].0 - sizes[0].0 - text)?;
    predicted("by how many bytes more the chunk grows", chunk, sizes[1].1 - sizes[0].1 - text)
}

pub fn a_sixth_reader(read: fn(&Feed, Id, Responder<'_>) -> io::Result<Sent>) -> Check {
    let feed = Arc::new(Feed::new(1_763_700_000_000, 100, 1 << 20));
    let shared = Arc::clone(&feed);
    let mut client = connect(serve(move |_, responder| read(&shared, shared.origin(), responder)));
    feed.publish("before");
    client.ask("GET", "/lines", "");
    let (head, mut body) = client.response_in_parts();
    same("the Content-Type", Some("application/x-ndjson"), head.fields.get("content-type"))?;
    for (data, published) in [("before", false), ("two\nlines", true), ("你", true)] {
        if published {
            feed.publish(data);
        }
        let mut line = String::new();
        let nothing = |_| {
            miss(
                &format!("the line of {data:?}"),
                "a line, and its end",
                format!("none in {PATIENCE:?}"),
            )
        };
        body.read_line(&mut line).map_err(nothing)?;
        let newest = feed.after(feed.before_newest());
        same(
            &format!("the line of {data:?}"),
            format!("{}\n", json::message(&newest.messages[0])),
            line,
        )?;
    }
    Ok(())
}

pub fn a_second_question(bytes: Option<usize>) -> Check {
    let script = json::call("push", &json::string("07:20:01"));
    let stream =
        move |chunks: &ChunkedWriter| (0..100).try_for_each(|_| chunks.send(script.as_bytes()));
    let mut client =
        connect(serve(move |_, responder| responder.stream(Response::new(Status::OK), &stream)));
    client.ask("GET", "/clock", "Connection: close\r\n");
    client.read_through("\r\n\r\n");
    predicted(
        "how many bytes a hundred messages have",
        bytes,
        client.rest().len() - b"0\r\n\r\n".len(),
    )
}
