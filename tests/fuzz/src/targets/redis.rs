//! Replies of Redis, as the hub reads them. There is no other reader of it here, so each reply that
//! is read is written by the rules of RESP2 and must be the bytes that came, save these: a number
//! may have come with zeros or a plus before it, a length too; text that is not UTF-8 is not kept;
//! and there are two ways to say that a thing is not there.

#[allow(dead_code)] // The hub uses all of it.
#[path = "../../../../src/bin/hub/redis"]
mod hub {
    pub mod resp;
}

use crate::cut::every_way;
use hub::resp::Reply;

pub fn target(bytes: &[u8]) {
    let (reply, left) = every_way(bytes, |reader| {
        let reply = Reply::read_from(reader).map_err(|error| error.to_string());
        let left = reply.is_ok().then(|| reader.rest().len());
        (reply, left)
    });
    let (Ok(Some(reply)), Some(left)) = (reply, left) else { return };
    // An error's text is made visible: what commands a terminal is written in another way.
    let plain = |byte: &u8| matches!(byte, b' '..=b'~' | b'\r' | b'\n') && *byte != b'\\';
    let came = &bytes[..bytes.len() - left];
    let bare = came.windows(2).any(|pair| pair[0] == b'\r' && pair[1] != b'\n');
    let mut written = Vec::new();
    write(&mut written, &reply);
    if came.iter().all(plain) && !bare && !has(came, b"*-1") && !numbers_are_odd(came) {
        assert_eq!(written.escape_ascii().to_string(), came.escape_ascii().to_string());
    }
    // What was written is read as the same, where nothing was made visible: that is done once.
    if written.contains(&b'\\') {
        return;
    }
    assert_eq!(Reply::read_from(&mut written.as_slice()).ok().flatten(), Some(reply));
}

fn write(out: &mut Vec<u8>, reply: &Reply) {
    match reply {
        Reply::Simple(text) => out.extend_from_slice(format!("+{text}\r\n").as_bytes()),
        Reply::Error(text) => out.extend_from_slice(format!("-{text}\r\n").as_bytes()),
        Reply::Integer(number) => out.extend_from_slice(format!(":{number}\r\n").as_bytes()),
        Reply::Bulk(bytes) => {
            out.extend_from_slice(format!("${}\r\n", bytes.len()).as_bytes());
            out.extend_from_slice(bytes);
            out.extend_from_slice(b"\r\n");
        }
        Reply::Array(elements) => {
            out.extend_from_slice(format!("*{}\r\n", elements.len()).as_bytes());
            elements.iter().for_each(|element| write(out, element));
        }
        Reply::Null => out.extend_from_slice(b"$-1\r\n"),
    }
}

fn has(bytes: &[u8], part: &[u8]) -> bool {
    bytes.windows(part.len()).any(|window| window == part)
}

/// Whether something in it may be a number that is not in its shortest form.
fn numbers_are_odd(bytes: &[u8]) -> bool {
    bytes.windows(3).any(|bytes| {
        b":$*".contains(&bytes[0])
            && (matches!(bytes[1], b'+' | b'-' | b'0') && bytes[1..] != *b"0\r")
            && bytes[1..] != *b"-1"
    }) || has(bytes, b":-1")
}
