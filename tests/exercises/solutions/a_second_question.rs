//! 31 bytes of script around 13 digits, and 6 of framing.

pub const BYTES: Option<usize> = Some(5000);
