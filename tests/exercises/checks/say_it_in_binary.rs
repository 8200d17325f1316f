use super::exercise::message;
use crate::checks::{Check, same, say};
use push_by_hand::websocket::Message;

pub fn check() -> Check {
    for (line, bytes) in [
        ("hello", None),
        ("0x00ff", Some(&b"\x00\xff"[..])),
        ("0x68656C6c6f", Some(b"hello")),
        (" 0x00", None),
        ("0xhell", None),
        ("0x0", None),
        ("0x+1", None),
        ("0x0é1", None),
    ] {
        let text = || Message::Text(line.into());
        let expected = bytes.map_or_else(text, |bytes| Message::Binary(bytes.into()));
        same(say("line", &[&format!("{line:?}")]), expected, message(line))?;
    }
    Ok(())
}
