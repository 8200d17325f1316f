//! A solution of `frame_by_hand`.

pub const FRAME: Option<&[u8]> = Some(b"\x81\x82\x01\x02\x03\x04\x4e\x49");
