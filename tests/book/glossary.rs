//! Every word that a chapter introduces, in *one star*, is in the glossary, and every word of the
//! glossary is used where it says. Stress is written _like this_.

use crate::markdown::{Document, Stale, root};
use crate::references::paragraphs;
use std::fs;

/// Words that people who know no networks need, and that no chapter need introduce by a star.
const ALWAYS: &[&str] = &[
    "UTF-8",
    "hexadecimal",
    "octal",
    "URL",
    "query",
    "cookie",
    "JSON",
    "media type",
    "socket",
    "proxy",
    "cache",
    "packet",
    "event loop",
    "condition variable",
    "epoll",
    "thread",
    "port",
    "buffer",
    "tap",
    "wire view",
    "TLS",
    "callback",
];

/// A row: its line, its English words, and the chapter it leads to.
type Row = (usize, Vec<String>, String);

fn rows(glossary: &Document) -> Vec<Row> {
    let mut rows = Vec::new();
    for (n, line) in glossary.prose() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        if let [_, english, _, _, chapter, _] = cells[..]
            && let Some((_, chapter)) = chapter.split_once("](")
        {
            let words = english.split(',').map(|word| word.trim().to_lowercase()).collect();
            let chapter = chapter.split(['#', ')']).next().unwrap_or_default();
            rows.push((n, words, chapter.to_owned()));
        }
    }
    rows
}

/// The words between single stars: `a *proxy*, which`. Two stars are bold.
fn introduced(text: &str) -> Vec<&str> {
    let mut found = Vec::new();
    for part in text.split('`').step_by(2) {
        for plain in part.split("**") {
            let pieces: Vec<&str> = plain.split('*').collect();
            found.extend(pieces.iter().skip(1).step_by(2).take((pieces.len() - 1) / 2));
        }
    }
    found
}

fn without_number(word: &str) -> &str {
    word.strip_suffix('s').unwrap_or(word)
}

pub fn check() -> Vec<Stale> {
    let english = Document::read("docs/glossary.md");
    let rows = rows(&english);
    let known: Vec<&String> = rows.iter().flat_map(|row| &row.1).collect();
    let is_known = |word: &str| {
        let word = word.trim().to_lowercase();
        known.iter().any(|known| without_number(known) == without_number(&word))
    };
    let mut stale = Vec::new();
    for word in ALWAYS.iter().filter(|word| !is_known(word)) {
        stale.push(english.stale(0, format!("no row explains \"{word}\"")));
    }
    for document in Document::all().iter().filter(|document| in_the_book(&document.path)) {
        for (n, text) in paragraphs(document) {
            for word in introduced(&text).into_iter().filter(|word| !is_known(word)) {
                stale.push(document.stale(
                    n,
                    format!("\"{word}\" is not in the glossary (stress is written _like this_)"),
                ));
            }
        }
    }
    stale.extend(unused(&english, &rows));
    stale
}

fn in_the_book(path: &str) -> bool {
    path.starts_with("docs/") && !path.starts_with("docs/zh/")
}

/// Words that the chapter to which their row leads does not have.
fn unused(glossary: &Document, rows: &[Row]) -> Vec<Stale> {
    let mut stale = Vec::new();
    for (n, words, chapter) in rows {
        let text = fs::read_to_string(root().join("docs").join(chapter)).unwrap_or_default();
        let text = text.split_whitespace().collect::<Vec<_>>().join(" ").to_lowercase();
        for word in words {
            if !text.contains(word.trim_start_matches("to ")) {
                stale.push(glossary.stale(*n, format!("{chapter} has no \"{word}\"")));
            }
        }
    }
    stale
}

#[test]
fn a_word_in_one_star_is_introduced_and_a_bold_one_is_not() {
    let line = "A *proxy*, and *two words* (*here*), **bold**, `2 * 3 * 4` and _stress_.";
    assert_eq!(introduced(line), ["proxy", "two words", "here"]);
}
