//! A client: is this answer the 101 to our request with this key? We offered no subprotocol and no
//! extension.

use push_by_hand::http::{Response, Status};

pub fn is_ours(answer: &Response, _key: &str) -> bool {
    answer.status == Status::SWITCHING_PROTOCOLS
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. RFC 6455 §4.1 has six things to look at, after "Once the client's opening handshake has been
//   sent".
// 2. `Fields::contains_token` knows lists and does not mind the case; `Accept::of` calculates.
// 3. What the server chooses must have been offered, and nothing was.
