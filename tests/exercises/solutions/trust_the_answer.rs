//! A solution of `trust_the_answer`.

use push_by_hand::http::{Response, Status};
use push_by_hand::websocket::Accept;

pub fn is_ours(answer: &Response, key: &str) -> bool {
    let fields = &answer.fields;
    answer.status == Status::SWITCHING_PROTOCOLS
        && fields.contains_token("upgrade", "websocket")
        && fields.contains_token("connection", "upgrade")
        && fields.get("sec-websocket-accept") == Some(Accept::of(key).value.as_str())
        && fields.get("sec-websocket-protocol").is_none()
        && fields.get("sec-websocket-extensions").is_none()
}
