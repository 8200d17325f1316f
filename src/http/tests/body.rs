use super::{assert_broken, every_way};
use crate::http::body::{Body, Framing, MAX_BODY};
use crate::http::{Error, Request, Rule};
use std::io::{BufRead, Read};

/// The head of a request with these fields; the fields begin at byte 17.
fn head(version: &str, fields: &str) -> String {
    format!("POST / HTTP/{version}\r\n{fields}Host: a\r\n\r\n")
}

fn read(text: &str) -> Result<Option<Request>, Error> {
    every_way(text.as_bytes(), |reader| Request::read_from(reader))
}

#[test]
fn refuses_a_content_length_that_is_no_number_or_several() {
    for value in [
        "",
        "+5",
        "-5",
        "5 5",
        "5, 6",
        "5,",
        ",5",
        "5,,5",
        "5;",
        "5.0",
        "0x5",
        "five",
        "\u{665}", // a digit, but not in ASCII
        "18446744073709551616",
        "99999999999999999999999999999999",
    ] {
        let text = head("1.1", &format!("Content-Length: {value}\r\n"));
        assert_broken(text.as_bytes(), read(&text), Rule::ContentLength, 400, 33);
    }
    for (fields, at) in [
        ("Content-Length: 5\r\nContent-Length: 6\r\n", 52),
        ("Content-Length: 5\r\nContent-Length:\r\n", 51),
        ("Content-Length:\r\nContent-Length: 5\r\n", 32),
    ] {
        let text = head("1.1", fields);
        assert_broken(text.as_bytes(), read(&text), Rule::ContentLength, 400, at);
    }
}

#[test]
fn refuses_a_transfer_encoding_that_leaves_the_end_in_doubt() {
    for (value, rule, status) in [
        ("gzip", Rule::ChunkedLast, 400),
        ("identity", Rule::ChunkedLast, 400),
        ("chunked, gzip", Rule::ChunkedLast, 400),
        ("chunked, identity", Rule::ChunkedLast, 400),
        ("chunked, chunked", Rule::ChunkedLast, 400),
        ("gzip, chunked, chunked", Rule::ChunkedLast, 400),
        ("xchunked", Rule::ChunkedLast, 400),
        ("chunked;q=1", Rule::ChunkedLast, 400),
        ("\"chunked\"", Rule::ChunkedLast, 400),
        ("chunked chunked", Rule::ChunkedLast, 400),
        (",", Rule::ChunkedLast, 400),
        // The end can be found, but not what the body says.
        ("gzip, chunked", Rule::TransferCoding, 501),
        ("identity, chunked", Rule::TransferCoding, 501),
    ] {
        let text = head("1.1", &format!("Transfer-Encoding: {value}\r\n"));
        assert_broken(text.as_bytes(), read(&text), rule, status, 36);
    }
    let two_lines = head("1.1", "Transfer-Encoding: chunked\r\nTransfer-Encoding: chunked\r\n");
    assert_broken(two_lines.as_bytes(), read(&two_lines), Rule::ChunkedLast, 400, 64);
    let empty = head("1.1", "Transfer-Encoding:\r\n");
    assert_broken(empty.as_bytes(), read(&empty), Rule::ChunkedLast, 400, 35);
}

#[test]
fn refuses_two_answers_to_the_question_where_the_body_ends() {
    for (version, fields, rule, at) in [
        ("1.1", "Transfer-Encoding: chunked\r\nContent-Length: 5\r\n", Rule::OneFraming, 61),
        ("1.1", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Rule::OneFraming, 33),
        ("1.1", "Content-Length: 5\r\nTransfer-Encoding: identity\r\n", Rule::OneFraming, 33),
        ("1.1", "Content-Length:\r\nTransfer-Encoding:\r\n", Rule::OneFraming, 32),
        ("1.0", "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n", Rule::OneFraming, 33),
        // RFC 9112 §6.1: an HTTP/1.0 sender knows no transfer codings; whoever added this one is
        // not to be trusted.
        ("1.0", "Transfer-Encoding: chunked\r\n", Rule::NoTransferEncodingIn10, 36),
    ] {
        let text = head(version, fields);
        assert_broken(text.as_bytes(), read(&text), rule, 400, at);
    }
}

