//! Answer `GET /hello` with 200, the text `hello`, and nothing that a browser might cache.
//! What does `POST /hello` get?

use push_by_hand::http::{Method, Request, Response, Status};

pub fn answer(request: &Request) -> Response {
    match (request.method, request.path()) {
        (Method::Get | Method::Head, "/") => Response::text(Status::OK, "the time"),
        (_, "/") => Response::method_not_allowed(request, "GET, HEAD"),
        _ => Response::not_found(request),
    }
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. The `match` takes a method and a path, like `answer` in src/bin/polling.rs.
// 2. `Response::text` makes the answer, `with` adds a field to it. `Cache-Control: no-store` is the
//   one.
// 3. What should `POST /hello` get? Look at what the other path does, and remember `Allow`.
