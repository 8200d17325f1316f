//! The path exists for every method, so a wrong method is 405 with `Allow`, and not 404 (RFC 9110
//! §15.5.6).

use push_by_hand::http::{Method, Request, Response, Status};

pub fn answer(request: &Request) -> Response {
    match (request.method, request.path()) {
        (Method::Get | Method::Head, "/") => Response::text(Status::OK, "the time"),
        (Method::Get | Method::Head, "/hello") => {
            Response::text(Status::OK, "hello").with("Cache-Control", "no-store")
        }
        (_, "/" | "/hello") => Response::other_method(request, "GET, HEAD"),
        _ => Response::not_found(request),
    }
}
