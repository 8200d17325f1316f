use super::exercise::ACCEPT;
use crate::checks::{Check, holds, predicted, say};
use push_by_hand::websocket::Accept;
use push_by_hand::websocket::handshake::GUID;

const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";

pub fn check() -> Check {
    use base64::Engine;
    let asked = || say("value", &[&KEY]);
    let hash = sha1_smol::Sha1::from(format!("{KEY}{GUID}\n")).digest();
    let with_line_feed = base64::engine::general_purpose::STANDARD.encode(hash.bytes());
    let is_other = ACCEPT != Some(&with_line_feed);
    holds(is_other, asked(), say("without", &[]), say("line feed", &[]))?;
    predicted(asked(), ACCEPT.map(str::to_owned), || Accept::of(KEY).value)
}
