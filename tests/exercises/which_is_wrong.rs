//! The task: docs/10-raw_websocket.md, at its end. 题目：docs/zh/10-raw_websocket.md 末尾。

pub type Fault = Option<(&'static str, u16)>;

pub const FAULTS: [(&[u8], Fault); 8] = [
    (b"\xc1\x80\0\0\0\0", None),
    (b"\x83\x80\0\0\0\0", None),
    (b"\x09\x80\0\0\0\0", None),
    (b"\x81\xfe\x00\x05\0\0\0\0", None),
    (b"\x88\x81\0\0\0\0\x03", None),
    (b"\x81\x02hi", None),
    (b"\x81\x81\0\0\0\0\xff", None),
    (b"\x82\xff\0\0\0\0\x10\0\0\0\0\0\0\0", None),
];