#[test]
fn a_body_may_have_a_mebibyte_and_not_one_byte_more() {
    // Read in one way only: this is a mebibyte, and the other tests have tried the others.
    let whole = |text: &str| Request::read_from(&mut text.as_bytes());
    assert!(Rule::BodyLength.entry().2.contains(&MAX_BODY.to_string()));
    let text = "x".repeat(MAX_BODY);
    let longest = head("1.1", &format!("Content-Length: {MAX_BODY}\r\n")) + &text;
    assert_eq!(whole(&longest).unwrap().unwrap().body.len(), MAX_BODY);
    // Refused by the announcement alone, with not one byte of it read.
    let announced = head("1.1", &format!("Content-Length: {}\r\n", MAX_BODY + 1));
    assert!(matches!(read(&announced), Err(Error::Broken { rule: Rule::BodyLength, at: 0, .. })));
    let largest = head("1.1", "Content-Length: 18446744073709551615\r\n");
    assert!(matches!(read(&largest), Err(Error::Broken { rule: Rule::BodyLength, at: 0, .. })));

    let chunked = |more: &str| {
        let half = MAX_BODY / 2;
        let head = head("1.1", "Transfer-Encoding: chunked\r\n");
        format!("{head}{half:x}\r\n{0}\r\n{half:X}\r\n{0}\r\n{more}0\r\n\r\n", &text[..half])
    };
    assert_eq!(whole(&chunked("")).unwrap().unwrap().body.len(), MAX_BODY);
    assert!(matches!(
        whole(&chunked("1\r\ny\r\n")),
        Err(Error::Broken { rule: Rule::BodyLength, at: MAX_BODY, .. })
    ));
}

#[test]
fn memory_grows_with_what_arrives_and_not_with_what_was_announced() {
    // A chunk of 16 EiB: the limit speaks before the memory does.
    let bytes = b"ffffffffffffffff\r\nabc";
    let read = |limit| Body::new(bytes.as_slice(), Framing::Chunked).read_whole(limit);
    assert!(matches!(read(2), Err(Error::Broken { rule: Rule::BodyLength, at: 2, .. })));
    assert!(matches!(read(3), Err(Error::Broken { rule: Rule::WholeMessage, at: 21, .. })));
    let announced =
        Body::new(b"abc".as_slice(), Framing::Length(1 << 40)).read_whole(usize::MAX - 1);
    assert!(matches!(announced, Err(Error::Broken { rule: Rule::WholeMessage, at: 3, .. })));
}

fn read_chunks(bytes: &[u8]) -> Result<Vec<u8>, Error> {
    every_way(bytes, |reader| Body::new(reader, Framing::Chunked).read_whole(MAX_BODY))
}

