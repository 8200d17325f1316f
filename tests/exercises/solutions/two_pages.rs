//! Of two origins only the one that asks is stated, so the answers differ, and `Vary: Origin` says
//! so.

use push_by_hand::cors::Cors;

pub fn cors() -> Cors {
    Cors {
        origins: vec!["http://localhost:8000".into(), "http://localhost:9000".into()],
        methods: "GET, HEAD",
        request_fields: "If-None-Match",
        response_fields: "ETag",
    }
}
