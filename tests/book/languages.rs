//! The Chinese book keeps step with the English one: the same files, headings, code, outputs,
//! figures, pictures and exercises, and about as many paragraphs.

use crate::markdown::{Block, Document, Stale, markdown_in};
use std::collections::BTreeSet;

/// Nothing to say as long as there is no `docs/zh/`.
pub fn check() -> Vec<Stale> {
    let chinese = markdown_in("docs/zh");
    if chinese.is_empty() {
        return Vec::new();
    }
    let mut stale = Vec::new();
    for path in markdown_in("docs") {
        let other = path.replacen("docs/", "docs/zh/", 1);
        if chinese.contains(&other) {
            stale.extend(compare(&Document::read(&path), &Document::read(&other)));
        } else {
            stale.push(Document::new(&path, "").stale(0, format!("there is no {other}")));
        }
    }
    stale
}

fn compare(english: &Document, chinese: &Document) -> Vec<Stale> {
    let mut stale = Vec::new();
    let (ours, theirs) = (english.headings(), chinese.headings());
    let levels = |headings: &[crate::markdown::Heading]| {
        headings.iter().map(|heading| heading.level).collect::<Vec<_>>()
    };
    if levels(&ours) != levels(&theirs) {
        let first = ours.iter().zip(&theirs).find(|(ours, theirs)| ours.level != theirs.level);
        let (line, text) = first.map_or((0, "the number of headings"), |(ours, theirs)| {
            (theirs.line, ours.text.as_str())
        });
        stale.push(
            chinese.stale(line, format!("the headings differ from {} at: {text}", english.path)),
        );
    }
    let (ours, theirs) = (shared_blocks(english), shared_blocks(chinese));
    if ours.len() != theirs.len() {
        stale.push(chinese.stale(
            0,
            format!(
                "{} blocks of code and output; {} has {}",
                theirs.len(),
                english.path,
                ours.len()
            ),
        ));
    }
    for (ours, theirs) in ours.iter().zip(&theirs) {
        if ours.info != theirs.info || ours.lines != theirs.lines || ours.varies != theirs.varies {
            let mut problem = chinese
                .stale(theirs.start, format!("differs from {}:{}", english.path, ours.start + 1));
            problem.mended =
                (ours.info == theirs.info).then(|| (theirs.clone(), ours.lines.clone()));
            stale.push(problem);
        }
    }
    let (ours, theirs) = (rows(english), rows(chinese));
    for ((ours, from), (theirs, line)) in ours.iter().zip(&theirs) {
        if ours != theirs {
            stale.push(chinese.stale(
                *line,
                format!("figures {theirs:?}; {}:{} has {ours:?}", english.path, from + 1),
            ));
        }
    }
    if ours.len() != theirs.len() {
        stale.push(
            chinese.stale(
                0,
                format!("{} table rows; {} has {}", theirs.len(), english.path, ours.len()),
            ),
        );
    }
    stale.extend(compare_parts(english, chinese));
    stale.extend(compare_figures(english, chinese));
    stale
}

/// Numbers of four digits or more between two headings: `16,000` in one language and `15,000` in
/// the other is one that was measured again.
fn compare_figures(english: &Document, chinese: &Document) -> Vec<Stale> {
    let mut stale = Vec::new();
    let headings = english.headings().into_iter().zip(chinese.headings());
    let (ours, theirs) = (figures(english), figures(chinese));
    let before = [(0, "the beginning".to_owned())];
    let places = before.into_iter().chain(headings.map(|(ours, theirs)| (theirs.line, ours.text)));
    for ((ours, theirs), (line, heading)) in ours.iter().zip(&theirs).zip(places) {
        if ours != theirs {
            let what = format!("{theirs:?} in prose; {} has {ours:?}: {heading}", english.path);
            stale.push(chinese.stale(line, what));
        }
    }
    stale
}

/// For each section its long numbers in prose, without those of code, links, tables and standards.
fn figures(document: &Document) -> Vec<BTreeSet<String>> {
    let mut sections = vec![String::new()];
    for (_, line) in document.prose() {
        if line.starts_with("#") {
            sections.push(String::new());
        } else if !line.starts_with(['|', '<', '!', '[']) {
            *sections.last_mut().expect("the first is there") += &format!("{line} ");
        }
    }
    let long = |text: &String| {
        let plain: String = text.split('`').step_by(2).collect();
        let plain = plain.replace("RFC ", "RFC");
        let words = plain.split(|c: char| !c.is_ascii_alphanumeric() && !matches!(c, '.' | ','));
        let numbers = words.map(|word| word.trim_matches(['.', ',']).replace(',', ""));
        numbers.filter(|n| n.len() > 3 && n.chars().all(|c| c.is_ascii_digit())).collect()
    };
    sections.iter().map(long).collect()
}

