use super::exercise::decode;
use crate::checks::{Check, same, say};

pub fn check() -> Check {
    let texts: [&[u8]; 5] = [
        "ab é 秒 🕖".as_bytes(),
        b"a\xe7\xa7b",
        b"\xff\xc0\xaf\xe7",
        b"\xf0\x9f\x95\x96\x96",
        b"\xed\xa0\x80\xf4\x90",
    ];
    for text in texts {
        let whole = String::from_utf8_lossy(text);
        for cut in 0..=text.len() {
            let mut rest = Vec::new();
            let (one, other) = text.split_at(cut);
            let mut came = decode(&mut rest, one) + &decode(&mut rest, other);
            // What has begun at the very end is all that may still be missing.
            came += &String::from_utf8_lossy(&rest);
            same(say("cut", &[&cut, &text.escape_ascii()]), &*whole, &*came)?;
        }
    }
    let mut rest = Vec::new();
    for (piece, complete) in [
        (b"a\xe7".as_slice(), "a"),
        (b"\xa7", ""),
        (b"\x92b", "秒b"),
        (b"\xe7\xa7", ""),
        (b"c", "\u{fffd}c"),
        (b"\xffd", "\u{fffd}d"),
    ] {
        let came = decode(&mut rest, piece);
        same(say("piece", &[&piece.escape_ascii()]), complete, &*came)?;
    }
    same(say("empty", &[]), &[] as &[u8], &*rest)
}
