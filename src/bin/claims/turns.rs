//! What is said about turns: connections and requests, who may speak when, and what comes first.

use crate::bench::{Bench, END, MESSAGE, PATIENCE};
use crate::client::{Client, EVENTS, POLL, hear, joined, long_poll, read_message};
use crate::table::{row, so};
use push_by_hand::connection::{Connection, Waited};
use push_by_hand::http::{Request, Response, Status, Terms, Version};
use std::io;
use std::net::{Ipv4Addr, TcpListener};
use std::thread;
use std::time::Duration;

pub fn connections(bench: &Bench) -> io::Result<()> {
    let (feed, port, _) = bench.feed(PATIENCE)?;
    feed.publish(MESSAGE);
    let before = bench.opened();
    let mut client = Client::connect(port)?;
    for _ in 0..100 {
        client.ask(POLL)?;
    }
    let kept = bench.opened() - before;
    row(
        "polling makes very many connections",
        &format!("connections: {kept}"),
        so(kept == 1, "false: many requests on one"),
    );
    for _ in 0..100 {
        Client::connect(port)?.ask(&POLL.replace("keep-alive", "close"))?;
    }
    let closed = bench.opened() - before - kept;
    row(
        "the same, with \"Connection: close\"",
        &format!("connections: {closed}"),
        so(closed == 100, "true"),
    );
    Ok(())
}

pub fn http(bench: &Bench) -> io::Result<()> {
    one_way_at_a_time()?;
    answer_before_the_next_question(bench)?;
    push_without_being_asked(bench)?;
    unasked_answer()
}

fn one_way_at_a_time() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    thread::scope(|scope| {
        let server = scope.spawn(|| refuse_by_the_head(&listener));
        let mut client = Client::connect(listener.local_addr()?.port())?;
        client.send("POST / HTTP/1.1\nHost: localhost\nContent-Length: 2000000\n\n")?;
        client.send(&"x".repeat(1000))?;
        let status = client.response()?.status;
        client.send(&"x".repeat(1000))?;
        drop(client);
        row(
            "data goes one way at a time",
            &format!("{} after 1000 of 2000000 bytes, then 1000 more", status.code()),
            so(status.code() == 413, "half true: TCP goes both ways"),
        );
        joined(server)
    })
}

fn answer_before_the_next_question(bench: &Bench) -> io::Result<()> {
    let port = bench
        .serve(|request, responder| responder.send(Response::text(Status::OK, request.path())))?;
    let mut client = Client::connect(port)?;
    client.send("GET /1 HTTP/1.1\nHost: localhost\n\nGET /2 HTTP/1.1\nHost: localhost\n\n")?;
    let answers = [client.response()?.body, client.response()?.body];
    row(
        "a question waits for the answer before it",
        &format!(
            "asked: /1, /2 in one write; answered: {}",
            answers.join(&b", "[..]).escape_ascii()
        ),
        so(answers == [b"/1", b"/2"], "false: only answers keep an order"),
    );
    Ok(())
}

fn push_without_being_asked(bench: &Bench) -> io::Result<()> {
    let (feed, port, _) = bench.feed(PATIENCE)?;
    let mut client = Client::connect(port)?;
    client.ask(POLL)?;
    for _ in 0..100 {
        feed.publish(MESSAGE);
    }
    // That nothing comes cannot be heard, only waited for.
    let waited = client.connection.wait_for_input(Duration::from_millis(20))?;
    client.connection.set_patience(PATIENCE);
    let answer = client.ask(&long_poll(feed.start()))?.body.escape_ascii().to_string();
    let came = answer.matches(MESSAGE).count();
    let before = if waited == Waited::Ready { "some" } else { "0 bytes" };
    row(
        "a server cannot push if it is not asked",
        &format!("100 messages: {before}, then {came} in one answer"),
        so(waited == Waited::TimedOut && came == 100, "true"),
    );
    Ok(())
}

fn unasked_answer() -> io::Result<()> {
    let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
    thread::scope(|scope| {
        let server = scope.spawn(|| answer_unasked(&listener));
        let port = listener.local_addr()?.port();
        let mut trusting = Client::connect(port)?;
        trusting.ask("GET /1 HTTP/1.1\nHost: localhost\n\n")?;
        let wrong = trusting.ask("GET /2 HTTP/1.1\nHost: localhost\n\n")?.body;
        drop(trusting);
        let mut careful = Client::connect(port)?;
        careful.ask("GET /1 HTTP/1.1\nHost: localhost\n\n")?;
        // RFC 9112 §9.2: what comes while nothing is asked for is no response, and the connection
        // is of no further use.
        let unasked = careful.connection.wait_for_input(PATIENCE)? == Waited::Ready;
        drop(careful);
        row(
            "what it sends unasked is no answer",
            &format!("asked /2, read \"{}\"; or looked, and closed", wrong.escape_ascii()),
            so(wrong == b"news" && unasked, "half true: if the client looks"),
        );
        joined(server)
    })
}

/// A server that has seen enough when it has read the head (RFC 9110 §15.5.14).
fn refuse_by_the_head(listener: &TcpListener) -> io::Result<()> {
    let mut connection = Connection::new(listener.accept()?.0, PATIENCE, None)?;
    Request::read_head_from(&mut connection)?;
    let terms = Terms { head_only: false, version: Version::Http11, persistent: false };
    let refusal = Response::refusal(Status::CONTENT_TOO_LARGE, "expected less");
    connection.writer().append(|out| refusal.write_to(out, terms))?;
    connection.close();
    Ok(())
}

/// A server that answers twice what was asked once, to each of two clients.
fn answer_unasked(listener: &TcpListener) -> io::Result<()> {
    for stream in listener.incoming().take(2) {
        let mut connection = Connection::new(stream?, PATIENCE, None)?;
        Request::read_from(&mut connection)?;
        let terms = Terms { head_only: false, version: Version::Http11, persistent: true };
        for body in ["answer", "news"] {
            connection
                .writer()
                .append(|out| Response::text(Status::OK, body).write_to(out, terms))?;
        }
        connection.close();
    }
    Ok(())
}

pub fn open(bench: &Bench) -> io::Result<()> {
    let by_type = EVENTS.replace("/eventSource", "/eventStream");
    let claims =
        ["\"open\" fires before the first event", "the same, if the head waits for the event"];
    for (claim, head) in claims.into_iter().zip([&by_type, EVENTS]) {
        let (feed, port, waits) = bench.feed(PATIENCE)?;
        let mut client = Client::connect(port)?;
        let before = bench.bytes();
        client.send(head)?;
        // From here on the server does nothing until something is published.
        hear(&waits)?;
        let early = (bench.bytes() - before).down;
        feed.publish(MESSAGE);
        let mut body = client.body()?;
        read_message(&mut body)?;
        let measured = format!(
            "{early} bytes before, {} with the event",
            (bench.bytes() - before).down - early
        );
        row(claim, &measured, if early > 0 { "true" } else { "false: it fires with that event" });
        feed.publish(END);
        io::copy(&mut body, &mut io::sink())?;
    }
    Ok(())
}
