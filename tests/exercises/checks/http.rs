//! Chapters 1 to 3: requests, answers, and how many bytes they have.

use super::{Check, connect, holds, miss, predicted, same, serve};
use crate::support::{Program, text};
use push_by_hand::clock;
use push_by_hand::cors::Cors;
use push_by_hand::http::{Request, Response, Status};
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};

pub fn predict_the_answer(status: Option<u16>, body: Option<usize>) -> Check {
    let polling =
        Program::start(env!("CARGO_BIN_EXE_polling"), &["--port", "0", "--page-port", "0"]);
    let mut client = connect(polling.port("data"));
    client.ask("OPTIONS", "*", "Connection: close\r\n");
    let answer = client.rest();
    let head =
        answer.windows(4).position(|end| end == b"\r\n\r\n").map_or(answer.len(), |at| at + 4);
    let code =
        String::from_utf8_lossy(&answer).split(' ').nth(1).and_then(|code| code.parse().ok());
    predicted("the status of the answer to OPTIONS *", status, code.unwrap_or(0))?;
    predicted("how many bytes of body it has", body, answer.len() - head)
}

pub fn two_lengths(accepted: &str, refused: &str) -> Check {
    let read = |request: &str| Request::read_from(&mut request.as_bytes());
    for (name, request) in [("ACCEPTED", accepted), ("REFUSED", refused)] {
        let lengths = request
            .lines()
            .filter(|line| line.to_ascii_lowercase().starts_with("content-length:"))
            .count();
        holds(lengths == 2, &format!("how many Content-Length fields {name} has"), "2", lengths)?;
    }
    match read(accepted) {
        Ok(Some(_)) => {}
        Ok(None) => return Err(miss("to read ACCEPTED", "a request", "nothing")),
        Err(error) => return Err(miss("to read ACCEPTED", "a request that is accepted", error)),
    }
    match read(refused) {
        Err(error) if error.to_string().to_ascii_lowercase().contains("content-length") => Ok(()),
        Err(error) => {
            Err(miss("to read REFUSED", "a refusal for the sake of Content-Length", error))
        }
        Ok(_) => Err(miss("to read REFUSED", "a refusal", "a request that is accepted")),
    }
}

pub fn say_hello(answer: fn(&Request) -> Response) -> Check {
    let mut client = connect(serve(move |request, responder| responder.send(answer(request))));
    let hello = client.get("/hello", "");
    same("the status of GET /hello", Status::OK, hello.status)?;
    same("its text", "hello", text(&hello))?;
    same(
        "whether it may be kept: Cache-Control",
        Some("no-store"),
        hello.fields.get("cache-control"),
    )?;
    client.ask("POST", "/hello", "Content-Length: 0\r\n");
    let wrong = client.response();
    same("the status of POST /hello", Status::METHOD_NOT_ALLOWED, wrong.status)?;
    holds(
        wrong.fields.contains_token("allow", "GET"),
        "its Allow",
        "GET among them",
        format!("{:?}", wrong.fields.get("allow")),
    )?;
    same("the status of GET /other", Status::NOT_FOUND, client.get("/other", "").status)
}

pub fn predict_the_304(bytes: Option<usize>) -> Check {
    let polling =
        Program::start(env!("CARGO_BIN_EXE_polling"), &["--port", "0", "--page-port", "0"]);
    let mut client = connect(polling.port("data"));
    client.ask("HEAD", "/", "If-None-Match: *\r\n");
    let answer = client.read_through("\r\n\r\n");
    // The answer names the page's origin, whose port has four digits in the lesson.
    let longer = polling.port("page").to_string().len() - 4;
    predicted("how many bytes the answer to HEAD has", bytes, answer.len() - longer)
}

pub fn weekday(answer: fn(&Request, u64) -> Response) -> Check {
    const DAY: u64 = 86_400;
    const NAMES: [&str; 7] =
        ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"];
    let now = Arc::new(AtomicU64::new(0));
    let clock = Arc::clone(&now);
    let mut client = connect(serve(move |request, responder| {
        responder.send(answer(request, clock.load(Ordering::SeqCst)))
    }));
    for day in [0, 1, 2, 3, 4, 5, 6, 20_000] {
        now.store(day * DAY + 1, Ordering::SeqCst);
        let date = String::from_utf8_lossy(&clock::imf_fixdate(day * DAY)).into_owned();
        let name = NAMES.into_iter().find(|name| date.starts_with(&name[..3])).unwrap();
        same(&format!("GET /weekday on {}", &date[..16]), name, text(&client.get("/weekday", "")))?;
    }
    let first = client.get("/weekday", "");
    let tag = first
        .fields
        .get("etag")
        .ok_or_else(|| miss("the ETag of GET /weekday", "one", "none"))?
        .to_owned();
    for (later, status, when) in [
        (DAY - 2, Status::NOT_MODIFIED, "one second before midnight"),
        (DAY - 1, Status::OK, "at midnight"),
    ] {
        now.store(20_000 * DAY + 1 + later, Ordering::SeqCst);
        let again = client.get("/weekday", &format!("If-None-Match: {tag}\r\n"));
        same(&format!("the same with If-None-Match: {tag}, {when}"), status, again.status)?;
    }
    Ok(())
}

pub fn two_pages(cors: fn() -> Cors) -> Check {
    let handler = move |request: &Request| {
        let cors = cors();
        cors.answer_preflight(request)
            .unwrap_or_else(|| cors.share(request, Response::text(Status::OK, "the time")))
    };
    let mut client = connect(serve(move |request, responder| responder.send(handler(request))));
    for (origin, may_read) in [
        ("http://localhost:8000", true),
        ("http://localhost:9000", true),
        ("http://localhost:9001", false),
        ("null", false),
    ] {
        let answer = client.get("/", &format!("Origin: {origin}\r\n"));
        let asked = format!("Access-Control-Allow-Origin in the answer to a page of {origin}");
        let stated = answer.fields.get("access-control-allow-origin");
        same(
            &asked,
            may_read.then_some(origin),
            stated.filter(|stated| may_read || *stated == "*" || *stated == origin),
        )?;
        same(
            &format!("Vary in the answer to a page of {origin}"),
            Some("Origin"),
            answer.fields.get("vary"),
        )?;
    }
    Ok(())
}

pub fn predict_the_204(bytes: Option<usize>) -> Check {
    // The answer that `hold` in the lesson makes, without the 25 seconds before it.
    let held = |_: &Request| Response::new(Status::NO_CONTENT).with("Cache-Control", "no-store");
    let mut client = connect(serve(move |request, responder| responder.send(held(request))));
    client.ask("GET", "/poll", "");
    predicted("how many bytes the 204 has", bytes, client.read_through("\r\n\r\n").len())
}
