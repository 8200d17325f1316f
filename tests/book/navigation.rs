//! Each chapter leads to the one before, to the one after and to its own text in the other
//! language, at its head and at its foot. Where it leads follows from the names of the files.

use crate::markdown::{Document, Stale, markdown_in, root};
use std::fs;

/// What is read before the first numbered chapter, and after the last.
const FIRST: &str = "before-you-begin.md";
const LAST: &str = "the-last-exercise.md";

/// One language of the book: its folder, the other one as seen from there, and the words.
struct Language {
    folder: &'static str,
    other: &'static str,
    contents: &'static str,
    other_name: &'static str,
}

const LANGUAGES: [Language; 2] = [
    Language { folder: "docs", other: "zh/", contents: "Contents", other_name: "中文" },
    Language { folder: "docs/zh", other: "../", contents: "目录", other_name: "English" },
];

/// The files that are read one after the other: `before-you-begin.md`, `01-http.md`, …
fn in_order(folder: &str) -> Vec<String> {
    let names = markdown_in(folder).into_iter().map(|path| path[folder.len() + 1..].to_owned());
    let numbered = names.filter(|name| name.starts_with(|first: char| first.is_ascii_digit()));
    let mut order = vec![FIRST.to_owned()];
    order.extend(numbered);
    order.push(LAST.to_owned());
    order
}

fn line_for(language: &Language, name: &str) -> String {
    let order = in_order(language.folder);
    let at = order.iter().position(|other| other == name);
    let before = at.and_then(|at| order.get(at.checked_sub(1)?));
    let after = at.and_then(|at| order.get(at + 1));
    let title = |name: &String| {
        let document = Document::read(&format!("{}/{name}", language.folder));
        document.lines[0].trim_start_matches("# ").replace('`', "")
    };
    let mut parts = Vec::new();
    parts.extend(before.map(|before| format!("[← {}]({before})", title(before))));
    parts.push(format!("[{}](README.md)", language.contents));
    parts.push(format!("[{}]({}{name})", language.other_name, language.other));
    parts.extend(after.map(|after| format!("[{} →]({after})", title(after))));
    parts.join(" · ")
}

/// Each file of the book that has such lines, and the line.
fn lines() -> Vec<(Document, String)> {
    let mut lines = Vec::new();
    for language in &LANGUAGES {
        for path in markdown_in(language.folder) {
            let name = &path[language.folder.len() + 1..];
            if name != "README.md" {
                lines.push((Document::read(&path), line_for(language, name)));
            }
        }
    }
    lines
}

/// Below the title, and below a rule at the end.
fn stands(document: &Document, line: &str) -> bool {
    document.lines.get(2).is_some_and(|head| head == line)
        && matches!(&document.lines[..], [.., rule, empty, foot]
            if rule == "---" && empty.is_empty() && foot == line)
}

pub fn check() -> Vec<Stale> {
    let wrong = lines().into_iter().filter(|(document, line)| !stands(document, line));
    let stale = |(document, line): (Document, String)| {
        document.stale(2, format!("expected at the head, and at the foot below a rule: {line}"))
    };
    wrong.map(stale).collect()
}

pub fn refresh() {
    for (document, line) in lines() {
        let mut text: Vec<&str> = document.lines.iter().map(String::as_str).collect();
        let is_navigation = |text: &str| text.starts_with('[') && text.contains("](README.md) · [");
        if text.get(2).is_some_and(|head| is_navigation(head)) {
            text.drain(1..3);
        }
        if text.last().is_some_and(|foot| is_navigation(foot)) {
            text.truncate(text.len() - 4);
        }
        text.splice(1..1, ["", &line]);
        text.extend(["", "---", "", &line]);
        let text = text.join("\n") + "\n";
        fs::write(root().join(&document.path), text).unwrap();
    }
}

#[test]
fn a_chapter_leads_to_its_neighbours_and_to_the_other_language() {
    let line = line_for(&LANGUAGES[0], "the-last-exercise.md");
    let parts: Vec<&str> = line.split(" · ").collect();
    assert!(parts[0].starts_with("[← ") && parts[0].ends_with(".md)"), "{line}");
    assert_eq!(parts[1..], ["[Contents](README.md)", "[中文](zh/the-last-exercise.md)"]);
    assert!(line_for(&LANGUAGES[1], FIRST).ends_with(" →](01-http.md)"));
    assert_eq!(line_for(&LANGUAGES[1], "errors.md"), "[目录](README.md) · [English](../errors.md)");
}
