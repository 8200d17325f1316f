//! Polling: the browser asks every second, and most answers say nothing new.
//!
//! Two ports, and so two origins: the page comes from 8000 and asks 8080, which must allow it
//! (CORS). What express, its static files and `res.header` did is done here by hand. Read `answer`
//! first; everything else serves it.

use push_by_hand::clock;
use push_by_hand::cors::Cors;
use push_by_hand::feed::Feed;
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, announce};
use push_by_hand::{json, pages};

const LESSON: Lesson = Lesson {
    page_port: Some(8000),
    ..Lesson::new("polling", "the browser asks every second, across two origins", 8080)
};

/// How many ticks the log keeps: five minutes of them.
const KEPT: usize = 300;

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let server = options.server()?;
    let page = options.bind_page(&server)?;
    let mut data = options.bind(&server)?;
    let page_origin = options.origin("http", &page);
    let data_origin = options.origin("http", &data);

    let feed = lesson::ticks(KEPT, |now| clock::time_of_day(now / 1000))?;
    data.cors = Some(Cors {
        origins: [vec![page_origin.clone()], options.origins.clone()].concat(),
        methods: "GET, HEAD",
        // A page that sets this field itself must ask first: it is not one of the few that any form
        // could send.
        request_fields: "If-None-Match",
        response_fields: "ETag",
    });

    announce("page", &page_origin);
    announce("data", &data_origin);
    options.what_next(LESSON.name, &format!("curl -i {data_origin}/"));
    page.serve(move |request, responder| {
        responder.send(match (request.method, request.path()) {
            (Method::Get | Method::Head, "/data-origin") => {
                Response::text(Status::OK, data_origin.clone()).with("Cache-Control", "no-store")
            }
            (_, "/data-origin") => Response::other_method(request, "GET, HEAD"),
            _ => pages::answer(request, "polling.html"),
        })
    })?;
    data.serve(move |request, responder| responder.send(answer(request, &feed)))?;
    server.wait()
}

/// The time, to whoever asks.
fn answer(request: &Request, feed: &Feed) -> Response {
    match (request.method, request.path()) {
        (Method::Get | Method::Head, "/") => match request.query("after") {
            None => time(request),
            Some(id) => news(request, feed, &id),
        },
        (_, "/") => Response::other_method(request, "GET, HEAD"),
        _ => Response::not_found(request),
    }
}

/// What a plain poll gets: the latest value, whatever came before it. Its tag lets the next poll
/// say "only if it has changed".
fn time(request: &Request) -> Response {
    let time = clock::time_of_day(clock::unix_seconds());
    let etag = ["\"", &time, "\""].concat();
    Response::text(Status::OK, time).with("Cache-Control", "no-store").on_conditions(request, &etag)
}

/// What a poll with a cursor gets: every message after the one it names. An empty `after=` asks for
/// the newest id to begin with.
fn news(request: &Request, feed: &Feed, after: &str) -> Response {
    let after = if after.is_empty() { Ok(feed.newest()) } else { lesson::after(request, feed) };
    match after {
        Ok(after) => Response::json(Status::OK, json::news(&feed.after(after)))
            .with("Cache-Control", "no-store"),
        Err(expected) => Response::refusal(Status::BAD_REQUEST, &expected),
    }
}
