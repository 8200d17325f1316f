//! Chapters 8 and 9: the accept key, and the bytes of frames.

use super::{Check, holds, predicted, same};
use base64::Engine;
use base64::engine::general_purpose::STANDARD;
use push_by_hand::websocket::handshake::{GUID, decode_key};
use push_by_hand::websocket::{self, Accept, Frame, Header, Opcode, Role};

pub fn accept_by_hand(accept: Option<&str>) -> Check {
    const KEY: &str = "AAAAAAAAAAAAAAAAAAAAAA==";
    let with_line_feed =
        STANDARD.encode(sha1_smol::Sha1::from(format!("{KEY}{GUID}\n")).digest().bytes());
    let asked = format!("the accept value of {KEY}");
    holds(
        accept != Some(&with_line_feed),
        &asked,
        "the hash of the joined text",
        "that of the text with a line feed behind it",
    )?;
    // Not told, because it would be all there is to do.
    let right = accept.is_none_or(|accept| accept == Accept::of(KEY).value);
    holds(
        right,
        &asked,
        format!("what `cargo run --bin accept_key -- {KEY}` says").as_str(),
        format!("{accept:?}"),
    )?;
    predicted(&asked, accept, &Accept::of(KEY).value)
}

pub fn tell_them_apart(kinds: [(&str, Option<&str>); 4]) -> Check {
    for (value, kind) in kinds {
        let is_accept = STANDARD.decode(value).is_ok_and(|bytes| bytes.len() == 20);
        let is_key = decode_key(value).is_ok();
        predicted(
            value,
            kind,
            if is_key {
                "key"
            } else if is_accept {
                "accept"
            } else {
                "neither"
            },
        )?;
    }
    Ok(())
}

pub fn mask_by_hand(mask: fn(&mut [u8], [u8; 4], usize)) -> Check {
    const KEY: [u8; 4] = [0x37, 0xfa, 0x21, 0x3d];
    for (payload, done) in
        [(&b"Hello"[..], 0), (b"ello", 1), (b"Hello, hello, hello", 0), (b"lo, hello", 3), (b"", 2)]
    {
        let (mut came, mut expected) = (payload.to_vec(), payload.to_vec());
        mask(&mut came, KEY, done);
        websocket::mask(&mut expected, KEY, done);
        let text = String::from_utf8_lossy(payload);
        same(
            &format!("{text:?}, of whose message {done} bytes came before, with {KEY:02x?}"),
            hex(&expected),
            hex(&came),
        )?;
    }
    Ok(())
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

pub fn frame_header(header: fn(u8, u64) -> Vec<u8>) -> Check {
    for opcode in [Opcode::Text, Opcode::Binary] {
        for length in [0, 5, 125, 126, 255, 256, 65_535, 65_536, 1 << 40] {
            let mut expected = Vec::new();
            Header { fin: true, opcode, masking_key: None, length }.write_to(&mut expected);
            same(
                &format!("a {opcode:?} frame of {length} bytes"),
                hex(&expected),
                hex(&header(opcode as u8, length)),
            )?;
        }
    }
    Ok(())
}

pub fn two_frames(texts: fn(&mut Vec<u8>) -> Vec<String>) -> Check {
    let mut bytes = Vec::new();
    for text in ["one", "two", "three"] {
        Frame { fin: true, opcode: Opcode::Text, payload: text.into() }
            .write_to(&mut bytes, Role::Client);
    }
    for cut in 0..=bytes.len() {
        let (mut buffer, mut came) = (Vec::new(), Vec::new());
        for segment in [&bytes[..cut], &bytes[cut..]] {
            buffer.extend_from_slice(segment);
            came.extend(texts(&mut buffer));
        }
        let asked = format!("three frames, in segments of {cut} and {} bytes", bytes.len() - cut);
        same(&asked, vec!["one".into(), "two".into(), "three".into()], came)?;
        same(&format!("{asked}: what stays in the buffer"), 0, buffer.len())?;
    }
    Ok(())
}
