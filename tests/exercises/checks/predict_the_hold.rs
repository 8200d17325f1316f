use super::exercise::{AFTER_TEN, AFTER_THREE, AT_THE_END};
use crate::checks::{Check, connect, lesson, predicted, say, serve};
use crate::support::{Program, eventually, get, text};
use push_by_hand::http::Response;
use std::sync::Mutex;
use std::sync::mpsc::channel;

/// The bytes of an event.
const EVENT: usize = 300;

pub fn check() -> Check {
    // How many events the server shall send next; when nobody can say it any more, the answer ends.
    let (orders, wanted) = channel::<usize>();
    let wanted = Mutex::new(wanted);
    let event = format!("data: {}\n\n", "x".repeat(EVENT - 8));
    let port = serve(move |_, responder| {
        responder.stream(Response::stream("text/event-stream"), |chunks| {
            for count in wanted.lock().unwrap().iter() {
                (0..count).try_for_each(|_| chunks.send(event.as_bytes()))?;
            }
            Ok(())
        })
    });
    let flags = ["--port", "0", "--page-port", "0", "--hold", "1", "--to"];
    let to = format!("localhost:{port}");
    let proxy = Program::start(lesson("proxy").to_str().unwrap(), &[&flags[..], &[&to]].concat());
    let mut reader = connect(proxy.port("proxy"));
    reader.ask("GET", "/", "Connection: close\r\n");

    // What has come to the proxy, and of it what has left. Less than 1 KiB is left for good.
    let passed = |sent: usize| {
        let mut passed = 0;
        eventually("the proxy has passed on what it will", || {
            let state = text(&get(proxy.port("page"), "/state")).to_owned();
            let down = state.split("\"down\":[").nth(1).and_then(|rest| rest.split(']').next());
            let numbers = down.unwrap_or_default().split(',').filter_map(|text| text.parse().ok());
            let numbers: Vec<usize> = numbers.collect();
            passed = numbers.get(1).copied().unwrap_or_default();
            numbers.first() == Some(&(sent * EVENT)) && sent * EVENT - passed < 1024
        });
        passed / EVENT
    };
    orders.send(3).unwrap();
    predicted(say("three", &[]), AFTER_THREE, || passed(3))?;
    orders.send(7).unwrap();
    predicted(say("ten", &[]), AFTER_TEN, || passed(10))?;
    drop(orders);
    let whole = String::from_utf8(reader.rest()).unwrap();
    predicted(say("end", &[]), AT_THE_END, || whole.matches("data: ").count())
}
