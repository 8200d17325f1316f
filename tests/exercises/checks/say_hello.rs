use super::exercise::answer;
use crate::checks::{Check, connect, head_of, holds, same, say, serve};
use crate::support::text;
use push_by_hand::http::Status;

pub fn check() -> Check {
    let mut client = connect(serve(move |request, responder| responder.send(answer(request))));
    let asked = say("status", &[&"GET /hello"]);
    let hello = client.get("/hello", "");
    same(asked, Status::OK, hello.status)?;
    same(say("text", &[]), "hello", text(&hello))?;
    same(say("cache", &[]), Some("no-store"), hello.fields.get("cache-control"))?;
    same(say("status", &[&"HEAD /hello"]), Status::OK, head_of(&mut client, "/hello").status)?;
    let asked = say("status", &[&"POST /hello"]);
    client.ask("POST", "/hello", "Content-Length: 0\r\n");
    let wrong = client.response();
    same(asked, Status::METHOD_NOT_ALLOWED, wrong.status)?;
    for method in ["GET", "HEAD"] {
        let allow = wrong.fields.get("allow");
        let named = wrong.fields.contains_token("allow", method);
        holds(named, say("allow", &[]), say("among", &[&method]), format!("{allow:?}"))?;
    }
    same(say("status", &[&"GET /"]), Status::OK, client.get("/", "").status)?;
    same(say("status", &[&"GET /other"]), Status::NOT_FOUND, client.get("/other", "").status)
}
