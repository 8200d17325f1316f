//! With which status code does a server of ours answer each of these from a client, in its Close? (The masking-key is 0
//! everywhere, so that you can read the payload.)

pub const CODES: [(&[u8], Option<u16>); 6] = [
    (b"\x81\x02hi", None),                         // a text
    (b"\x81\x81\0\0\0\0\xff", None),               // another
    (b"\x82\xff\0\0\0\0\xff\0\0\0\0\0\0\0", None), // a long message begins
    (b"\x88\x82\0\0\0\0\x0f\xa0", None),           // a Close
    (b"\x88\x82\0\0\0\0\x03\xed", None),           // another
    (b"\x01\x81\0\0\0\0a\x81\x81\0\0\0\0b", None), // two texts
];

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Read the header of each: is it masked? Is FIN set? How long is the payload?
// 2. `close_code` in src/websocket/close.rs says which breach gets which code.
// 3. A Close that is right is answered with its own code. Which numbers may not travel?
