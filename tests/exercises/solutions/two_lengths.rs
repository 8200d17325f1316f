//! Twice the same number can be read in one way only; two numbers in two ways, and so in the wrong
//! one (RFC 9112 §6.3).

pub const ACCEPTED: &str = "POST /publish HTTP/1.1\r\nHost: localhost\r\n\
    Content-Length: 5\r\nContent-Length: 5\r\n\r\nhello";
pub const REFUSED: &str = "POST /publish HTTP/1.1\r\nHost: localhost\r\n\
    Content-Length: 5\r\nContent-Length: 0\r\n\r\nhello";
