//! What the benchmark measured, as the book shows it: a table behind `<!-- measured -->` is a
//! choice of rows of the benchmark's own table, with headings in the reader's language.

use crate::markdown::{Document, Stale, root};
use std::fs;

/// The run that the book shows.
const TABLE: &str = "tests/bench/results/in-the-book.md";
const MARK: &str = "<!-- measured -->";

pub fn check(document: &Document) -> Vec<Stale> {
    let table =
        fs::read_to_string(root().join(TABLE)).unwrap_or_else(|error| panic!("{TABLE}: {error}"));
    compare(document, &table)
}

fn compare(document: &Document, table: &str) -> Vec<Stale> {
    let measured: Vec<&str> = table.lines().collect();
    let is_row = |n: usize| document.lines.get(n).is_some_and(|line| line.starts_with('|'));
    let mut stale = Vec::new();
    for (mark, _) in document.lines.iter().enumerate().filter(|(_, line)| *line == MARK) {
        // An empty line, the headings, the line below them.
        let first = mark + 4;
        if !is_row(first) {
            stale.push(document.stale(mark, "expected an empty line and a table behind this mark"));
        }
        for n in (first..).take_while(|&n| is_row(n)) {
            if !measured.contains(&document.lines[n].as_str()) {
                stale.push(document.stale(n, format!("this row does not stand in {TABLE}")));
            }
        }
    }
    stale
}

/// The bars of a chart are figures that a command of the same chapter prints.
pub fn check_charts(document: &Document) -> Vec<Stale> {
    let blocks = document.blocks();
    let printed: Vec<&str> = blocks
        .iter()
        .filter(|block| block.info.starts_with("console"))
        .flat_map(|block| block.lines.iter().flat_map(|line| line.split_whitespace()))
        .collect();
    let mut stale = Vec::new();
    for block in blocks.iter().filter(|block| block.info == "mermaid") {
        for (n, line) in block.lines.iter().enumerate() {
            let bars = line.trim().strip_prefix("bar [").and_then(|bars| bars.strip_suffix(']'));
            let bars = bars.into_iter().flat_map(|bars| bars.split(", "));
            for bar in bars.filter(|bar| !printed.contains(bar)) {
                stale.push(document.stale(block.start + 1 + n, format!("no command prints {bar}")));
            }
        }
    }
    stale
}

#[test]
fn a_bar_that_no_command_prints_is_noticed() {
    let page = |bar: &str| {
        format!("```console\n$ ls\n  a 12 b\n```\n```mermaid\n  bar [12, {bar}]\n```\n")
    };
    assert_eq!(check_charts(&Document::new("x.md", &page("12"))).len(), 0);
    assert_eq!(check_charts(&Document::new("x.md", &page("13"))).len(), 1);
}

#[test]
fn a_figure_that_was_not_measured_is_noticed() {
    let table =
        "| server | per second |\n|---|---|\n| ours | 12,345 |\n| theirs | 6,789 (1.82) |\n";
    let page = |rows: &str| {
        Document::new(
            "docs/x.md",
            &format!("# A\n{MARK}\n\n| 服务器 | 每秒 |\n|---|---|\n{rows}\nB\n"),
        )
    };
    assert_eq!(compare(&page("| theirs | 6,789 (1.82) |\n| ours | 12,345 |\n"), table).len(), 0);
    assert_eq!(compare(&page("| ours | 12,346 |\n| theirs | 6,789 (1.82) |\n"), table)[0].line, 6);
    assert_eq!(compare(&page(""), table)[0].line, 2);
}
