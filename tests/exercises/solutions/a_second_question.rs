//! 31 bytes of script around 10 of JSON, for the time needs its quotes, and 6 of framing.

pub const BYTES: Option<usize> = Some(4700);
