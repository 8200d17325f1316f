//! A solution of `weekday`.

use push_by_hand::http::{Method, Request, Response, Status};

const FROM_THE_FIRST_DAY: [&str; 7] =
    ["Thursday", "Friday", "Saturday", "Sunday", "Monday", "Tuesday", "Wednesday"];

pub fn answer(request: &Request, unix_seconds: u64) -> Response {
    match (request.method, request.path()) {
        (Method::Get | Method::Head, "/weekday") => {
            let day = unix_seconds / 86_400 % 7;
            let name = FROM_THE_FIRST_DAY
                .into_iter()
                .zip(0..)
                .find(|(_, number)| *number == day)
                .map_or("", |(name, _)| name);
            Response::text(Status::OK, name).on_conditions(request, &format!("\"{name}\""))
        }
        (_, "/weekday") => Response::other_method(request, "GET, HEAD"),
        _ => Response::not_found(request),
    }
}
