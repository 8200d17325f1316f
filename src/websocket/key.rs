//! `Sec-WebSocket-Key` and its answer, `Sec-WebSocket-Accept`.
//!
//! Serves `handshake` and `client`. Implements RFC 6455 §1.3, §4.1 (item 7), §4.2.1 (item 5) and
//! §4.2.2 (step 5).
//!
//! What the key is good for: an answer with the right value comes from a server that knows this
//! protocol and has read this request, not from a cache and not from one that repeats what it is
//! sent. It proves nobody's identity and hides nothing.

use super::mask::random_bytes;
use base64::Engine;
use base64::alphabet::STANDARD;
use base64::engine::{GeneralPurpose, GeneralPurposeConfig};

/// Base64 whose last character may say more than its bytes need: sixteen bytes are 128 bits, and 22
/// characters are 132. RFC 4648 §3.5 lets a decoder ignore the four; the sample key of RFC 6455
/// §4.1 has one of them set.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &STANDARD,
    GeneralPurposeConfig::new().with_decode_allow_trailing_bits(true),
);

/// The value that RFC 6455 §1.3 appends to every key: nobody who does not know the protocol would.
pub const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";
/// How long a key is before base64, in bytes.
pub(super) const KEY_BYTES: usize = 16;

/// `Sec-WebSocket-Accept`, with the values on the way from the key to it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Accept {
    /// The key as it came, still in base64, and the [`GUID`].
    pub joined: String,
    /// The SHA-1 of that text.
    pub digest: [u8; 20],
    /// The digest in base64: what the field says.
    pub value: String,
}

impl Accept {
    /// What answers a key (RFC 6455 §4.2.2, step 5).
    ///
    /// ```
    /// use push_by_hand::websocket::Accept;
    /// assert_eq!(Accept::of("dGhlIHNhbXBsZSBub25jZQ==").value, "s3pPLMBiTxaQ9kYGzzhZRbK+xOo=");
    /// ```
    pub fn of(key: &str) -> Accept {
        let joined = format!("{key}{GUID}");
        let digest = sha1_smol::Sha1::from(&joined).digest().bytes();
        let value = BASE64.encode(digest);
        Accept { joined, digest, value }
    }
}

/// The sixteen bytes of a key (RFC 6455 §4.2.1, item 5). Which bytes they are does not matter to
/// the server, only that they are sixteen.
///
/// # Errors
/// How many bytes came, or that it is no base64.
pub fn decode_key(key: &str) -> Result<[u8; KEY_BYTES], String> {
    let bytes = BASE64.decode(key).map_err(|error| format!("no base64 ({error})"))?;
    bytes.try_into().map_err(|bytes: Vec<u8>| format!("{} bytes", bytes.len()))
}

/// A fresh key for one request (RFC 6455 §4.1, item 7): sixteen bytes that were not used before.
pub(super) fn fresh_key() -> String {
    BASE64.encode([random_bytes(), random_bytes()].as_flattened())
}
