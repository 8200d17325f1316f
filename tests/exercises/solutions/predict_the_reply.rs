//! Two bytes of head, 16 of `服务器回应:`, 3 of `你`.

pub const BYTES: Option<usize> = Some(21);
