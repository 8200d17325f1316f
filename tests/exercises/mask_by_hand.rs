//! Mask a payload in place (RFC 6455 §5.3). `done` bytes of it came before these, and are masked
//! already.

pub fn mask(payload: &mut [u8], key: [u8; 4], done: usize) {
    for byte in payload {
        *byte ^= key[done % 4];
    }
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Byte i of the payload meets byte i mod 4 of the key.
// 2. Which byte of the whole payload is byte i of this piece?
