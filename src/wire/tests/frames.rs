use super::*;

/// The parts after the opening handshake.
fn frames(crossings: Crossings<'_>, cut: usize) -> Vec<Part> {
    let all = parts(&[&[(In, UPGRADE), (Out, SWITCHED)], crossings].concat(), cut);
    let at = all.iter().position(|part| part.meaning == "now WebSocket frames").unwrap();
    all[at + 1..].to_vec()
}

#[test]
fn after_a_101_both_directions_are_cut_into_frames_and_bits() {
    for cut in [usize::MAX, 1, 3] {
        let parts = frames(&[(In, MASKED_HELLO), (Out, BARE_HELLO)], cut);
        let found: Vec<_> = parts
            .iter()
            .map(|part| (part.name, part.bits.clone(), part.meaning.as_str()))
            .collect();
        let masked = [
            ("FIN", Some(0..1), "final: the whole message"),
            ("RSV1-3", Some(1..4), "no extension in use"),
            ("opcode", Some(4..8), "text frame"),
            ("MASK", Some(8..9), "masked: from the client"),
            ("payload length", Some(9..16), "5 bytes"),
            ("masking-key", None, "a new one every frame"),
            ("payload", None, "text"),
        ];
        assert_eq!(found[..7], masked);
        assert_eq!(
            found[7..].iter().map(|found| found.0).collect::<Vec<_>>(),
            ["FIN", "RSV1-3", "opcode", "MASK", "payload length", "payload"]
        );
        assert_eq!(found[10].2, "bare: from the server");
        assert_eq!(parts[0].bytes, MASKED_HELLO[..2]);
        assert_eq!(
            (parts[6].bytes.as_slice(), parts[6].unmasked.as_deref()),
            (&MASKED_HELLO[6..], Some(&b"Hello"[..]))
        );
        assert_eq!(
            (parts[12].bytes.as_slice(), parts[12].unmasked.as_deref()),
            (&b"Hello"[..], None)
        );
    }
}

#[test]
fn every_shape_of_frame_has_its_words() {
    let long = [&[0x82, 126, 1, 0][..], &[7; 256]].concat();
    let longer = [&[0x82, 127, 0, 0, 0, 0, 0, 1, 0, 0][..], &[7; 65_536]].concat();
    for (bytes, words) in [
        (&[0x01, 0x03, 0x48, 0x65, 0x6c][..], &["more frames to come", "text frame"][..]),
        (&[0x80, 0x02, 0x6c, 0x6f], &["final", "continuation frame", "the message goes on"]),
        (&[0x89, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f], &["ping frame", "a pong will bring it back"]),
        (&[0x8a, 0x01, 0x48], &["pong frame", "1 byte", "what the ping brought"]),
        (&[0x88, 0x02, 0x03, 0xe8], &["close frame", "close code 1000: normal closure"]),
        (&[0x88, 0x01, 0x03], &["wrong: half a close code"]),
        (&[0x88, 0x02, 0x03, 0xed], &["close code 1005: never on the wire"]),
        (&[0x83, 0x00], &["wrong: reserved", "0 bytes"]),
        (&[0xc1, 0x00], &["wrong: no extension is on"]),
        (&[0x09, 0x7e, 0, 126], &["wrong: it cannot be cut", "wrong: at most 125"]),
        (&[0x81, 0x80, 1, 2, 3, 4], &["wrong: a server must not"]),
        (&[0x82, 0x7e, 0, 5, 1, 2, 3, 4, 5], &["wrong: 5 fits in less"]),
        (&[0x82, 0x7f, 0x80, 0, 0, 0, 0, 0, 0, 0, 1], &["wrong: the first bit is 0"]),
        (&long, &["binary frame", "see the next 2 bytes", "256 bytes", "binary data"]),
        (&longer, &["see the next 8 bytes", "65536 bytes"]),
    ] {
        for cut in [usize::MAX, 1] {
            let parts = frames(&[(Out, bytes)], cut);
            for word in words {
                assert!(parts.iter().any(|part| part.meaning == *word), "{word} in {parts:?}");
            }
        }
    }
    let parts = frames(&[(In, BARE_HELLO)], 1);
    assert_eq!(parts[3].meaning, "wrong: a client must mask");
}

#[test]
fn a_client_that_does_not_wait_for_the_101_is_understood() {
    for cut in [usize::MAX, 1] {
        let all = parts(
            &[(In, &[UPGRADE, MASKED_HELLO].concat()), (Out, SWITCHED), (In, MASKED_HELLO)],
            cut,
        );
        assert_eq!(all.iter().filter(|part| part.unmasked.as_deref() == Some(b"Hello")).count(), 2);
    }
    // A refused one goes on in HTTP.
    let refused = parts(
        &[
            (In, UPGRADE),
            (Out, b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\n\r\n"),
            (In, UPGRADE),
        ],
        usize::MAX,
    );
    assert_eq!(refused.iter().filter(|part| part.name == "request-line").count(), 2);
}

#[test]
fn a_part_can_be_sent_to_a_page() {
    let parts = frames(&[(In, MASKED_HELLO)], usize::MAX);
    assert_eq!(
        parts[2].to_json(),
        [
            r#"{"direction":"in","name":"opcode","length":2,"bytes":"8185","unmasked":null,"#,
            r#""bits":[4,8],"meaning":"text frame","section":"RFC 6455 §5.2"}"#,
        ]
        .concat()
    );
    assert_eq!(
        parts[6].to_json(),
        [
            r#"{"direction":"in","name":"payload","length":5,"bytes":"7f9f4d5158","#,
            r#""unmasked":"48656c6c6f","bits":null,"meaning":"text","section":"RFC 6455 §5.2"}"#,
        ]
        .concat()
    );
}
