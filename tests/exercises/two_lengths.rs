//! The task: docs/01-http.md, at its end. 题目：docs/zh/01-http.md 末尾。

pub const ACCEPTED: &str =
    "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
pub const REFUSED: &str =
    "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 5\r\n\r\nhello";
