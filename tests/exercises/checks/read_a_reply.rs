use super::exercise::{Reply, read_reply};
use crate::checks::{Check, holds, same, say};
use std::io::{BufRead, Read};

/// As a reader would write it: bytes as text.
fn shown(reply: &Reply) -> String {
    match reply {
        Reply::Text(bytes) => format!("Text(\"{}\")", bytes.escape_ascii()),
        Reply::Array(replies) => {
            format!("Array([{}])", replies.iter().map(shown).collect::<Vec<_>>().join(", "))
        }
        other => format!("{other:?}"),
    }
}

pub fn check() -> Check {
    let text = |bytes: &[u8]| Reply::Text(bytes.to_vec());
    let entry = || Reply::Array(vec![text(b"7-1"), Reply::Array(vec![text(b"data"), text(b"hi")])]);
    for (bytes, expected) in [
        (&b"+OK\r\n"[..], Some(text(b"OK"))),
        (b":42\r\n", Some(Reply::Number(42))),
        (b":-1\r\n", Some(Reply::Number(-1))),
        (b"-ERR no such key\r\n", Some(Reply::Failed("ERR no such key".into()))),
        (b"$5\r\nhello\r\n", Some(text(b"hello"))),
        (b"$0\r\n\r\n", Some(text(b""))),
        (b"$4\r\na\r\nb\r\n", Some(text(b"a\r\nb"))),
        (b"$2\r\n\xff\0\r\n", Some(text(b"\xff\0"))),
        (b"$-1\r\n", Some(Reply::Nothing)),
        (b"*-1\r\n", Some(Reply::Nothing)),
        (b"*0\r\n", Some(Reply::Array(vec![]))),
        (b"*2\r\n$3\r\n7-1\r\n*2\r\n$4\r\ndata\r\n$2\r\nhi\r\n", Some(entry())),
        (b"$5\r\nhel", None),
        (b"$5\r\nhello", None),
        (b"*2\r\n:1\r\n", None),
        (b"HTTP/1.1 400 Bad Request\r\n", None),
    ] {
        let sent = bytes.escape_ascii();
        let next = if expected.is_some() { &b"next"[..] } else { b"" };
        let mut reader = bytes.chain(next);
        let asked = say("reply", &[&sent]);
        let came = read_reply(&mut reader).ok();
        let is_whole = came.is_some();
        let or_error =
            |reply: &Option<Reply>| reply.as_ref().map_or_else(|| say("an error", &[]), shown);
        holds(expected == came, asked, or_error(&expected), or_error(&came))?;
        if is_whole {
            let rest = reader.fill_buf().unwrap_or_default().escape_ascii().to_string();
            same(say("rest", &[&sent]), "next".into(), rest)?;
        }
    }
    Ok(())
}
