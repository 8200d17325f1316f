use super::{assert_broken, every_way};
use crate::http::{Error, Fields, MAX_LINES, MAX_SECTION, Request, Rule};

fn read(text: &str) -> Result<Fields, Error> {
    every_way(text.as_bytes(), |reader| Fields::read_from(reader, 0))
}

fn pairs(fields: &Fields) -> Vec<(&str, &str)> {
    fields.iter().collect()
}

#[test]
fn reads_names_and_values_without_the_white_space_around_them() {
    for (text, expected) in [
        ("\r\n", &[][..]),
        ("\n", &[]),
        ("A: b\r\n\r\n", &[("A", "b")]),
        ("A:b\r\n\r\n", &[("A", "b")]),
        ("A:\r\n\r\n", &[("A", "")]),
        ("A: \t \r\n\r\n", &[("A", "")]),
        ("A: \t b c\td \t\r\n\r\n", &[("A", "b c\td")]),
        ("A: b\nC: d\n\n", &[("A", "b"), ("C", "d")]),
        ("A: b:c: d\r\n\r\n", &[("A", "b:c: d")]),
        ("a!#$%&'*+-.^_`|~9: (\"\\\")\r\n\r\n", &[("a!#$%&'*+-.^_`|~9", "(\"\\\")")]),
        // obs-text is opaque (RFC 9110 §5.5); where it is UTF-8 it can be shown as such.
        ("A: 服务器\r\n\r\n", &[("A", "服务器")]),
    ] {
        assert_eq!(pairs(&read(text).unwrap()), expected, "{text:?}");
    }
}

#[test]
fn bytes_that_are_not_utf8_stay_where_they_are_and_hurt_nothing_beside_them() {
    let bytes = b"A: \xe6\xff b\r\nC: d\r\n\r\n";
    let fields = every_way(bytes, |reader| Fields::read_from(reader, 0)).unwrap();
    assert_eq!(pairs(&fields), [("A", "?? b"), ("C", "d")]);
}

#[test]
fn refuses_lines_that_are_not_field_lines() {
    for (text, rule, at) in [
        // RFC 9112 §5.1: no white space before the colon, which some servers have taken for a part
        // of the name.
        ("Host : a\r\n\r\n", Rule::FieldName, 4),
        ("Host\t: a\r\n\r\n", Rule::FieldName, 4),
        ("A: b\r\nHost : a\r\n\r\n", Rule::FieldName, 10),
        (": a\r\n\r\n", Rule::FieldName, 0),
        ("Host\r\n\r\n", Rule::FieldName, 4),
        ("A B: c\r\n\r\n", Rule::FieldName, 1),
        ("A(: c\r\n\r\n", Rule::FieldName, 1),
        ("A\0: c\r\n\r\n", Rule::FieldName, 1),
        ("A\rB: c\r\n\r\n", Rule::FieldName, 1),
        ("é: c\r\n\r\n", Rule::FieldName, 0),
        ("\r\r\n\r\n", Rule::FieldName, 0),
        // RFC 9112 §5.2 and §2.2: a line that continues another, and white space before the first
        // line.
        ("A: b\r\n c\r\n\r\n", Rule::NoFolding, 6),
        ("A: b\r\n\tc: d\r\n\r\n", Rule::NoFolding, 6),
        (" A: b\r\n\r\n", Rule::NoFolding, 0),
        (" \r\n\r\n", Rule::NoFolding, 0),
        // RFC 9110 §5.5: no control characters.
        ("A: b\0c\r\n\r\n", Rule::FieldValue, 4),
        ("A: \x01\r\n\r\n", Rule::FieldValue, 3),
        ("A: b\x1b[2J\r\n\r\n", Rule::FieldValue, 4),
        ("A: \u{7f}\r\n\r\n", Rule::FieldValue, 3),
        ("A: \x0bb\r\n\r\n", Rule::FieldValue, 3),
        // RFC 9112 §2.2: CR only before LF.
        ("A: b\rC: d\r\n\r\n", Rule::LineEnd, 4),
        ("A: b\r\r\n\r\n", Rule::LineEnd, 4),
        ("A: \r\r\n\r\n", Rule::LineEnd, 3),
    ] {
        assert_broken(text.as_bytes(), read(text), rule, 400, at);
    }
}

#[test]
fn the_place_of_a_fault_is_counted_from_the_start_of_the_message() {
    let text = "\r\nGET / HTTP/1.1\r\nHost: a\r\nX : y\r\n\r\n";
    let result = every_way(text.as_bytes(), |reader| Request::read_from(reader));
    assert_broken(text.as_bytes(), result, Rule::FieldName, 400, 28);
}

