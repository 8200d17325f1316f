//! What is said about bytes: polls, messages by each technique, frames.

use crate::bench::{Bench, Bytes, Cost, END, MESSAGE, PATIENCE};
use crate::client::{Client, EVENTS, IFRAME, POLL, hear, long_poll, read_message};
use crate::table::{line, row, so, tenths};
use base64::Engine as _;
use base64::engine::general_purpose::STANDARD as BASE64;
use push_by_hand::connection::Connection;
use push_by_hand::event_stream::Event;
use push_by_hand::http::Response;
use push_by_hand::http::body::Body;
use push_by_hand::websocket::{Opcode, mask};
use std::io;

pub fn poll(bench: &Bench) -> io::Result<()> {
    let (feed, port, _) = bench.feed(PATIENCE)?;
    feed.publish("07:20:01");
    let mut client = Client::connect(port)?;
    let mut ask = |head: &str| -> io::Result<(Bytes, u64)> {
        let before = bench.bytes();
        let response = client.ask(head)?;
        Ok((bench.bytes() - before, response.body.len() as u64))
    };
    let (page, useful) = ask(POLL)?;
    let header = page.all() - useful;
    let measured = format!("{} up + {} down = {header}", page.up, page.down - useful);
    row(
        "400 bytes of header and more",
        &measured,
        so(header >= 400, &format!("true: {} times that", tenths(header, 400))),
    );
    row(
        "about 10 bytes that are of use",
        &format!("{useful} of {}", page.all()),
        so((5..15).contains(&useful), "true"),
    );
    let (short, _) = ask("GET / HTTP/1.1\nHost: localhost:8080\n\n")?;
    let measured =
        format!("{} up + {} down = {}", short.up, short.down - useful, short.all() - useful);
    row("HTTP wants so many", &measured, so(short.up * 10 < page.up, "false: a browser does"));
    let (same, _) = ask("GET / HTTP/1.1\nHost: localhost:8080\nIf-None-Match: \"07:20:01\"\n\n")?;
    let measured =
        format!("{} up + {} down = {}, and not {}", same.up, same.down, same.all(), short.all());
    row(
        "\"304 Not Modified\" saves them",
        &measured,
        so(same.all() * 2 > short.all(), "half true: it has a header, too"),
    );
    Ok(())
}

/// Each way to bring a message, for a hundred of them.
pub fn techniques(bench: &Bench) -> io::Result<()> {
    line(&technique("", "each", "opening", "a hundred", "× 13 bytes"));
    polls(bench)?;
    streams(bench)?;
    sockets(bench)
}

fn technique(name: &str, each: &str, opening: &str, hundred: &str, useful: &str) -> String {
    format!("{name:<32} {each:>9}  {opening:>10}  {hundred:>9}  {useful:>5}")
}

fn show(name: &str, Cost { opening, message, all }: Cost) {
    let up_and_down = |bytes: Bytes| format!("{} + {}", bytes.up, bytes.down);
    line(&technique(
        name,
        &up_and_down(message),
        &up_and_down(opening),
        &all.to_string(),
        &tenths(message.all(), MESSAGE.len() as u64),
    ));
}

fn polls(bench: &Bench) -> io::Result<()> {
    let (feed, port, _) = bench.feed(PATIENCE)?;
    let poll = |client: &mut Client, _| {
        feed.publish(MESSAGE);
        client.ask(POLL).map(drop)
    };
    show("polling that always finds one", bench.cost(|| Client::connect(port), poll)?.0);

    let (feed, port, _) = bench.feed(PATIENCE)?;
    let poll = |client: &mut Client, _| {
        let head = long_poll(feed.newest());
        feed.publish(MESSAGE);
        client.ask(&head).map(drop)
    };
    show("long polling", bench.cost(|| Client::connect(port), poll)?.0);
    Ok(())
}

fn streams(bench: &Bench) -> io::Result<()> {
    let by_type = EVENTS.replace("/eventSource", "/eventStream");
    for (name, head) in [
        ("iframe stream", IFRAME),
        ("event stream, written by hand", EVENTS),
        ("event stream, JSON and long ids", &by_type),
    ] {
        let (feed, port, _) = bench.feed(PATIENCE)?;
        feed.publish(MESSAGE);
        let read = |body: &mut Body<Connection>, n| {
            if n > 1 {
                feed.publish(MESSAGE);
            }
            read_message(body)
        };
        let (cost, mut body) = bench.cost(|| Client::connect(port)?.stream(head), read)?;
        show(name, cost);
        feed.publish(END);
        io::copy(&mut body, &mut io::sink())?;
    }
    Ok(())
}

