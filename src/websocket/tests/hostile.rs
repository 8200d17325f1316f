//! What only somebody hostile or broken sends: texts that are none, claims, ends, and noise.

use super::*;

#[test]
fn text_that_is_not_utf8_is_refused_with_1007_at_its_first_wrong_byte() {
    for (payload, at, came) in [
        (b"\xff".as_slice(), 0, Some(0xff)),
        (b"ab\x80", 2, Some(0x80)),
        (b"\xc0\xaf", 0, Some(0xc0)),
        (b"\xed\xa0\x80", 0, Some(0xed)),
        (b"\xf4\x90\x80\x80", 0, Some(0xf4)),
        (b"x\xe6\x9c", 1, None),
    ] {
        for bytes in [masked(0x81, payload), [masked(0x01, payload), masked(0x80, b"")].concat()] {
            let found = violation(&bytes, Role::Server);
            assert_eq!(found, Violation::Text(NotUtf8 { at, came }), "{payload:02x?}");
            assert_eq!(found.close_code(), CloseCode::INVALID_PAYLOAD);
        }
    }
}

/// Everything after the wrong byte is missing, and must not be waited for.
#[test]
fn a_wrong_byte_is_found_in_the_middle_of_a_frame() {
    let whole = masked(0x81, b"\xce\xba\xe1\xbd\xb9\xf4\x90\x80\x80edited");
    // Two bytes of header, four of key, five of good text, and f4 90, which begins no character.
    let part = &whole[..2 + 4 + 5 + 2];
    assert_eq!(violation(part, Role::Server), Violation::Text(NotUtf8 { at: 5, came: Some(0xf4) }));
    match all(&part[..part.len() - 1], 1, Role::Server) {
        Err(Error::CutOff { expected: 15, came: 6, .. }) => {}
        other => panic!("f4 alone may still become a character; came {other:?}"),
    }
}

#[test]
fn an_end_between_messages_is_an_end_and_an_end_inside_one_is_an_error() {
    assert!(all(b"", 1, Role::Server).unwrap().is_empty());
    let frame = masked(0x81, &[b'x'; 300]);
    for end in 1..frame.len() {
        assert!(
            matches!(all(&frame[..end], usize::MAX, Role::Server), Err(Error::CutOff { .. })),
            "cut at {end}"
        );
    }
    let fragment = masked(0x01, b"Hel");
    assert!(matches!(all(&fragment, usize::MAX, Role::Server), Err(Error::Unfinished { came: 3 })));
}

#[test]
fn a_claimed_length_makes_no_room_for_itself() {
    let claim = hex("82 ff 7fffffffffffffff 00000000 00");
    let mut input = claim.as_slice();
    let header = Header::read_from(&mut input, Role::Server).unwrap().unwrap();
    let mut rest = header.payload(0, usize::MAX).unwrap();
    let mut payload = Vec::new();
    rest.read_piece(&mut input, &mut payload).unwrap();
    assert!(payload.capacity() < 64, "{} bytes for one", payload.capacity());
    let found = violation(&claim, Role::Server);
    assert_eq!(found, Violation::MessageTooLong { length: u64::MAX >> 1, limit: DEFAULT_LIMIT });
    assert_eq!(found.close_code(), CloseCode::MESSAGE_TOO_BIG);
}

#[test]
fn the_limit_counts_the_message_and_not_the_frame() {
    let read = |limit: usize| {
        let bytes = [masked(0x02, b"12345"), masked(0x80, b"67890")].concat();
        let (mut reader, mut input) = (MessageReader::new(Role::Server, limit), bytes.as_slice());
        reader.read_from(&mut input)?;
        reader.read_from(&mut input)
    };
    assert!(read(10).is_ok());
    let Err(Error::Violation(found)) = read(9) else { panic!("ten bytes passed a limit of nine") };
    assert_eq!(found, Violation::MessageTooLong { length: 10, limit: 9 });
}

#[test]
fn a_hundred_thousand_fragments_of_one_byte_are_one_message() {
    let mut bytes = masked(0x01, b"x");
    for _ in 0..99_998 {
        bytes.extend(masked(0x00, b"x"));
    }
    bytes.extend(masked(0x80, b"x"));
    assert_eq!(all(&bytes, usize::MAX, Role::Server).unwrap(), vec![text(&"x".repeat(100_000))]);
}

/// A small generator of arbitrary bytes, the same in every run (Marsaglia's xorshift).
fn arbitrary(seed: u64) -> impl FnMut() -> u64 {
    let mut state = seed;
    move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state
    }
}

#[test]
fn no_bytes_make_it_panic_and_no_split_changes_what_they_mean() {
    let mut next = arbitrary(0x9e37_79b9_7f4a_7c15);
    for _ in 0..20_000 {
        let length = next() % 40;
        let mut bytes: Vec<u8> = (0..length).map(|_| (next() >> 32) as u8).collect();
        // Half of them begin like a frame, so that more than the header is tried.
        if let [byte0, byte1, ..] = bytes.as_mut_slice()
            && next().is_multiple_of(2)
        {
            *byte0 &= 0x8b;
            *byte1 = 0x80 | (*byte1 & 0x0f);
        }
        let _ = every_way(&bytes, Role::Server);
        let _ = every_way(&bytes, Role::Client);
    }
}
