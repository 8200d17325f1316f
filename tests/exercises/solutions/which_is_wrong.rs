//! A reserved bit; no such opcode; a Ping in pieces; a length that is not the shortest; a code of
//! one byte; no mask; no UTF-8; and a message that is too long, which is known before a byte of it
//! has come.

pub type Fault = Option<(&'static str, u16)>;

pub const FAULTS: [(&[u8], Fault); 8] = [
    (b"\xc1\x80\0\0\0\0", Some(("§5.2", 1002))),
    (b"\x83\x80\0\0\0\0", Some(("§5.2", 1002))),
    (b"\x09\x80\0\0\0\0", Some(("§5.5", 1002))),
    (b"\x81\xfe\x00\x05\0\0\0\0", Some(("§5.2", 1002))),
    (b"\x88\x81\0\0\0\0\x03", Some(("§5.5.1", 1002))),
    (b"\x81\x02hi", Some(("§5.1", 1002))),
    (b"\x81\x81\0\0\0\0\xff", Some(("§5.6", 1007))),
    (b"\x82\xff\0\0\0\0\x10\0\0\0\0\0\0\0", Some(("§10.4", 1009))),
];
