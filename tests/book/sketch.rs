//! What the Node sketch would answer is calculated, not remembered; and the table that lays our
//! program beside it names lines that are there.

use crate::markdown::{Document, root};
use std::fs;

const CHAPTER: &str = "docs/09-raw_websocket.md";

/// What the sketch writes for the bytes of one `data` event: the opcode with FIN, the number of the
/// bytes from the seventh on, as far as it fits into a byte, and these bytes combined with the
/// third to sixth.
fn answer(data: &[u8]) -> Vec<u8> {
    let (head, payload) = data.split_at(6);
    let payload = payload.iter().zip(head[2..].iter().cycle()).map(|(byte, key)| byte ^ key);
    let length = u8::try_from((data.len() - 6) % 256).unwrap();
    [head[0] & 0b0000_1111 | 0b1000_0000, length].into_iter().chain(payload).collect()
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

#[test]
fn what_the_sketch_would_answer_is_what_its_lines_calculate() {
    let long = [b"\x81\xfe\x00\x7e\0\0\0\0".as_slice(), &[b'0'; 126]].concat();
    let longer = [b"\x81\xfe\x01\x2c\0\0\0\0".as_slice(), &[b'0'; 300]].concat();
    assert_eq!(answer(&longer)[..2], [0x81, 0x2e]);
    let chapter = Document::read(CHAPTER);
    let block = |line: &str| {
        chapter
            .blocks()
            .iter()
            .any(|block| block.info == "text" && block.lines.iter().any(|l| l == line))
    };
    for (data, end) in [
        // "ab" and "cd" in one event, with the key of RFC 6455 §5.7.
        (&b"\x81\x82\x37\xfa\x21\x3d\x56\x98\x81\x82\x37\xfa\x21\x3d\x54\x9e"[..], None),
        (b"\x81\x05Hello", None),
        (b"\x01\x83\0\0\0\0Hel", None),
        (b"\x80\x82\0\0\0\0lo", None),
        (&long, Some(2)),
    ] {
        let answer = answer(data);
        let shown = end.map_or_else(|| hex(&answer), |end| hex(&answer[..end]) + " …");
        assert!(block(&shown), "{CHAPTER} should say: {shown}");
    }
}

#[test]
fn every_line_of_ours_that_stands_beside_the_sketch_is_there() {
    let source = fs::read_to_string(root().join("src/bin/raw_websocket.rs")).unwrap();
    let chapter = Document::read(CHAPTER);
    // The cells of the table; a bar within one is written \|.
    let rows = chapter
        .lines
        .iter()
        .skip_while(|line| !line.starts_with("| step there |"))
        .take_while(|line| line.starts_with('|'));
    let mut seen = 0;
    for row in rows.skip(2) {
        let row = row.replace("\\|", "\u{1}");
        let ours = row.split('|').nth(2).unwrap().trim().trim_matches('`').replace('\u{1}', "|");
        assert!(source.contains(&ours), "src/bin/raw_websocket.rs has no line {ours}");
        seen += 1;
    }
    assert!(seen > 20, "{seen} rows");
}
