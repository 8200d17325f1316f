//! 12 bytes more: the size grows, its line does not. It would at 256.

pub const SIZE_LINE: Option<&str> = Some("7d");
