//! Four events are the first that are 1 KiB together; and what ends is complete.

pub const AFTER_THREE: Option<usize> = Some(0);
pub const AFTER_TEN: Option<usize> = Some(8);
pub const AT_THE_END: Option<usize> = Some(10);
