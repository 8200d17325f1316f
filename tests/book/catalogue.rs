//! The error catalogue says what the code says: every rule with its name, what it asks for, its
//! section and its answer.

use crate::markdown::{Document, Stale, root};
use push_by_hand::http::{Method, Rule};
use push_by_hand::websocket::handshake::Refusal;
use push_by_hand::websocket::{NotUtf8, Violation};
use std::fs;

const FILES: [&str; 2] = ["docs/errors.md", "docs/zh/errors.md"];

/// One rule as the catalogue shows it: its name in the code, what is said of it, who sets it, what
/// answers a breach.
type Row = [String; 4];

const RULES: &[Rule] = &[
    Rule::RequestLine,
    Rule::RequestLineLength,
    Rule::Method,
    Rule::Target,
    Rule::Version,
    Rule::VersionSupported,
    Rule::StatusLine,
    Rule::LineEnd,
    Rule::FieldName,
    Rule::FieldValue,
    Rule::NoFolding,
    Rule::FieldSectionLength,
    Rule::FieldCount,
    Rule::HostOnce,
    Rule::Host,
    Rule::ContentLength,
    Rule::OneFraming,
    Rule::NoTransferEncodingIn10,
    Rule::ChunkedLast,
    Rule::TransferCoding,
    Rule::Expectation,
    Rule::ContentCoding,
    Rule::BodyLength,
    Rule::ChunkSize,
    Rule::ChunkEnd,
    Rule::WholeMessage,
    Rule::InTime,
];

/// One of each, with something that breaks it.
fn refusals() -> Vec<Refusal> {
    vec![
        Refusal::Method(Method::Post),
        Refusal::HttpVersion,
        Refusal::Upgrade("h2c".into()),
        Refusal::Connection("keep-alive".into()),
        Refusal::Version("8".into()),
        Refusal::KeyOnce(0),
        Refusal::Key("5 bytes".into()),
        Refusal::Origin("Origin \"http://elsewhere.example\"".into()),
    ]
}

const VIOLATIONS: &[Violation] = &[
    Violation::ReservedBits { bits: 0b100 },
    Violation::UnknownOpcode { opcode: 3 },
    Violation::NotMasked,
    Violation::Masked,
    Violation::LengthNotMinimal { length: 5, bytes: 2 },
    Violation::LengthTopBit { length: 1 << 63 },
    Violation::ControlFragmented { opcode: 9 },
    Violation::ControlTooLong { length: 126 },
    Violation::NothingToContinue,
    Violation::MessageInterrupted { opcode: 1 },
    Violation::CloseTooShort,
    Violation::CloseCode { code: 1005 },
    Violation::CloseReason(NotUtf8 { at: 0, came: Some(0xff) }),
    Violation::Text(NotUtf8 { at: 2, came: None }),
    Violation::MessageTooLong { length: 16_777_217, limit: 16_777_216 },
];

/// The tables of the catalogue, in its order.
fn tables() -> [Vec<Row>; 3] {
    let name = |debug: String| debug.split([' ', '(']).next().unwrap().to_owned();
    let rules = RULES.iter().map(|rule| {
        let (status, section, expected) = rule.entry();
        [format!("{rule:?}"), expected.to_owned(), section.to_owned(), status.to_string()]
    });
    // The section stands at the end of these sentences, in brackets.
    let cut = |said: String| {
        let (said, section) = said
            .rsplit_once(" (")
            .map(|(said, section)| (said.to_owned(), section.to_owned()))
            .unwrap();
        (said, section.trim_end_matches(')').to_owned())
    };
    let refusals = refusals().into_iter().map(|refusal| {
        let (said, section) = cut(refusal.to_string());
        [name(format!("{refusal:?}")), said, section, refusal.status().to_string()]
    });
    let violations = VIOLATIONS.iter().map(|violation| {
        let (said, section) = cut(violation.to_string());
        [
            name(format!("{violation:?}")),
            said,
            format!("RFC 6455 {section}"),
            violation.close_code().to_string(),
        ]
    });
    [rules.collect(), refusals.collect(), violations.collect()]
}

/// The names of an enum's variants, as its source has them.
fn variants(path: &str, name: &str) -> Vec<String> {
    let source = fs::read_to_string(root().join(path)).unwrap();
    let body =
        source.split_once(&format!("pub enum {name} {{\n")).unwrap().1.split_once("\n}").unwrap().0;
    let lines = body
        .lines()
        .filter_map(|line| line.strip_prefix("    "))
        .filter(|line| line.starts_with(char::is_uppercase));
    lines.map(|line| line.split([' ', '(', ',']).next().unwrap().to_owned()).collect()
}

/// The rows of the catalogue that name a rule, each with its line.
fn rows(document: &Document) -> Vec<(usize, Row)> {
    let named = document.prose().into_iter().filter(|(_, line)| line.starts_with("| `"));
    let cells = named.map(|(n, line)| {
        (n, line.trim_matches('|').split('|').map(str::trim).map(str::to_owned).collect::<Vec<_>>())
    });
    cells.filter_map(|(n, cells)| Some((n, <[String; 4]>::try_from(cells).ok()?))).collect()
}

fn line_of([name, said, section, answer]: &Row) -> String {
    format!("| `{name}` | {said} | {section} | {answer} |")
}

/// What is wrong with the catalogue. In Chinese, what is said of a rule is in Chinese.
pub fn check() -> Vec<Stale> {
    let expected = tables().concat();
    let mut stale = Vec::new();
    for path in FILES.into_iter().filter(|path| root().join(path).exists()) {
        let document = Document::read(path);
        let translated = path.contains("/zh/");
        let found = rows(&document);
        for (row, (n, [name, said, section, answer])) in expected.iter().zip(&found) {
            let same = name.trim_matches('`') == row[0]
                && (translated || *said == row[1])
                && *section == row[2]
                && *answer == row[3];
            if !same {
                stale.push(document.stale(*n, format!("should be: {}", line_of(row))));
            }
        }
        if found.len() != expected.len() {
            stale.push(
                document
                    .stale(0, format!("{} rules; the code has {}", found.len(), expected.len())),
            );
        }
    }
    stale
}

/// Writes the rows anew into the English catalogue.
pub fn refresh() {
    let mut document = Document::read(FILES[0]);
    let mut tables = tables().into_iter();
    let old: Vec<usize> = rows(&document).into_iter().map(|(n, _)| n).collect();
    let mut lines = Vec::new();
    for (n, line) in document.lines.iter().enumerate() {
        if !old.contains(&n) {
            lines.push(line.clone());
        } else if !old.contains(&(n - 1)) {
            lines.extend(tables.next().unwrap_or_default().iter().map(line_of));
        }
    }
    document.lines = lines;
    fs::write(root().join(&document.path), document.lines.join("\n") + "\n").unwrap();
}

#[test]
fn every_variant_of_the_code_has_its_row() {
    let tables = tables();
    for (table, (path, name)) in tables.iter().zip([
        ("src/http/error.rs", "Rule"),
        ("src/websocket/handshake.rs", "Refusal"),
        ("src/websocket/error.rs", "Violation"),
    ]) {
        let listed: Vec<&str> = table.iter().map(|row| row[0].as_str()).collect();
        assert_eq!(listed, variants(path, name), "{path}");
    }
}
