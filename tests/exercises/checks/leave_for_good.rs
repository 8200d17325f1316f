use super::exercise::stream;
use crate::checks::{Check, connect, feed, holds, say, serve};
use push_by_hand::event_stream::EventReader;
use push_by_hand::http::Status;
use std::io;

pub fn check() -> Check {
    let feed = feed(100);
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
        (format!("{} {data:?}", head.status.code()), reader.last_event_id)
    };
    let mut last = String::new();
    for (asked, events, expected) in
        [("first", 2, "200 \"ab\""), ("second", 9, "200 \"c\""), ("third", 9, "204 \"\"")]
    {
        let asked = say(asked, &[&format!("{last:?}")]);
        let (came, id) = visit(&last, events);
        holds(came == expected, asked, expected, &came)?;
        last = id;
    }
    Ok(())
}