/// Exercises by name and in order; pictures; and paragraphs, of which each language may make a few
/// more or fewer than the other.
fn compare_parts(english: &Document, chinese: &Document) -> Vec<Stale> {
    let mut stale = Vec::new();
    let (ours, theirs) = (exercises(english), exercises(chinese));
    if ours != theirs {
        stale
            .push(chinese.stale(0, format!("exercises {theirs:?}; {} has {ours:?}", english.path)));
    }
    let (ours, theirs) = (pictures(english), pictures(chinese));
    if ours != theirs {
        stale.push(chinese.stale(0, format!("{theirs} pictures; {} has {ours}", english.path)));
    }
    let (ours, theirs) = (paragraphs(english), paragraphs(chinese));
    if ours.abs_diff(theirs) > 2 + ours / 10 {
        stale.push(chinese.stale(0, format!("{theirs} paragraphs; {} has {ours}", english.path)));
    }
    stale
}

fn exercises(document: &Document) -> Vec<&str> {
    let name = |line| {
        let (name, _) = str::strip_prefix(line, "**")?.split_once(".**")?;
        name.chars().all(|c| matches!(c, 'a'..='z' | '0'..='9' | '_')).then_some(name)
    };
    document.prose().into_iter().filter_map(|(_, line)| name(line)).collect()
}

/// Photographs of pages, and what is drawn in the text.
fn pictures(document: &Document) -> usize {
    let photographs = document.prose().into_iter().filter(|(_, line)| line.starts_with("!["));
    let drawn = |block: &Block| matches!(block.info.as_str(), "mermaid" | "text");
    photographs.count() + document.blocks().iter().filter(|block| drawn(block)).count()
}

/// Lines of prose that begin a paragraph.
fn paragraphs(document: &Document) -> usize {
    let text = |line: &str| {
        let other = ['#', '|', '-', '<', '!', ' ', '1', '2', '3'];
        line.starts_with("<sub>") || !line.trim().is_empty() && !line.starts_with(other)
    };
    let (prose, mut before, mut count) = (document.prose(), None, 0);
    for (n, line) in prose {
        if text(line) && before != Some(n) {
            count += 1;
        }
        before = text(line).then_some(n + 1);
    }
    count
}

/// Code and output are the same in every language; diagrams and drawings have words in them.
fn shared_blocks(document: &Document) -> Vec<Block> {
    let told = |block: &Block| {
        matches!(block.info.split_whitespace().next(), None | Some("mermaid" | "text"))
    };
    document.blocks().into_iter().filter(|block| !told(block)).collect()
}

/// Before a table that only one language needs: what the program's English words mean.
const OWN_TABLE: &str = "<!-- 对照 -->";

/// The figures of each row of each table that both languages have.
fn rows(document: &Document) -> Vec<(Vec<String>, usize)> {
    let mut own = false;
    let rows = document.prose().into_iter().filter(|(_, line)| {
        let row = line.trim_start().starts_with('|');
        own = line.trim() == OWN_TABLE || (own && row);
        row && !own
    });
    let figures = |line: &str| {
        let numbers = line
            .split(|c: char| !c.is_ascii_digit() && !matches!(c, '.' | ','))
            .map(|word| word.trim_matches(['.', ',']));
        numbers.filter(|number| !number.is_empty()).map(str::to_owned).collect()
    };
    rows.map(|(n, line)| (figures(line), n)).collect()
}

#[test]
fn a_book_out_of_step_is_noticed() {
    let english = Document::new(
        "docs/x.md",
        "# A\nNear 16,000 (`9,999`).\n## B\n```console\n$ ls\n```\n| 1,024 B | 2.5 |\n```mermaid\na\n```\n",
    );
    let same = "# 甲\n接近 16,000 个。\n## 乙\n```console\n$ ls\n```\n| 1,024 字节 | 2.5 |\n```mermaid\n子\n```\n<!-- 对照 -->\n| 7 |\n";
    assert_eq!(compare(&english, &Document::new("docs/zh/x.md", same)).len(), 0);
    for (from, to) in [
        ("## 乙", "乙"),
        ("16,000", "15,000"),
        ("$ ls", "$ cat"),
        ("1,024", "1,025"),
        ("2.5 |\n", "2.5 |\n| 3 |\n"),
        ("console", "sh"),
    ] {
        assert_eq!(
            compare(&english, &Document::new("docs/zh/x.md", &same.replacen(from, to, 1))).len(),
            1,
            "{from}"
        );
    }
}
