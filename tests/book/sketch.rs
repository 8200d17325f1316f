//! What the Node program answers is calculated, not remembered; and the table that lays our program
//! beside it holds every line that ours quotes, with the line of ours below the quotation.

use crate::markdown::{Document, root};
use std::fs;

const CHAPTER: &str = "docs/10-raw_websocket.md";

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
fn the_table_of_both_programs_is_what_stands_in_the_code() {
    let source = fs::read_to_string(root().join("src/bin/raw_websocket.rs")).unwrap();
    let lines: Vec<&str> = source.lines().map(str::trim).collect();
    let quoted: Vec<&str> =
        lines.iter().filter_map(|line| line.strip_prefix("// node: ")).collect();
    assert!(quoted.len() > 30);
    for path in [CHAPTER, "docs/zh/10-raw_websocket.md"] {
        let chapter = Document::read(path);
        let rows = chapter.lines.iter().skip_while(|line| *line != "| Node | Rust |");
        // The cells; a bar within one is written \|.
        let rows: Vec<Vec<String>> = rows
            .take_while(|line| line.starts_with('|'))
            .skip(2)
            .map(|row| row.replace("\\|", "\u{1}"))
            .map(|row| {
                row.split('|')
                    .map(|cell| cell.trim_matches([' ', '`']).replace('\u{1}', "|"))
                    .collect()
            })
            .collect();
        assert!(
            rows.iter()
                .map(|row| row[1].trim_matches([' ', '`']))
                .eq(quoted.iter().map(|line| line.trim_matches('`'))),
            "{path}"
        );
        for row in rows {
            assert!(lines.contains(&row[2].as_str()), "{path}: we have no line {}", row[2]);
        }
    }
}
