//! The specification's own examples and the edges of every rule, on bytes in memory.

use super::*;
use std::io::{self, BufRead, Read};

mod hostile;

/// A stream that arrives `step` bytes at a time.
struct Drip<'a> {
    bytes: &'a [u8],
    step: usize,
}

impl BufRead for Drip<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.bytes[..self.bytes.len().min(self.step)])
    }

    fn consume(&mut self, n: usize) {
        self.bytes = &self.bytes[n..];
    }
}

impl Read for Drip<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}

fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    digits
        .chunks(2)
        .map(|pair| u8::from_str_radix(str::from_utf8(pair).unwrap(), 16).unwrap())
        .collect()
}

/// Everything that `bytes` say to one end, up to the end of the stream or the error.
fn all(bytes: &[u8], step: usize, role: Role) -> Result<Vec<Incoming>, Error> {
    let mut reader = MessageReader::new(role, DEFAULT_LIMIT);
    let mut input = Drip { bytes, step };
    let mut found = Vec::new();
    while let Some(incoming) = reader.read_from(&mut input)? {
        if incoming != Incoming::Fragment {
            found.push(incoming);
        }
    }
    Ok(found)
}

/// The same, whole and byte by byte and in threes, which must not differ.
fn every_way(bytes: &[u8], role: Role) -> Result<Vec<Incoming>, String> {
    let [whole, one, three] =
        [usize::MAX, 1, 3].map(|step| all(bytes, step, role).map_err(|error| error.to_string()));
    assert_eq!(whole, one);
    assert_eq!(whole, three);
    whole
}

fn violation(bytes: &[u8], role: Role) -> Violation {
    let found = [usize::MAX, 1].map(|step| match all(bytes, step, role) {
        Err(Error::Violation(violation)) => violation,
        other => panic!("expected a violation in {bytes:02x?}; came {other:?}"),
    });
    assert_eq!(found[0], found[1]);
    found[0]
}

/// A frame as a client sends it, with a key of our choice.
pub(super) fn masked(byte0: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![byte0];
    match payload.len() {
        length @ 0..126 => bytes.push(0x80 | length as u8),
        length @ 126..65_536 => {
            bytes.extend([&[0xfe], &(length as u16).to_be_bytes()[..]].concat())
        }
        length => bytes.extend([&[0xff], &(length as u64).to_be_bytes()[..]].concat()),
    }
    bytes.extend(key);
    bytes.extend(payload.iter().enumerate().map(|(i, byte)| byte ^ key[i % 4]));
    bytes
}

fn text(text: &str) -> Incoming {
    Incoming::Message(Message::Text(text.into()))
}

fn frame(fin: bool, opcode: Opcode, payload: &[u8]) -> Frame {
    Frame { fin, opcode, payload: payload.to_vec() }
}

/// RFC 6455 §5.7, and the answer that the tutorial's server gives.
#[test]
fn the_examples_are_read_and_written_as_the_same_bytes() {
    for (frame, bytes) in [
        (frame(true, Opcode::Text, b"Hello"), hex("81 05 48 65 6c 6c 6f")),
        (frame(false, Opcode::Text, b"Hel"), hex("01 03 48 65 6c")),
        (frame(true, Opcode::Continuation, b"lo"), hex("80 02 6c 6f")),
        (frame(true, Opcode::Ping, b"Hello"), hex("89 05 48 65 6c 6c 6f")),
        (frame(true, Opcode::Binary, &[7; 256]), [hex("82 7e 01 00"), vec![7; 256]].concat()),
        (
            frame(true, Opcode::Binary, &[7; 65536]),
            [hex("82 7f 00 00 00 00 00 01 00 00"), vec![7; 65536]].concat(),
        ),
        (frame(true, Opcode::Binary, &[7; 65535]), [hex("82 7e ff ff"), vec![7; 65535]].concat()),
        (frame(true, Opcode::Binary, &[7; 126]), [hex("82 7e 00 7e"), vec![7; 126]].concat()),
        (frame(true, Opcode::Binary, &[7; 125]), [hex("82 7d"), vec![7; 125]].concat()),
        (frame(true, Opcode::Close, b""), hex("88 00")),
        (frame(true, Opcode::Pong, b""), hex("8a 00")),
        (
            frame(true, Opcode::Text, "服务器回应:hello".as_bytes()),
            hex("81 15 e69c8d e58aa1 e599a8 e59b9e e5ba94 3a 68656c6c6f").into_iter().collect(),
        ),
    ] {
        let mut written = Vec::new();
        write_frame(&mut written, Role::Server, frame.fin, frame.opcode, &frame.payload);
        assert_eq!(written, bytes);
        for step in [usize::MAX, 1, 7] {
            let followed = [bytes.as_slice(), b"\x81"].concat();
            let mut input = Drip { bytes: &followed, step };
            let read = Frame::read_from(&mut input, Role::Client, DEFAULT_LIMIT).unwrap().unwrap();
            assert_eq!((&read, input.bytes), (&frame, b"\x81".as_slice()));
        }
    }
}

#[test]
fn the_masked_examples_are_unmasked() {
    let mut pong = hex("8a 85 37 fa 21 3d 7f 9f 4d 51 58");
    assert_eq!(every_way(&pong, Role::Server), Ok(vec![Incoming::Pong(b"Hello".to_vec())]));
    pong[0] = 0x81;
    assert_eq!(every_way(&pong, Role::Server), Ok(vec![text("Hello")]));
    assert_eq!(masked(0x81, b"Hello"), pong);
}

