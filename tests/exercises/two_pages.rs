//! Let a second origin, `http://localhost:9000`, read the answers beside `http://localhost:8000`,
//! without letting in everybody.

use push_by_hand::cors::Cors;

pub fn cors() -> Cors {
    Cors {
        origins: vec!["http://localhost:8000".into()],
        methods: "GET, HEAD",
        request_fields: "If-None-Match",
        response_fields: "ETag",
    }
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. `Cors` has a list of origins.
// 2. Ask with each of the two in `Origin`, and with a third. Which field tells a cache that the
//   answers differ, and what would go wrong without it?
