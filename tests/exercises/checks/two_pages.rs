use super::exercise::cors;
use crate::checks::{Check, connect, same, say, serve};
use push_by_hand::http::{Request, Response, Status};

pub fn check() -> Check {
    let handler = move |request: &Request| {
        let cors = cors();
        let preflight = cors.answer_preflight(request);
        cors.share(
            Some(request),
            preflight.unwrap_or_else(|| Response::text(Status::OK, "the time")),
        )
    };
    let mut client = connect(serve(move |request, responder| responder.send(handler(request))));
    for (origin, may_read) in [
        ("http://localhost:8000", true),
        ("http://localhost:9000", true),
        ("http://localhost:9001", false),
        ("null", false),
    ] {
        let asked = say("field", &[&"Access-Control-Allow-Origin", &origin]);
        let answer = client.get("/", &format!("Origin: {origin}\r\n"));
        let stated = answer.fields.get("access-control-allow-origin");
        let counts = |stated: &&str| may_read || *stated == "*" || *stated == origin;
        same(asked, may_read.then_some(origin), stated.filter(counts))?;
        same(say("field", &[&"Vary", &origin]), Some("Origin"), answer.fields.get("vary"))?;
    }
    Ok(())
}