#[test]
fn what_a_client_writes_a_server_reads_at_every_length() {
    for length in [0, 1, 2, 3, 4, 5, 7, 8, 9, 125, 126, 127, 65_535, 65_536, 65_537, 1 << 20] {
        let payload: Vec<u8> = (0..length).map(|i| (i * 31 % 251) as u8).collect();
        let (mut up, mut down) = (Vec::new(), Vec::new());
        write_frame(&mut up, Role::Client, true, Opcode::Binary, &payload);
        write_frame(&mut down, Role::Server, true, Opcode::Binary, &payload);
        assert_eq!(up.len(), down.len() + 4, "masking adds its key and nothing else");
        for (bytes, role) in [(up, Role::Server), (down, Role::Client)] {
            for step in [usize::MAX, 1000, 1] {
                let found = all(&bytes, step, role).unwrap();
                assert_eq!(found, vec![Incoming::Message(Message::Binary(payload.clone()))]);
            }
        }
    }
}

#[test]
fn masking_in_pieces_is_masking_as_a_whole() {
    let key = [1, 20, 90, 200];
    let plain: Vec<u8> = (0..=255).cycle().take(1000).collect();
    let simple: Vec<u8> = plain.iter().enumerate().map(|(i, byte)| byte ^ key[i & 3]).collect();
    for piece in [1, 2, 3, 5, 8, 13, 64, 1000] {
        let mut bytes = plain.clone();
        let mut done = 0;
        for part in bytes.chunks_mut(piece) {
            mask(part, key, done);
            done += part.len();
        }
        assert_eq!(bytes, simple, "in pieces of {piece}");
    }
}

#[test]
fn a_client_takes_a_fresh_key_for_every_frame() {
    let keys: std::collections::HashSet<Vec<u8>> = (0..1000)
        .map(|_| {
            let mut bytes = Vec::new();
            write_frame(&mut bytes, Role::Client, true, Opcode::Text, b"x");
            bytes[2..6].to_vec()
        })
        .collect();
    // A thousand of four thousand million meet by chance once in 8,600 runs, and twice almost
    // never.
    assert!(keys.len() >= 998, "{} different keys", keys.len());
}

#[test]
fn each_broken_rule_of_a_frame_is_named() {
    let long = [0; 126];
    for (bytes, expected) in [
        (hex("c1 80 00000000"), Violation::ReservedBits { bits: 4 }),
        (hex("a1 80 00000000"), Violation::ReservedBits { bits: 2 }),
        (hex("91 80 00000000"), Violation::ReservedBits { bits: 1 }),
        (hex("83 80 00000000"), Violation::UnknownOpcode { opcode: 3 }),
        (hex("8b 80 00000000"), Violation::UnknownOpcode { opcode: 11 }),
        (hex("8f 80 00000000"), Violation::UnknownOpcode { opcode: 15 }),
        (hex("81 05 48 65 6c 6c 6f"), Violation::NotMasked),
        (hex("81 fe 00 7d 00000000"), Violation::LengthNotMinimal { length: 125, bytes: 2 }),
        (
            hex("81 ff 000000000000ffff 00000000"),
            Violation::LengthNotMinimal { length: 65535, bytes: 8 },
        ),
        (hex("82 ff 8000000000000000"), Violation::LengthTopBit { length: 1 << 63 }),
        (hex("82 ff ffffffffffffffff"), Violation::LengthTopBit { length: u64::MAX }),
        (hex("09 80 00000000"), Violation::ControlFragmented { opcode: 9 }),
        (masked(0x89, &long), Violation::ControlTooLong { length: 126 }),
        (hex("88 ff"), Violation::ControlTooLong { length: 127 }),
        (masked(0x80, b"lo"), Violation::NothingToContinue),
        (
            [masked(0x01, b"Hel"), masked(0x81, b"lo")].concat(),
            Violation::MessageInterrupted { opcode: 1 },
        ),
        (masked(0x88, b"\x03"), Violation::CloseTooShort),
        (masked(0x88, b"\x03\xed"), Violation::CloseCode { code: 1005 }),
    ] {
        let found = violation(&bytes, Role::Server);
        assert_eq!(found, expected);
        assert_eq!(found.close_code(), CloseCode::PROTOCOL_ERROR);
        assert!(found.to_string().starts_with("expected "), "{found}");
        assert!(found.to_string().contains("; "), "{found}");
        assert!(found.to_string().ends_with(&format!("({})", found.section())), "{found}");
    }
    assert_eq!(
        violation(&hex("81 85 37 fa 21 3d 7f 9f 4d 51 58"), Role::Client),
        Violation::Masked
    );
}

#[test]
fn control_frames_may_stand_between_the_frames_of_a_message() {
    let bytes = [
        masked(0x01, b"He"),
        masked(0x89, b"1"),
        masked(0x00, b""),
        masked(0x8a, b""),
        masked(0x80, b"llo"),
    ]
    .concat();
    let expected = vec![Incoming::Ping(b"1".to_vec()), Incoming::Pong(Vec::new()), text("Hello")];
    assert_eq!(every_way(&bytes, Role::Server), Ok(expected));
}

#[test]
fn several_frames_of_one_read_are_several_messages() {
    let bytes = [masked(0x81, b"ab"), masked(0x81, b"cd")].concat();
    assert_eq!(every_way(&bytes, Role::Server), Ok(vec![text("ab"), text("cd")]));
}

#[test]
fn a_character_may_be_split_over_frames() {
    let whole = "é水🐟".as_bytes();
    let bytes: Vec<u8> =
        (0..whole.len()).flat_map(|i| masked(u8::from(i == 0), &whole[i..=i])).collect();
    let bytes = [bytes, masked(0x80, b"")].concat();
    assert_eq!(every_way(&bytes, Role::Server), Ok(vec![text("é水🐟")]));
}
