//! 304 has no body and no `Content-Length`; `HEAD` changes nothing about it.

pub const BYTES: Option<usize> = Some(198);
