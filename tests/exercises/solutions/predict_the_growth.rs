//! The length of the frame no longer fits seven bits, and the size of the chunk no longer two
//! digits.

pub const FRAME: Option<usize> = Some(2);
pub const CHUNK: Option<usize> = Some(1);
