//! Each of these frames from a client breaks one rule of RFC 6455. Which section says so, and with
//! which code does a server of ours answer? `Some(("§5.1", 1002))`, for example. The masking-key is
//! 0 everywhere.

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

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Write the first two bytes as bits.
// 2. Send each to `cargo run --bin raw_websocket`, and read the reason in the answer.
// 3. `section` in src/websocket/error.rs and `close_code` in src/websocket/close.rs have all of
//   them.
