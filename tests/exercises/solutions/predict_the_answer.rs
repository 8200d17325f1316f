//! 204 has no content, and so neither a body nor a `Content-Length` (RFC 9110 §8.6).

pub const STATUS: Option<u16> = Some(204);
pub const BODY_BYTES: Option<usize> = Some(0);
