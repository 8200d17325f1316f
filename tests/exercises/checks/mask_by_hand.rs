use super::exercise::mask;
use crate::checks::{Check, hex, same, say};
use push_by_hand::websocket;

const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];

pub fn check() -> Check {
    for (payload, done) in
        [(&b"Hello"[..], 0), (b"ello", 1), (b"Hello, hello, hello", 0), (b"lo, hello", 3), (b"", 2)]
    {
        let (mut came, mut expected) = (payload.to_vec(), payload.to_vec());
        let text = String::from_utf8_lossy(payload);
        let asked = say("mask", &[&format!("{text:?}"), &hex(&KEY), &done]);
        mask(&mut came, KEY, done);
        websocket::mask(&mut expected, KEY, done);
        same(asked, hex(&expected), hex(&came))?;
    }
    Ok(())
}
