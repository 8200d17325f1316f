//! The status-line, `Date` and `Cache-Control`, and an empty line.

pub const BYTES: Option<usize> = Some(89);
