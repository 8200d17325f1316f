//! The task: docs/11-client.md, at its end. 题目：docs/zh/11-client.md 末尾。

use push_by_hand::http::{Response, Status};

pub fn is_ours(answer: &Response, _key: &str) -> bool {
    answer.status == Status::SWITCHING_PROTOCOLS
}
