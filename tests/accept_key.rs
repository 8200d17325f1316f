//! The program that goes from a key to the accept value.

use std::process::{Command, Output};

fn accept_key(arguments: &[&str]) -> (Option<i32>, String, String) {
    let Output { status, stdout, stderr } =
        Command::new(env!("CARGO_BIN_EXE_accept_key")).args(arguments).output().unwrap();
    (status.code(), String::from_utf8(stdout).unwrap(), String::from_utf8(stderr).unwrap())
}

#[test]
fn shows_every_value_on_the_way_for_the_key_of_the_specification() {
    let (code, out, _) = accept_key(&["dGhlIHNhbXBsZSBub25jZQ=="]);
    assert_eq!(code, Some(0));
    for value in [
        // "the sample nonce"
        "74 68 65 20 73 61 6d 70 6c 65 20 6e 6f 6e 63 65",
        "dGhlIHNhbXBsZSBub25jZQ==258EAFA5-E914-47DA-95CA-C5AB0DC85B11",
        "b3 7a 4f 2c c0 62 4f 16 90 f6 46 06 cf 38 59 45 b2 be c4 ea",
    ] {
        assert!(out.contains(value), "{out}");
    }
    assert_eq!(out.lines().last(), Some("Sec-WebSocket-Accept: s3pPLMBiTxaQ9kYGzzhZRbK+xOo="));
}

#[test]
fn takes_the_key_of_the_tutorial_if_none_is_given() {
    let (code, out, _) = accept_key(&[]);
    assert_eq!(code, Some(0));
    assert_eq!(out.lines().last(), Some("Sec-WebSocket-Accept: aWAY+V/uyz5ILZEoWuWdxjnlb7E="));
}

/// The sample of RFC 6455 §4.1: 01 to 10 in base64, with a bit in the padding that says nothing.
#[test]
fn takes_a_key_whose_padding_is_not_zero() {
    let (code, out, _) = accept_key(&["AQIDBAUGBwgJCgsMDQ4PEC=="]);
    assert_eq!(code, Some(0));
    assert!(out.contains("01 02 03 04 05 06 07 08 09 0a 0b 0c 0d 0e 0f 10\n"), "{out}");
}

#[test]
fn refuses_what_is_no_key_and_says_what_came() {
    for (arguments, expected) in [
        (&["c2hvcnQ="][..], "expected sixteen bytes in base64; came 5 bytes"),
        (&["not base64"], "expected sixteen bytes in base64; came no base64"),
        (&["--loud"], "accept_key does not know \"--loud\""),
        (&["a", "b"], "accept_key does not know \"b\""),
    ] {
        let (code, out, error) = accept_key(arguments);
        assert_eq!((code, out.as_str()), (Some(2), ""));
        assert!(error.starts_with(expected) && error.contains("Usage:"), "{error}");
    }
    assert!(accept_key(&["--help"]).1.contains("Usage:"));
}
