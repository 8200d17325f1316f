use super::*;

fn shown(crossings: &[Crossing<'_>]) -> String {
    let mut view = WireView::new(false, 100);
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
    let mut view = WireView::new(true, 100);
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
fn no_line_is_wider_than_the_terminal() {
    let head = "GET /a/rather/long/path?with=a&query=as-well HTTP/1.1\r\nHost: localhost:8080\r\n\
        Accept: text/html,application/xhtml+xml,application/xml;q=0.9,image/avif,*/*;q=0.8\r\n\
        Access-Control-Allow-Origin: http://localhost:8000\r\nUpgrade: websocket\r\n\r\n";
    let frames = [b"\x81\xfe\x00\x80\x37\xfa\x21\x3d".as_slice(), &[0x7f; 128]].concat();
    let switch = "HTTP/1.1 101 Switching Protocols\r\nUpgrade: websocket\r\n\r\n";
    for columns in [80, 100, 110, 120] {
        let mut view = WireView::new(false, columns);
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
