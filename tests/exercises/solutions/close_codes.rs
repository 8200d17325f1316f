//! Not masked, not UTF-8, too long; a code for applications comes back; 1005 may not travel; the first text never ended.

pub const CODES: [(&[u8], Option<u16>); 6] = [
    (b"\x81\x02hi", Some(1002)),
    (b"\x81\x81\0\0\0\0\xff", Some(1007)),
    (b"\x82\xff\0\0\0\0\xff\0\0\0\0\0\0\0", Some(1009)),
    (b"\x88\x82\0\0\0\0\x0f\xa0", Some(4000)),
    (b"\x88\x82\0\0\0\0\x03\xed", Some(1002)),
    (b"\x01\x81\0\0\0\0a\x81\x81\0\0\0\0b", Some(1002)),
];