#[test]
fn reads_chunks_of_any_spelling() {
    for (text, data) in [
        ("0\r\n\r\n", ""),
        ("000000\r\n\r\n", ""),
        ("3\r\nabc\r\n0\r\n\r\n", "abc"),
        ("1\r\na\r\n2\r\nbc\r\n0\r\n\r\n", "abc"),
        ("0000000000000003\r\nabc\r\n0\r\n\r\n", "abc"),
        ("a\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("A\r\n0123456789\r\n0\r\n\r\n", "0123456789"),
        ("2\r\n\r\n\r\n0\r\n\r\n", "\r\n"),
        ("5\r\n0\r\n\r\n\r\n0\r\n\r\n", "0\r\n\r\n"),
        // RFC 9112 §7.1.1: extensions mean nothing to us, quoted or not.
        ("3;a\r\nabc\r\n0\r\n\r\n", "abc"),
        ("3 ; a = \"b;\\\"c\"\r\nabc\r\n0;x\r\n\r\n", "abc"),
        // RFC 9112 §7.1.2: trailers are read and dropped.
        ("3\r\nabc\r\n0\r\nContent-Length: 9\r\nX: y\r\n\r\n", "abc"),
    ] {
        assert_eq!(read_chunks(text.as_bytes()).unwrap(), data.as_bytes(), "{text:?}");
    }
}

#[test]
fn refuses_chunks_whose_end_two_parsers_might_see_in_two_places() {
    for (text, rule, at) in [
        ("\r\nabc\r\n0\r\n\r\n", Rule::ChunkSize, 0),
        ("g\r\n", Rule::ChunkSize, 0),
        ("0x3\r\nabc\r\n", Rule::ChunkSize, 0),
        ("+3\r\nabc\r\n", Rule::ChunkSize, 0),
        ("-1\r\nabc\r\n", Rule::ChunkSize, 0),
        (" 3\r\nabc\r\n", Rule::ChunkSize, 0),
        ("3 \r\nabc\r\n", Rule::ChunkSize, 0),
        ("3 4\r\nabc\r\n", Rule::ChunkSize, 0),
        ("3, 4\r\nabc\r\n", Rule::ChunkSize, 0),
        ("3\nabc\r\n", Rule::ChunkSize, 0),
        ("3;a\nabc\r\n", Rule::ChunkSize, 0),
        ("3;a\rb\r\nabc\r\n", Rule::ChunkSize, 0),
        ("3\r\r\nabc\r\n", Rule::ChunkSize, 0),
        ("3;\0\r\nabc\r\n", Rule::ChunkSize, 0),
        // 2^64 and more: a size that wraps around would be a small one.
        ("10000000000000000\r\n", Rule::ChunkSize, 0),
        ("00000000000000003\r\nabc\r\n", Rule::ChunkSize, 0),
        ("3\r\nabcd\r\n", Rule::ChunkEnd, 6),
        ("3\r\nabc0\r\n\r\n", Rule::ChunkEnd, 6),
        ("3\r\nabc\n0\r\n\r\n", Rule::ChunkEnd, 6),
        ("3\r\nabc\r0\r\n\r\n", Rule::ChunkEnd, 6),
        ("3\r\nabc\r\n\r\n", Rule::ChunkSize, 8),
        ("0\r\nX : y\r\n\r\n", Rule::FieldName, 4),
        ("0\r\nX: y\r\n z\r\n\r\n", Rule::NoFolding, 9),
        ("1\r\na\r\n0\r\n\rX: y\r\n\r\n", Rule::FieldName, 9),
    ] {
        assert_broken(text.as_bytes(), read_chunks(text.as_bytes()), rule, 400, at);
    }
}

#[test]
fn a_size_line_and_the_trailers_have_limits() {
    let line = |length: usize| format!("0;{}\r\n\r\n", "x".repeat(length - 2));
    assert_eq!(read_chunks(line(256).as_bytes()).unwrap(), b"");
    let longer = line(257);
    assert_broken(longer.as_bytes(), read_chunks(longer.as_bytes()), Rule::ChunkSize, 400, 0);
    let trailers = format!("0\r\n{}\r\n", "X: y\r\n".repeat(101));
    assert_broken(
        trailers.as_bytes(),
        read_chunks(trailers.as_bytes()),
        Rule::FieldCount,
        431,
        3 + 600,
    );
}

#[test]
fn a_body_stops_where_it_ends_however_it_is_read() {
    for (framing, bytes) in
        [(Framing::Length(5), "hello"), (Framing::Chunked, "2\r\nhe\r\n3\r\nllo\r\n0\r\n\r\n")]
    {
        let message = bytes.to_owned() + "next";
        let mut rest = message.as_bytes();
        let mut body = Body::new(&mut rest, framing);
        let mut begin = [0; 3];
        body.read_exact(&mut begin).unwrap();
        assert_eq!((&begin, body.fill_buf().unwrap()), (b"hel", &b"lo"[..]));
        body.consume(2);
        // The end is the end, again and again.
        for _ in 0..3 {
            assert_eq!((body.read(&mut begin).unwrap(), body.fill_buf().unwrap()), (0, &b""[..]));
        }
        assert_eq!(rest, b"next", "{framing:?}");
    }
    let mut whole = Body::new(b"all there is".as_slice(), Framing::UntilClose);
    assert_eq!(whole.fill_buf().unwrap(), b"all there is");
}
