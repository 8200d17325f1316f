//! A solution of `mask_by_hand`.

pub fn mask(payload: &mut [u8], key: [u8; 4], done: usize) {
    for (i, byte) in payload.iter_mut().enumerate() {
        *byte ^= key[(done + i) % 4];
    }
}
