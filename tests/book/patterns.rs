//! What may differ between the output in the book and the output of a run: only what a comment
//! before the block names.
//!
//! `<!-- varies: date run -->` says that dates and runs of a server may be others. Everything else
//! must be the same.

/// The names. In a shape, `9` is a digit, `9+` one or more, `A` a letter, `X` a hexadecimal digit,
/// `B` one of base64, `_` any number of spaces; all else is itself.
const SHAPES: &[(&str, &str)] = &[
    ("date", "AAA, 99 AAA 9999 99:99:99 GMT"),
    // An id, and the run of the server alone: then the number behind the dash must be the one in
    // the book.
    ("id", "9999999999999-9+"),
    ("run", "9999999999999-"),
    ("millis", "9999999999999"),
    // A bare id of one digit: a slow machine begins with the second tick.
    ("seq", "id:9"),
    ("time", "99:99:99"),
    ("time", "99点99分99秒"),
    // The reconnection time that this connection is told, as it is sent and as the wire view says.
    ("retry", "retry: 9+"),
    ("retry", "reconnect after 9+ ms"),
    // The port that the system gave to a client.
    ("client", "127.0.0.1:9+"),
    ("client", "[::1]:9+"),
    ("curl", "curl/9+.9+.9+"),
    // The seconds since the start, and how long something took, as the wire view prints them.
    ("seconds", "_9+.999"),
    // What a client draws for each connection, and what follows from it.
    ("nonce", "BBBBBBBBBBBBBBBBBBBBBB=="),
    ("nonce", "BBBBBBBBBBBBBBBBBBBBBBBBBBB="),
    // And for each frame: masked bytes with the key they meet, and the key alone. What is unmasked
    // must be the same.
    ("key", "XX XX XX XX ^ XX XX XX XX ="),
    ("key", "XX XX XX_^ XX XX XX_="),
    ("key", "XX XX_^ XX XX_="),
    ("key", "XX_^ XX_="),
    ("key", "masking-key_XX XX XX XX"),
    ("digits", "9+"),
];

/// The line with its varying parts replaced by their names.
pub fn blur(line: &str, varies: &[String]) -> String {
    let mut out = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        // A number is taken whole or not at all: nothing begins or ends in the middle of one.
        let inside_a_number = first.is_ascii_digit() && out.ends_with(|c: char| c.is_ascii_digit());
        let found = SHAPES
            .iter()
            .filter(|(name, _)| !inside_a_number && varies.iter().any(|varying| varying == name));
        match found.filter_map(|(name, shape)| Some((name, length(shape, rest)?))).next() {
            Some((name, length)) => {
                out.extend(["<", name, ">"]);
                rest = &rest[length..];
            }
            None => {
                out.push(first);
                rest = &rest[first.len_utf8()..];
            }
        }
    }
    out
}

/// Whether this is a name of something that may vary.
pub fn is_known(name: &str) -> bool {
    SHAPES.iter().any(|(known, _)| *known == name)
}

/// How many bytes at the beginning of `text` have this shape.
fn length(shape: &str, text: &str) -> Option<usize> {
    let bytes = text.as_bytes();
    let mut shape = shape.bytes().peekable();
    let (mut at, mut last) = (0, 0);
    while let Some(wanted) = shape.next() {
        if wanted == b'_' {
            at += bytes[at..].iter().take_while(|byte| **byte == b' ').count();
            continue;
        }
        let byte = *bytes.get(at)?;
        let fits = match wanted {
            b'9' => byte.is_ascii_digit(),
            b'A' => byte.is_ascii_alphabetic(),
            b'X' => byte.is_ascii_digit() || matches!(byte, b'a'..=b'f'),
            b'B' => byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/'),
            other => other == byte,
        };
        if !fits {
            return None;
        }
        (at, last) = (at + 1, byte);
        if shape.next_if_eq(&b'+').is_some() {
            at += bytes[at..].iter().take_while(|byte| byte.is_ascii_digit()).count();
        }
    }
    let cut_short = last.is_ascii_digit() && bytes.get(at).is_some_and(u8::is_ascii_digit);
    (!cut_short).then_some(at)
}

/// The runs of a server that a text names, in order: the 13 digits before the dash of each id.
pub fn runs(text: &str) -> Vec<&str> {
    let digits = |at: usize| text[..at].bytes().rev().take_while(u8::is_ascii_digit).count();
    let dashes = text
        .match_indices('-')
        .map(|(at, _)| at)
        .filter(|&at| text[at + 1..].starts_with(|c: char| c.is_ascii_digit()));
    dashes.filter(|&at| digits(at) == 13).map(|at| &text[at - 13..at]).collect()
}

#[test]
fn only_what_is_named_is_blurred() {
    for (line, varies, blurred) in [
        ("Date: Sat, 21 Nov 2026 05:27:14 GMT", "date", "Date: <date>"),
        ("Date: Sat, 21 Nov 2026 05:27:14 GMT", "time", "Date: Sat, 21 Nov 2026 <time> GMT"),
        ("Date: Sat, 21 Nov 2026 05:27:14 GMT", "", "Date: Sat, 21 Nov 2026 05:27:14 GMT"),
        ("{\"id\":\"1763700000000-42\"}", "id", "{\"id\":\"<id>\"}"),
        ("{\"id\":\"1763700000000-42\"}", "run", "{\"id\":\"<run>42\"}"),
        ("{\"id\":\"1763700000000-42\"}", "millis", "{\"id\":\"<millis>-42\"}"),
        ("17637000000001", "millis", "17637000000001"),
        ("id:42 of 7", "digits", "id:<digits> of <digits>"),
        ("400 127.0.0.1:51234: no", "client", "400 <client>: no"),
        ("  0.663   1", "seconds", "<seconds>   1"),
        (" 10.663   1", "seconds", "<seconds>   1"),
        ("in 0.005 s", "seconds", "in<seconds> s"),
        ("07:20:01", "time", "<time>"),
        ("107:20:01", "time", "107:20:01"),
        ("中文 07:20:01", "time", "中文 <time>"),
        (
            "Key: IHfMdf8a0aQXbwQO1pkGdA== Accept: aWAY+V/uyz5ILZEoWuWdxjnlb7E=",
            "nonce",
            "Key: <nonce> Accept: <nonce>",
        ),
        ("4 masking-key  37 fa 21 3d", "key", "4 <key>"),
        ("7f 9f 4d 51 ^ 37 fa 21 3d = 48 65 6c 6c", "key", "<key> 48 65 6c 6c"),
        ("58          ^ 37          = 6f", "key", "<key> 6f"),
    ] {
        let varies: Vec<String> = varies.split_whitespace().map(str::to_owned).collect();
        assert_eq!(blur(line, &varies), blurred);
    }
    assert_eq!(
        runs("a 1763700000000-1 b 1763700000001-22 17637-1 1763700000002"),
        ["1763700000000", "1763700000001"]
    );
}