#[test]
fn there_may_be_100_lines_and_not_one_more() {
    assert!(Rule::FieldCount.entry().2.contains(&MAX_LINES.to_string()));
    let lines = |count: usize| "A: b\r\n".repeat(count) + "\r\n";
    assert_eq!(read(&lines(MAX_LINES)).unwrap().iter().count(), MAX_LINES);
    let more = lines(MAX_LINES + 1);
    assert_broken(more.as_bytes(), read(&more), Rule::FieldCount, 431, 6 * MAX_LINES);
}

#[test]
fn the_lines_may_have_16_kib_together_and_not_one_byte_more() {
    assert!(Rule::FieldSectionLength.entry().2.contains(&MAX_SECTION.to_string()));
    for line_end in ["\r\n", "\n"] {
        let section = |length: usize| {
            let first = format!("A: b{line_end}");
            let second = "C: ".to_owned()
                + &"d".repeat(length - first.len() - 3 - line_end.len())
                + line_end;
            assert_eq!(first.len() + second.len(), length);
            (first.len(), first + &second + line_end)
        };
        let (_, longest) = section(MAX_SECTION);
        assert_eq!(read(&longest).unwrap().iter().count(), 2);
        let (first, longer) = section(MAX_SECTION + 1);
        assert_broken(longer.as_bytes(), read(&longer), Rule::FieldSectionLength, 431, first);
    }
    // A line need not end for that, and an empty one is always welcome.
    let endless = "A".repeat(MAX_SECTION + 2);
    assert_broken(endless.as_bytes(), read(&endless), Rule::FieldSectionLength, 431, 0);
    let full = "A: ".to_owned() + &"b".repeat(MAX_SECTION - 5) + "\r\n";
    let one_more = full.clone() + "C:\n\n";
    assert_eq!(read(&(full + "\r\n")).unwrap().iter().count(), 1);
    assert_broken(one_more.as_bytes(), read(&one_more), Rule::FieldSectionLength, 431, MAX_SECTION);
}

#[test]
fn names_are_found_in_any_case_and_lists_across_lines() {
    let fields = read("Accept: a\r\naCCEPT: , b ,,\"c\" \r\nX-Accept: d\r\n\r\n").unwrap();
    assert_eq!(fields.get("accept"), Some("a"));
    assert_eq!(fields.get_all("ACCEPT").collect::<Vec<_>>(), ["a", ", b ,,\"c\""]);
    assert_eq!(fields.list("Accept").collect::<Vec<_>>(), ["a", "b", "\"c\""]);
    assert_eq!((fields.count("accept"), fields.count("a"), fields.get("a")), (2, 0, None));
    for (token, there) in [("B", true), ("a", true), ("d", false), ("", false), ("a, ", false)] {
        assert_eq!(fields.contains_token("accept", token), there, "{token:?}");
    }
}

#[test]
fn what_is_pushed_is_written_and_read_back() {
    for (values, bytes) in [
        (&[][..], "\r\n"),
        (&["b"], "A: b\r\n\r\n"),
        (&[""], "A: \r\n\r\n"),
        (&["b", "c, d"], "A: b\r\nA: c, d\r\n\r\n"),
        (&["服务器 \"é\""], "A: 服务器 \"é\"\r\n\r\n"),
    ] {
        let mut fields = Fields::default();
        values.iter().for_each(|value| fields.push("A", value));
        let mut out = Vec::new();
        fields.write_to(&mut out);
        assert_eq!(String::from_utf8(out).unwrap(), bytes);
        assert_eq!(fields.get_all("a").collect::<Vec<_>>(), values);
        assert_eq!(pairs(&read(bytes).unwrap()), pairs(&fields));
    }
}

#[test]
fn no_value_can_begin_a_line_of_its_own() {
    for (value, written) in [
        ("b\r\nSet-Cookie: c", "b  Set-Cookie: c"),
        ("b\nC: d", "b C: d"),
        ("b\rC: d", "b C: d"),
        ("b\r\n\r\n<script>", "b    <script>"),
        ("b\0\x1b[2J\u{7f}", "b  [2J "),
    ] {
        let mut fields = Fields::default();
        fields.push("A", value);
        fields.push("Z", "end");
        let mut out = Vec::new();
        fields.write_to(&mut out);
        let text = String::from_utf8(out).unwrap();
        assert_eq!(text, format!("A: {written}\r\nZ: end\r\n\r\n"));
        assert_eq!(pairs(&read(&text).unwrap()), [("A", written.trim_end()), ("Z", "end")]);
        assert_eq!(pairs(&fields), [("A", written), ("Z", "end")]);
    }
}
