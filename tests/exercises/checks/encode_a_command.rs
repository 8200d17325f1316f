use super::exercise::command;
use crate::checks::{Check, holds, say};

pub fn check() -> Check {
    for (words, expected) in [
        (&[&b"PING"[..]][..], &b"*1\r\n$4\r\nPING\r\n"[..]),
        (&[b"XLEN", b"push:news"], b"*2\r\n$4\r\nXLEN\r\n$9\r\npush:news\r\n"),
        (&[b"ECHO", b"a b"], b"*2\r\n$4\r\nECHO\r\n$3\r\na b\r\n"),
        (&[b"ECHO", b""], b"*2\r\n$4\r\nECHO\r\n$0\r\n\r\n"),
        (&[b"ECHO", b"a\r\nb"], b"*2\r\n$4\r\nECHO\r\n$4\r\na\r\nb\r\n"),
        (&[b"ECHO", "你好".as_bytes()], "*2\r\n$4\r\nECHO\r\n$6\r\n你好\r\n".as_bytes()),
        (&[b"ECHO", b"\xff\0"], b"*2\r\n$4\r\nECHO\r\n$2\r\n\xff\0\r\n"),
    ] {
        let shown: Vec<_> = words.iter().map(|word| word.escape_ascii().to_string()).collect();
        let asked = say("command", &[&shown.join(" ")]);
        let came = command(words);
        holds(came == expected, asked, expected.escape_ascii(), came.escape_ascii())?;
    }
    Ok(())
}
