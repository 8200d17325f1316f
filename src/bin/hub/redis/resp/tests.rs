use super::*;
use std::io::BufReader;

fn bulk(text: &str) -> Reply {
    Reply::Bulk(text.into())
}

fn read(bytes: &[u8]) -> Result<Option<Reply>, Error> {
    Reply::read_from(&mut { bytes })
}

#[test]
fn a_command_is_an_array_of_bulk_strings() {
    let mut out = Vec::new();
    write_command(&mut out, &[b"XADD", b"push:", b"*", b"data", b"a\r\nb", b""]);
    assert_eq!(
        out.escape_ascii().to_string(),
        r"*6\r\n$4\r\nXADD\r\n$5\r\npush:\r\n$1\r\n*\r\n$4\r\ndata\r\n$4\r\na\r\nb\r\n$0\r\n\r\n"
    );
    // The server reads a command as we read a reply.
    let read = read(&out).unwrap().unwrap();
    assert_eq!(read.elements().unwrap()[4], bulk("a\r\nb"));
}

#[test]
fn every_kind_of_reply_is_read_whole_byte_by_byte_and_with_more_behind_it() {
    let entry =
        Reply::Array(vec![bulk("1763700000000-1"), Reply::Array(vec![bulk("data"), bulk("你好")])]);
    for (bytes, reply) in [
        (&b"+OK\r\n"[..], Reply::Simple("OK".into())),
        (b"-ERR no such key\r\n", Reply::Error("ERR no such key".into())),
        (b":42\r\n", Reply::Integer(42)),
        (b":-1\r\n", Reply::Integer(-1)),
        (b"$5\r\nhello\r\n", bulk("hello")),
        (b"$0\r\n\r\n", bulk("")),
        (b"$4\r\na\r\nb\r\n", bulk("a\r\nb")),
        (b"$-1\r\n", Reply::Null),
        (b"*-1\r\n", Reply::Null),
        (b"*0\r\n", Reply::Array(vec![])),
        (b"*2\r\n:1\r\n$-1\r\n", Reply::Array(vec![Reply::Integer(1), Reply::Null])),
        ("*2\r\n$15\r\n1763700000000-1\r\n*2\r\n$4\r\ndata\r\n$6\r\n你好\r\n".as_bytes(), entry),
    ] {
        assert_eq!(read(bytes).unwrap(), Some(reply.clone()), "{}", bytes.escape_ascii());
        let mut dripping = BufReader::with_capacity(1, bytes);
        assert_eq!(Reply::read_from(&mut dripping).unwrap(), Some(reply.clone()));
        let more = [bytes, b"+next\r\n"].concat();
        let mut rest = &more[..];
        assert_eq!(Reply::read_from(&mut rest).unwrap(), Some(reply));
        assert_eq!(rest, b"+next\r\n");
    }
}

#[test]
fn an_end_between_replies_is_no_error_and_inside_one_it_is() {
    assert_eq!(read(b"").unwrap(), None);
    let whole = b"*2\r\n$2\r\nab\r\n:7\r\n";
    for end in 1..whole.len() {
        assert!(matches!(read(&whole[..end]), Err(Error::CutOff)), "{end}");
    }
}

#[test]
fn what_is_no_resp_is_refused_with_what_came() {
    for (bytes, said) in [
        (&b"HTTP/1.1 400 Bad Request\r\n"[..], r#"came "HTTP/1.1 400 Bad Request""#),
        (b"\r\n", r#"expected a reply; came """#),
        (b":4x\r\n", r#"expected an integer; came "4x""#),
        (b"$-2\r\n", r#"expected a length; came "-2""#),
        (b"$x\r\n", r#"expected a length; came "x""#),
        (b"*9999999999999999999\r\n", "expected a length"),
        (b"$2\r\nabc\r\n", r#"expected CR LF after a bulk string; came "c""#),
        (b"+OK\n", "expected CR LF at the end of a line"),
    ] {
        let error = read(bytes).unwrap_err().to_string();
        assert!(error.contains(said), "{}: {error}", bytes.escape_ascii());
    }
}

#[test]
fn no_reply_makes_us_hold_more_than_the_limit() {
    // Announced, and refused before a byte of it is read.
    assert!(matches!(read(b"$536870912\r\n"), Err(Error::TooLong)));
    // An array of so many costs us more than its bytes on the wire.
    let nulls = [&b"*1000000000\r\n"[..], &b"$-1\r\n".repeat(MAX_REPLY / ELEMENT)].concat();
    assert!(matches!(read(&nulls), Err(Error::TooLong)));
    let line = [b"+".as_slice(), &[b'x'; 2 * MAX_LINE]].concat();
    assert!(matches!(read(&line), Err(Error::TooLong)));
    let deep = b"*1\r\n".repeat(MAX_DEPTH + 1);
    assert!(matches!(read(&deep), Err(Error::Broken { .. })));
}
