//! Answer `GET /weekday` with the day of the week in English (UTC), and with a tag that lets a page
//! that asks every second get 304 until midnight.

use push_by_hand::http::{Method, Request, Response, Status};

pub fn answer(request: &Request, unix_seconds: u64) -> Response {
    match (request.method, request.path()) {
        (Method::Get | Method::Head, "/weekday") => {
            Response::text(Status::OK, unix_seconds.to_string())
        }
        (_, "/weekday") => Response::method_not_allowed(request, "GET, HEAD"),
        _ => Response::not_found(request),
    }
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. 1 January 1970 was a Thursday; `unix_seconds / 86_400` counts the days since.
// 2. The tag must change when the day changes, and only then. `Response::unless_known` compares it.
// 3. How many bytes does a page that asks every second save in a day?
