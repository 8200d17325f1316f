use super::exercise::KINDS;
use crate::checks::{Check, predicted};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use push_by_hand::websocket::handshake::decode_key;

pub fn check() -> Check {
    for (value, kind) in KINDS {
        predicted(value.into(), kind, || match (decode_key(value), STANDARD.decode(value)) {
            (Ok(_), _) => "key",
            (_, Ok(bytes)) if bytes.len() == 20 => "accept",
            _ => "neither",
        })?;
    }
    Ok(())
}
