//! A solution of `say_it_in_binary`.

use push_by_hand::websocket::Message;

pub fn message(line: &str) -> Message {
    let byte = |pair: &[u8]| match pair {
        [high, low] => Some((digit(*high)? << 4) | digit(*low)?),
        _ => None,
    };
    let bytes =
        line.strip_prefix("0x").and_then(|digits| digits.as_bytes().chunks(2).map(byte).collect());
    bytes.map_or_else(|| Message::Text(line.to_owned()), Message::Binary)
}

fn digit(character: u8) -> Option<u8> {
    let value = char::from(character).to_digit(16)?;
    u8::try_from(value).ok()
}