fn sockets(bench: &Bench) -> io::Result<()> {
    for (name, path) in [("WebSocket, down", "/push"), ("WebSocket, down, the same JSON", "/json")]
    {
        let (feed, port, _) = bench.feed(PATIENCE)?;
        let read = |client: &mut Client, _| {
            feed.publish(MESSAGE);
            client.frame().map(drop)
        };
        let (cost, mut client) = bench.cost(|| Client::upgraded(port, path), read)?;
        show(name, cost);
        feed.publish(END);
        client.frame()?;
    }
    let (_, port, waits) = bench.feed(PATIENCE)?;
    let send = |client: &mut Client, _| {
        client.send_frame(Opcode::Text, MESSAGE.as_bytes())?;
        hear(&waits)
    };
    let (cost, mut client) = bench.cost(|| Client::upgraded(port, "/mute"), send)?;
    show("WebSocket, up", cost);
    client.close()
}

pub fn frames(bench: &Bench) -> io::Result<()> {
    let (_, port, _) = bench.feed(PATIENCE)?;
    let mut client = Client::upgraded(port, "/echo")?;
    let lengths: [usize; 5] = [13, 125, 126, 65_535, 65_536];
    let (mut up, mut down) = ([0; 5], [0; 5]);
    for (i, length) in lengths.into_iter().enumerate() {
        let payload = vec![b'.'; length];
        let before = bench.bytes();
        client.send_frame(Opcode::Text, &payload)?;
        if client.frame()?.payload != payload {
            return Err(io::Error::other("the echo is another payload"));
        }
        let crossed = bench.bytes() - before;
        (up[i], down[i]) = (crossed.up - length as u64, crossed.down - length as u64);
    }
    let columns = |name: &str, numbers: [u64; 5], verdict: &str| {
        let numbers = numbers.map(|number| format!("{number:>7}")).concat();
        line(&format!("{name:<32}{numbers}  {verdict}"));
    };
    columns("payloads of", lengths.map(|length| length as u64), "");
    columns("2, 4 or 10 more from the server", down, so(down == [2, 2, 4, 4, 10], "true"));
    columns("6, 8 or 14 more from the client", up, so(up == [6, 6, 8, 8, 14], "true"));
    let key: [u64; 5] = std::array::from_fn(|i| up[i] - down[i]);
    columns("of which the masking-key", key, so(key == [4; 5], "true"));
    let mut masked = MESSAGE.as_bytes().to_vec();
    mask(&mut masked, [0x37, 0xfa, 0x21, 0x3d], 0);
    let measured = format!("{} bytes masked are {}", MESSAGE.len(), masked.len());
    row(
        "masking leaves the payload its length",
        &measured,
        so(masked.len() == MESSAGE.len(), "true"),
    );
    binary(bench, &mut client)?;
    client.close()
}

/// What is no text: a WebSocket has a frame for it, and an event stream must write it as text.
fn binary(bench: &Bench, client: &mut Client) -> io::Result<()> {
    let bytes = [0; 30_000];
    let port = bench.serve(move |request, responder| {
        responder.stream(Response::stream("text/event-stream"), |chunks| {
            if request.path() == "/event" {
                chunks.send(&Event::message(&BASE64.encode(bytes)).to_bytes())?;
            }
            Ok(())
        })
    })?;
    let ask = |path: &str| -> io::Result<u64> {
        let before = bench.bytes();
        Client::connect(port)?.ask(&format!("GET {path} HTTP/1.1\nHost: localhost\n\n"))?;
        Ok((bench.bytes() - before).down)
    };
    let event = ask("/event")? - ask("/")?;
    let before = bench.bytes();
    client.send_frame(Opcode::Binary, &bytes)?;
    client.frame()?;
    let frame = (bench.bytes() - before).down;
    row(
        "binary costs an event stream a third more",
        &format!("{} bytes: {event} as an event, {frame} as a frame", bytes.len()),
        so(event * 3 / frame == 4, "true: base64"),
    );
    Ok(())
}
