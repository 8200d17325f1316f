//! Message 700 is the newest, 401 to 700 are kept, and 101 to 400 are gone.

pub const MISSED: Option<u64> = Some(300);
pub const FIRST: Option<u64> = Some(401);
