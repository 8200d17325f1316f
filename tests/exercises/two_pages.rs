//! The task: docs/02-polling.md, at its end. 题目：docs/zh/02-polling.md 末尾。

use push_by_hand::cors::Cors;

pub fn cors() -> Cors {
    Cors {
        origins: vec!["http://localhost:8000".into()],
        methods: "GET, HEAD",
        request_fields: "If-None-Match",
        response_fields: "ETag",
    }
}
