//! Two bytes, four and five for the text; two, four and two for the Close.

pub const BYTES: Option<usize> = Some(19);
