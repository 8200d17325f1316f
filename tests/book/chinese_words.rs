//! The Chinese texts name things as they are: buttons as on the pages, the words of programs as
//! they print them, and in the glossary the chapter that has the word.

use crate::markdown::{Document, Stale, root};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;

pub fn check(chapter: &Document) -> Vec<Stale> {
    let [english, chinese] = ["en", "zh"].map(page_words);
    let mut stale = check_buttons(chapter, &english, &chinese);
    stale.extend(check_translations(chapter, &printed(chapter)));
    stale
}

/// A page's texts by their keys, as `pages/words.js` reads them.
fn page_words(language: &str) -> BTreeMap<String, String> {
    let words = fs::read_to_string(root().join(format!("pages/words.{language}.txt"))).unwrap();
    let entry = |line: &str| line.split_once(": ").map(|(key, text)| (key.into(), text.into()));
    words.lines().filter(|line| !line.starts_with(['#', ' '])).filter_map(entry).collect()
}

/// A button is named as `“发布”（Publish）`, in the words of both pages.
fn check_buttons(
    chapter: &Document,
    english: &BTreeMap<String, String>,
    chinese: &BTreeMap<String, String>,
) -> Vec<Stale> {
    let mut stale = Vec::new();
    // Neither the glossary's own list nor the titles of other works.
    let speaks = |line: &str| !line.starts_with("- 不用") && !line.starts_with("**另见。**");
    for (n, line) in chapter.prose().into_iter().filter(|(_, line)| speaks(line)) {
        for (at, between) in line.match_indices("”（") {
            let ours = line[..at].rsplit('“').next().unwrap_or_default();
            let theirs = line[at + between.len()..].split('）').next().unwrap_or_default();
            let on_a_page = |(key, text): (&String, &String)| {
                text.as_str() == theirs && chinese.get(key).is_some_and(|text| text == ours)
            };
            if theirs.starts_with(|c: char| c.is_ascii_alphabetic())
                && !english.iter().any(on_a_page)
            {
                stale.push(chapter.stale(n, format!("no page says “{ours}”（{theirs}）")));
            }
        }
    }
    stale
}

/// Whatever the chapter's programs may print: its own outputs, the wire view's names and words, and
/// the verdicts.
fn printed(chapter: &Document) -> String {
    let mut text = String::new();
    for block in chapter.blocks() {
        text.extend(block.lines.iter().map(|line| line.clone() + "\n"));
    }
    for folder in ["src/wire", "src/websocket", "src/bin/claims"] {
        add(&mut text, &root().join(folder));
    }
    text
}

/// A file, or all that is in a folder.
fn add(text: &mut String, path: &Path) {
    match path.read_dir() {
        Ok(folder) => folder.for_each(|entry| add(text, &entry.unwrap().path())),
        Err(_) => *text += &fs::read_to_string(path).unwrap(),
    }
}

/// A table behind `<!-- 对照 -->` says what printed words mean: each of them is printed.
fn check_translations(chapter: &Document, printed: &str) -> Vec<Stale> {
    let (mut stale, mut inside) = (Vec::new(), false);
    for (n, line) in chapter.prose() {
        inside = line.trim() == "<!-- 对照 -->" || (inside && line.starts_with('|'));
        let words = line.split('`').skip(1).step_by(2).filter(|_| inside);
        let unknown = words.filter(|word| !printed.contains(word));
        stale.extend(unknown.map(|word| chapter.stale(n, format!("nothing prints `{word}`"))));
    }
    stale
}

/// The chapter that a row of the glossary leads to has its words.
pub fn check_glossary(glossary: &Document) -> Vec<Stale> {
    let mut stale = Vec::new();
    for (n, line) in glossary.prose() {
        let cells: Vec<&str> = line.split('|').map(str::trim).collect();
        let [_, chinese, _, _, chapter, _] = cells[..] else { continue };
        let Some((_, file)) = chapter.split_once("](") else { continue };
        let file = file.split(['#', ')']).next().unwrap_or_default();
        let text = Document::read(&format!("docs/zh/{file}")).lines.join("\n");
        let lacking = chinese.split('，').filter(|word| !text.contains(word));
        stale.extend(lacking.map(|word| glossary.stale(n, format!("{file} has no {word}"))));
    }
    stale
}

#[test]
fn what_no_page_says_and_no_program_prints_is_noticed() {
    let words = |text: &str| BTreeMap::from([("hub.cut".to_owned(), text.to_owned())]);
    let buttons = |text: &str| {
        let chapter = Document::new("docs/zh/x.md", text);
        check_buttons(&chapter, &words("Cut"), &words("切断")).len()
    };
    assert_eq!(buttons("按“切断”（Cut），再按“切断”。"), 0);
    assert_eq!(buttons("按“断开”（Cut）。"), 1);
    assert_eq!(buttons("按“切断”（Drop）。"), 1);
    let chapter = "<!-- 对照 -->\n| `chunk` | 块 |\n| `piece` | 块 |\n\n| `other` | 别的 |\n";
    assert_eq!(check_translations(&Document::new("docs/zh/x.md", chapter), "a chunk").len(), 1);
}
