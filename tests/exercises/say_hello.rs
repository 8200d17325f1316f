//! The task: docs/01-http.md, at its end. 题目：docs/zh/01-http.md 末尾。

use push_by_hand::http::{Method, Request, Response, Status};

pub fn answer(request: &Request) -> Response {
    match (request.method, request.path()) {
        (Method::Get | Method::Head, "/") => Response::text(Status::OK, "the time"),
        (_, "/") => Response::other_method(request, "GET, HEAD"),
        _ => Response::not_found(request),
    }
}
