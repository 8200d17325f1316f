use super::view::View;
use super::*;
use crate::event_stream::Event;
use std::time::Duration;
use {Direction::In, Direction::Out};

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

#[test]
fn a_request_and_its_answer_are_cut_into_lines_and_body() {
    expect(
        &[
            (In, b"GET / HTTP/1.1\r\nHost: localhost:8080\r\nX-Own:1\r\n\r\n"),
            (Out, b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nAccess-Control-Allow-Origin: *\r\n\r\n07:20:01"),
            (In, b"POST /publish HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"),
            (Out, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        ],
        &[
            ("request-line", b"GET / HTTP/1.1\r\n", "send me this"),
            ("field line", b"Host: localhost:8080\r\n", "who is asked"),
            ("field line", b"X-Own:1\r\n", ""),
            ("end of head", b"\r\n", "no body follows"),
            ("status-line", b"HTTP/1.1 200 OK\r\n", "here it is"),
            ("field line", b"Content-Length: 8\r\n", "bytes in the body"),
            ("field line", b"Access-Control-Allow-Origin: *\r\n", "whose pages may read it"),
            ("end of head", b"\r\n", "8 bytes to come"),
            ("message body", b"07:20:01", "8 bytes"),
            ("request-line", b"POST /publish HTTP/1.1\r\n", "take this"),
            ("field line", b"Content-Length: 2\r\n", "bytes in the body"),
            ("end of head", b"\r\n", "2 bytes to come"),
            ("message body", b"hi", "2 bytes"),
            ("status-line", b"HTTP/1.1 404 Not Found\r\n", "the request is at fault"),
            ("field line", b"Content-Length: 0\r\n", "bytes in the body"),
            ("end of head", b"\r\n", "no body follows"),
        ],
    );
}

#[test]
fn answers_to_head_and_answers_204_and_304_have_no_body_whatever_they_announce() {
    let asked = b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n";
    let answered = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\nHTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n\
        HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\n!";
    for crossings in [[(In, &asked[..]), (Out, answered)], [(Out, asked), (In, answered)]] {
        let parts = parts(&crossings, usize::MAX);
        let bodies: Vec<_> = parts
            .iter()
            .filter(|part| part.name == "message body")
            .map(|part| part.bytes.as_slice())
            .collect();
        assert_eq!(bodies, [b"!"]);
        assert_eq!(parts.iter().filter(|part| part.name == "status-line").count(), 5);
    }
}

#[test]
fn the_chunks_of_an_endless_answer_are_shown_one_by_one() {
    expect(
        &[(Out, b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb;x=1\r\n<p>1</p>\n12\r\n0\r\nDate: x\r\n\r\nHTTP/1.1 204 No Content\r\n")],
        &[
            ("status-line", b"HTTP/1.1 200 OK\r\n", "here it is"),
            ("field line", b"Transfer-Encoding: chunked\r\n", "how the body is coded"),
            ("end of head", b"\r\n", "a body in chunks follows"),
            ("chunk size", b"b;x=1\r\n", "11 bytes"),
            ("chunk data", b"<p>1</p>\n12", ""),
            ("end of chunk", b"\r\n", ""),
            ("last chunk", b"0\r\n", "nothing follows"),
            ("trailer field", b"Date: x\r\n", "when it was made"),
            ("end of body", b"\r\n", ""),
            ("status-line", b"HTTP/1.1 204 No Content\r\n", "done, nothing to send"),
        ],
    );
}

const STREAM: &[u8] =
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nContent-Type: text/event-stream\r\n\r\n";

#[test]
fn the_chunks_of_an_event_stream_are_cut_into_fields() {
    let event = Event {
        event: Some("tick".into()),
        id: Some("42".into()),
        retry: Some(Duration::from_secs(20)),
        data: Some("a\nb".into()),
    };
    let block = event.to_bytes();
    let chunk =
        [format!("{:x}\r\n", block.len()).as_bytes(), &block, b"\r\n3\r\n:\n\n\r\n"].concat();
    expect(
        &[(Out, STREAM), (Out, &chunk)],
        &[
            ("status-line", b"HTTP/1.1 200 OK\r\n", "here it is"),
            ("field line", b"Transfer-Encoding: chunked\r\n", "how the body is coded"),
            ("field line", b"Content-Type: text/event-stream\r\n", "what the body is"),
            ("end of head", b"\r\n", "a body in chunks follows"),
            ("chunk size", b"31\r\n", "49 bytes"),
            ("event", b"event: tick\n", "the event type"),
            ("id", b"id: 42\n", "the last event ID"),
            ("retry", b"retry: 20000\n", "reconnect after 20000 ms"),
            ("data", b"data: a\n", "a line of data"),
            ("data", b"data: b\n", "a line of data"),
            ("end of event", b"\n", "now it fires"),
            ("end of chunk", b"\r\n", ""),
            ("chunk size", b"3\r\n", "3 bytes"),
            ("comment", b":\n", "ignored; a sign of life"),
            ("end of event", b"\n", "no data: nothing fires"),
            ("end of chunk", b"\r\n", ""),
        ],
    );
}

#[test]
fn an_event_may_span_chunks_and_its_lines_may_end_in_three_ways() {
    let chunks =
        b"4\r\ndata\r\n5\r\n: a\rd\r\n6\r\nata\r\n\r\r\n1\r\n\n\r\n9\r\nretry: x\r\r\n2\r\nid\r\n";
    let crossings: Crossings<'_> = &[(Out, STREAM), (Out, chunks)];
    let expected: &[(&str, &[u8], &str)] = &[
        ("chunk size", b"4\r\n", "4 bytes"),
        ("data", b"data", "continued in next chunk"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"5\r\n", "5 bytes"),
        ("data", b": a\r", "…continued"),
        ("unknown field", b"d", "continued in next chunk"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"6\r\n", "6 bytes"),
        ("unknown field", b"ata\r\n", "…continued"),
        ("end of event", b"\r", "now it fires"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"1\r\n", "1 byte"),
        ("end of event", b"\n", "…continued"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"9\r\n", "9 bytes"),
        ("retry", b"retry: x\r", "ignored: not a number"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"2\r\n", "2 bytes"),
        ("id", b"id", "continued in next chunk"),
        ("end of chunk", b"\r\n", ""),
    ];
    let head = parts(&[(Out, STREAM)], usize::MAX);
    let head: Vec<_> =
        head.iter().map(|part| (part.name, part.bytes.as_slice(), part.meaning.as_str())).collect();
    expect(crossings, &[&head, expected].concat());
}

#[test]
fn a_body_without_a_length_lasts_until_the_close_and_is_shown_by_the_line() {
    expect(
        &[(Out, b"HTTP/1.0 200 OK\r\n\r\n<p>1\n<p>2")],
        &[
            ("status-line", b"HTTP/1.0 200 OK\r\n", "here it is"),
            ("end of head", b"\r\n", "a body up to the close"),
            ("message body", b"<p>1\n", "5 bytes"),
            ("message body", b"<p>2", "4 bytes"),
        ],
    );
}

const UPGRADE: &[u8] = b"GET / HTTP/1.1\r\nUpgrade: websocket\r\n\r\n";
const SWITCHED: &[u8] = b"HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
/// The examples of RFC 6455 §5.7: a single-frame masked text message, and the same unmasked.
const MASKED_HELLO: &[u8] = &[0x81, 0x85, 0x37, 0xfa, 0x21, 0x3d, 0x7f, 0x9f, 0x4d, 0x51, 0x58];
const BARE_HELLO: &[u8] = &[0x81, 0x05, 0x48, 0x65, 0x6c, 0x6c, 0x6f];

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
fn what_is_not_http_is_shown_as_such() {
    expect(
        &[
            (In, b"\r\nhello\r\nGET /\r\n\x16\x03\x01\x02\0\x01"),
            (Out, b"HTTP/1.1 abc\r\nHTTP/1.1 200 OK\r\nnonsense\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n"),
        ],
        &[
            ("empty line", b"\r\n", "ignored before a request"),
            ("not HTTP", b"hello\r\n", ""),
            ("not HTTP", b"GET /\r\n", ""),
            ("not HTTP", b"HTTP/1.1 abc\r\n", "wrong: no status code"),
            ("status-line", b"HTTP/1.1 200 OK\r\n", "here it is"),
            ("field line", b"nonsense\r\n", "wrong: no colon"),
            ("field line", b"Transfer-Encoding: chunked\r\n", "how the body is coded"),
            ("end of head", b"\r\n", "a body in chunks follows"),
            ("chunk size", b"xyz\r\n", "wrong: not hexadecimal"),
            ("not HTTP", b"\x16\x03\x01\x02\0\x01", "TLS: was https:// asked?"),
        ],
    );
    let cut_off = parts(&[(In, b"GET / HTTP/1.1\r\nHo")], 1);
    assert_eq!(
        (cut_off[1].name, cut_off[1].bytes.as_slice(), cut_off[1].meaning.as_str()),
        ("unfinished", &b"Ho"[..], "the connection ended")
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
        let mut view = View::new(true, 100);
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

fn shown(crossings: &[Crossing<'_>]) -> String {
    let mut view = View::new(false, 100);
    crossings.iter().map(|crossing| view.show(Duration::from_millis(1204), 3, *crossing)).collect()
}

#[test]
fn the_terminal_shows_a_frame_down_to_its_bits() {
    let peer = ([127, 0, 0, 1], 4711).into();
    let text = shown(&[
        Crossing::Opened(peer),
        Crossing::Received(UPGRADE),
        Crossing::Sent(SWITCHED),
        Crossing::Received(MASKED_HELLO),
        Crossing::Closed,
    ]);
    let expected = "
  1.204   3 ←     2  frame          1 000 0001  1 0000101                   81 85
                     FIN            1                                       final: the whole message
                     RSV1-3           000                                   no extension in use
                     opcode               0001                              text frame
                     MASK                       1                           masked: from the client
                     payload length               0000101                   5 bytes
                  4  masking-key    37 fa 21 3d                             a new one every frame
                  5  payload        7f 9f 4d 51 ^ 37 fa 21 3d = 48 65 6c 6c
                                    58          ^ 37          = 6f
                     unmasked       Hello                                   text
  1.204   3          closed    127.0.0.1:4711   49 bytes in, 56 out, 0.000 s
";
    assert!(text.ends_with(expected), "{text}");
}

#[test]
fn the_terminal_takes_no_commands_from_the_wire() {
    let peer = ([127, 0, 0, 1], 4711).into();
    let text = shown(&[
        Crossing::Opened(peer),
        Crossing::Received("\x1b]0;x\x07\u{9b}2J\u{202e}\\\t中文\n".as_bytes()),
        Crossing::Received(b"half"),
    ]);
    assert!(text.contains(r"\x1b]0;x\x07\u{9b}2J\u{202e}\\\t中文\n"), "{text}");
    assert!(text.ends_with("not yet a whole part\n"), "{text}");
}

#[test]
fn what_is_cut_off_on_the_terminal_says_how_long_it_is() {
    let peer = ([127, 0, 0, 1], 4711).into();
    let line = format!("GET /{} HTTP/1.1\r\n", "x".repeat(5000));
    let text = shown(&[Crossing::Opened(peer), Crossing::Received(line.as_bytes())]);
    assert!(text.contains("… of 5016 bytes"), "{text}");
    assert!(text.lines().count() < 8, "{text}");
}

#[test]
fn each_connection_has_its_colour_and_only_a_terminal_sees_it() {
    let peer = ([127, 0, 0, 1], 4711).into();
    let mut view = View::new(true, 100);
    let colours: Vec<_> = (1..=7)
        .map(|number| {
            view.show(Duration::ZERO, number, Crossing::Opened(peer))
                .split('m')
                .next()
                .unwrap()
                .to_owned()
        })
        .collect();
    assert!(colours.iter().all(|colour| colour.starts_with("\x1b[38;5;")));
    assert_ne!(colours[0], colours[1]);
    assert_eq!(colours[0], colours[6]);
    assert!(!shown(&[Crossing::Opened(peer), Crossing::Received(UPGRADE)]).contains('\x1b'));
}

#[test]
fn a_part_can_be_sent_to_a_page() {
    let parts = frames(&[(In, MASKED_HELLO)], usize::MAX);
    assert_eq!(
        parts[2].to_json(),
        r#"{"direction":"in","name":"opcode","length":2,"bytes":"8185","unmasked":null,"bits":[4,8],"meaning":"text frame","section":"RFC 6455 §5.2"}"#
    );
    assert_eq!(
        parts[6].to_json(),
        r#"{"direction":"in","name":"payload","length":5,"bytes":"7f9f4d5158","unmasked":"48656c6c6f","bits":null,"meaning":"text","section":"RFC 6455 §5.2"}"#
    );
}

#[test]
fn no_line_is_wider_than_the_terminal() {
    let head = "GET /a/rather/long/path?with=a&query=as-well HTTP/1.1\r\nHost: localhost:8080\r\n\
        Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n\
        Access-Control-Allow-Origin: http://localhost:8000\r\nUpgrade: websocket\r\n\r\n";
    let frames = [b"\x81\xfe\x00\x80\x37\xfa\x21\x3d".as_slice(), &[0x7f; 128]].concat();
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    for columns in [80, 100, 110, 120] {
        let mut view = View::new(false, columns);
        let peer = "[2001:db8:1111:2222:3333:4444:5555:6666]:65535".parse().unwrap();
        for crossing in [
            Crossing::Opened(peer),
            Crossing::Received(head.as_bytes()),
            Crossing::Sent(switch.as_bytes()),
            Crossing::Received(&frames),
            Crossing::Received(b"\x81\x05Hello"),
            Crossing::Closed,
        ] {
            for line in view.show(Duration::from_secs(1), 1, crossing).lines() {
                let width = crate::terminal::width(line);
                assert!(width <= columns, "{columns}: {width}: {line}");
            }
        }
    }
}
