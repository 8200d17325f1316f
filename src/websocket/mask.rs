//! Masking: how a client changes each payload, and where its keys come from.
//!
//! Serves `frame`; the same randomness makes the key of the opening handshake. Implements RFC 6455
//! §5.3, and §10.3, which says what it is for.

use std::cell::Cell;
use std::hash::{BuildHasher, RandomState};

/// Masks or unmasks, which is the same (RFC 6455 §5.3): byte i of the payload by exclusive or with
/// byte i mod 4 of the key.
///
/// `done` is how many bytes of the payload came before these, so that a payload may be treated in
/// pieces of any length.
///
/// ```
/// use push_by_hand::websocket::mask;
/// let mut payload = *b"Hello";
/// mask(&mut payload, [0x37, 0xfa, 0x21, 0x3d], 0);
/// assert_eq!(payload, [0x7f, 0x9f, 0x4d, 0x51, 0x58]);
/// ```
pub fn mask(payload: &mut [u8], key: [u8; 4], done: usize) {
    // The key twice over, turned so that it begins where the last piece left off. Every further
    // eight bytes meet the same eight, so the loop has no index and no remainder in it, and the
    // compiler makes it as wide as the machine's registers are.
    let key: [u8; 8] = std::array::from_fn(|i| key[(done + i) % 4]);
    let word = u64::from_ne_bytes(key);
    let (words, rest) = payload.as_chunks_mut::<8>();
    for bytes in words {
        *bytes = (u64::from_ne_bytes(*bytes) ^ word).to_ne_bytes();
    }
    for (byte, key) in rest.iter_mut().zip(key) {
        *byte ^= key;
    }
}

/// The key for one frame: fresh, and not to be guessed from the keys before it (RFC 6455 §5.3,
/// §10.3).
///
/// That is what keeps a web page from choosing the bytes that appear on the wire, and so from
/// making a proxy between here and the server see a request that nobody sent. The key hides nothing
/// from anybody else, for it travels with the frame.
pub(super) fn fresh_masking_key() -> [u8; 4] {
    let [a, b, c, d, ..] = random_bytes();
    [a, b, c, d]
}

/// Eight bytes that nobody else can foretell.
///
/// std has no random numbers, but its hash maps are keyed with some, which it asks of the operating
/// system once per thread: 128 bits that are never shown. This numbers the calls and returns each
/// number's hash under that key. The hash is today SipHash-1-3, which was made so that whoever sees
/// many results learns nothing about the next; std does not promise to keep it, and 64 bits a time
/// are good for masking keys and nonces, not for passwords. A production client asks the system
/// each time, as `getrandom` does.
pub(super) fn random_bytes() -> [u8; 8] {
    thread_local! {
        static KEYED: (RandomState, Cell<u64>) = (RandomState::new(), Cell::new(0));
    }
    KEYED.with(|(state, calls)| {
        calls.set(calls.get() + 1);
        state.hash_one(calls.get()).to_ne_bytes()
    })
}
