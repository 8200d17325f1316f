//! The task: docs/02-polling.md, at its end. 题目：docs/zh/02-polling.md 末尾。

use push_by_hand::http::{Method, Request, Response, Status};

pub fn answer(request: &Request, unix_seconds: u64) -> Response {
    match (request.method, request.path()) {
        (Method::Get | Method::Head, "/weekday") => {
            Response::text(Status::OK, unix_seconds.to_string())
        }
        (_, "/weekday") => Response::other_method(request, "GET, HEAD"),
        _ => Response::not_found(request),
    }
}
