use super::view::WireView;
use super::*;
use std::time::Duration;
use {Direction::In, Direction::Out};

mod frames;
mod http;
mod view;

type Crossings<'a> = &'a [(Direction, &'a [u8])];

/// The parts of crossings; `cut` is how many bytes cross at a time.
fn parts(crossings: Crossings<'_>, cut: usize) -> Vec<Part> {
    let mut dissector = Dissector::default();
    let mut parts: Vec<Part> = Vec::new();
    for (direction, bytes) in crossings {
        parts.extend(bytes.chunks(cut).flat_map(|piece| dissector.read(*direction, piece)));
    }
    parts.extend(dissector.end());
    parts
}

/// The same bytes give these parts, whole, in pairs and one by one.
#[track_caller]
fn expect(crossings: Crossings<'_>, expected: &[(&str, &[u8], &str)]) {
    for cut in [usize::MAX, 1, 2] {
        let parts = parts(crossings, cut);
        let found: Vec<_> = parts
            .iter()
            .map(|part| (part.name, part.bytes.as_slice(), part.meaning.as_str()))
            .collect();
        let readable = |list: &[(&str, &[u8], &str)]| {
            list.iter()
                .map(|(name, bytes, meaning)| {
                    format!("{name} | {} | {meaning}\n", bytes.escape_ascii())
                })
                .collect::<String>()
        };
        assert_eq!(readable(&found), readable(expected), "{cut} bytes at a time");
    }
}

const STREAM: &[u8] =
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n";

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
const SWITCHED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
/// The examples of RFC 6455 §5.7: a single-frame masked text message, and the same unmasked.
const MASKED_HELLO: &[u8] = &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
const BARE_HELLO: &[u8] = &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];

#[test]
fn what_we_say_to_redis_and_what_it_answers_is_cut_into_values() {
    expect(
        &[
            (Out, b"*2\r\n$4\r\nXLEN\r\n$5\r\na\r\nbc\r\n*1\r\n$0\r\n\r\n"),
            (In, b":42\r\n+OK\r\n-ERR no\r\n$-1\r\n*-1\r\n"),
            (In, b"*1\r\n$7\r\n1-1\r\n::\r\nwhat\r\n$5\r\nhel"),
        ],
        &[
            ("command", b"*2\r\n", "2 words"),
            ("bulk string", b"$4\r\nXLEN\r\n", "4 bytes"),
            ("bulk string", b"$5\r\na\r\nbc\r\n", "5 bytes"),
            ("command", b"*1\r\n", "1 word"),
            ("bulk string", b"$0\r\n\r\n", "0 bytes"),
            ("integer", b":42\r\n", ""),
            ("simple string", b"+OK\r\n", ""),
            ("error", b"-ERR no\r\n", "it did not do it"),
            ("null", b"$-1\r\n", "there is none"),
            ("null", b"*-1\r\n", "there is none"),
            ("array", b"*1\r\n", "1 element"),
            ("bulk string", b"$7\r\n1-1\r\n::\r\n", "7 bytes"),
            ("not RESP", b"what\r\n", ""),
            ("unfinished", b"$5\r\nhel", "the connection ended"),
        ],
    );
    // A server never speaks first, and what a stranger sends us is HTTP or nothing.
    assert_eq!(parts(&[(In, b"*1\r\n")], usize::MAX)[0].name, "not HTTP");
}

#[test]
fn what_follows_auth_in_a_command_to_redis_is_not_shown() {
    let words: &[(&str, &[u8], &str)] = &[
        ("command", b"*3\r\n", "3 words"),
        ("bulk string", b"$4\r\nauth\r\n", "4 bytes"),
        ("bulk string", b"$2\r\n**\r\n", "2 bytes, not shown"),
        ("bulk string", b"$7\r\n**\r\n***\r\n", "7 bytes, not shown"),
        ("simple string", b"+OK\r\n", ""),
        ("command", b"*2\r\n", "2 words"),
        ("bulk string", b"$3\r\nGET\r\n", "3 bytes"),
        ("bulk string", b"$4\r\nAUTH\r\n", "4 bytes"),
        ("bulk string", b"$3\r\nyes\r\n", "3 bytes"),
    ];
    expect(
        &[
            (Out, b"*3\r\n$4\r\nauth\r\n$2\r\nme\r\n$7\r\nop\r\nen!\r\n"),
            (In, b"+OK\r\n"),
            (Out, b"*2\r\n$3\r\nGET\r\n$4\r\nAUTH\r\n"),
            (In, b"$3\r\nyes\r\n"),
        ],
        words,
    );
}

#[test]
fn a_long_part_is_kept_by_its_beginning_and_its_length() {
    let body = vec![b'x'; 100_000];
    let head = b"HTTP/1.1 200 OK\r\nContent-Length: 100000\r\n\r\n";
    for cut in [usize::MAX, 1, 4096] {
        let parts = parts(&[(Out, &[head.as_slice(), &body].concat())], cut);
        let body = parts.last().unwrap();
        assert_eq!((body.name, body.bytes.len(), body.length), ("message body", KEPT, 100_000));
    }
}

#[test]
fn no_input_makes_it_panic_or_grow_or_lose_an_byte() {
    let mut seed = 0x9e37_79b9_7f4a_7c15_u64;
    let mut random = move || {
        seed ^= seed << 13;
        seed ^= seed >> 7;
        seed ^= seed << 17;
        seed
    };
    let pieces: [&[u8]; 14] = [
        UPGRADE,
        SWITCHED,
        STREAM,
        MASKED_HELLO,
        b"HEAD / HTTP/1.1\r\n\r\n",
        b"HTTP/1.1 200 OK\r\n\r\n",
        b"\r\n",
        b"\r",
        b"5\r\n",
        b"0\r\n",
        b"data: x\n",
        b"\xff\xff\xff\xff\xff\xff\xff\xff",
        b"HTTP/1.1 200 OK\r\nContent-Length: 18446744073709551615\r\n\r\n",
        b"ffffffffffffffff\r\n",
    ];
    for _ in 0..60 {
        let mut crossings: Vec<(Direction, Vec<u8>)> = Vec::new();
        for _ in 0..40 {
            let mut bytes = Vec::new();
            for _ in 0..random() % 8 {
                match random() % 3 {
                    0 => bytes.extend((0..random() % 300).map(|_| random().to_le_bytes()[0])),
                    _ => bytes.extend_from_slice(pieces[usize::try_from(random() % 14).unwrap()]),
                }
            }
            crossings.push((if random() % 2 == 0 { In } else { Out }, bytes));
        }
        let crossings: Vec<_> =
            crossings.iter().map(|(direction, bytes)| (*direction, bytes.as_slice())).collect();
        let whole = parts(&crossings, usize::MAX);
        assert_eq!(whole, parts(&crossings, 1));
        for direction in [In, Out] {
            let crossed: usize = crossings
                .iter()
                .filter(|(each, _)| *each == direction)
                .map(|(_, bytes)| bytes.len())
                .sum();
            // Five parts share the first two bytes of a frame.
            let own = |part: &&Part| {
                part.direction == direction && part.bits.as_ref().is_none_or(|bits| bits.start == 0)
            };
            assert_eq!(
                whole.iter().filter(own).map(|part| part.length).sum::<u64>(),
                crossed as u64
            );
        }
        let mut dissector = Dissector::default();
        for (direction, bytes) in &crossings {
            dissector.read(*direction, bytes);
            assert!(dissector.held() <= 2 * KEPT + 2 * 1024, "{}", dissector.held());
        }
        let mut view = WireView::new(true, 100);
        view.show(Duration::ZERO, 1, Crossing::Opened(([127, 0, 0, 1], 4711).into()));
        for (direction, bytes) in crossings {
            let text = view.show(
                Duration::ZERO,
                1,
                if direction == In { Crossing::Received(bytes) } else { Crossing::Sent(bytes) },
            );
            let commands =
                text.replace("\x1b[38;5;67m", "").replace("\x1b[2m", "").replace("\x1b[0m", "");
            assert!(!commands.chars().any(|c| c.is_control() && c != '\n'), "{commands:?}");
            assert!(commands.lines().all(|line| line.chars().count() <= 100), "{commands}");
        }
    }
}
