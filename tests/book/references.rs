//! Every link leads somewhere, every section named exists, every file and test named is there.

use crate::markdown::{Block, Document, Stale, root};
use crate::sections::{RFC, TITLES};
use std::fs;
use std::path::{Component, Path, PathBuf};

/// Where a link out of the book may lead: to the standards, and to nothing that may be gone next
/// year.
const HOSTS: &[&str] = &[
    "www.rfc-editor.org",
    "html.spec.whatwg.org",
    "fetch.spec.whatwg.org",
    "websockets.spec.whatwg.org",
    "doc.rust-lang.org",
    "redis.io",
];

/// The paragraphs of a document: runs of lines that are not empty, each with the number of its
/// first line.
pub fn paragraphs(document: &Document) -> Vec<(usize, String)> {
    let mut paragraphs: Vec<(usize, String)> = Vec::new();
    let mut fresh = true;
    for (n, line) in document.prose() {
        let blank = line.trim().is_empty()
            || n > 0 && document.lines[n - 1].trim_start().starts_with("```");
        if fresh || blank || line.trim_start().starts_with(['|', '#', '-', '<']) {
            paragraphs.push((n, String::new()));
        }
        if let Some((_, text)) = paragraphs.last_mut() {
            text.extend([line, " "]);
        }
        fresh = line.trim().is_empty();
    }
    paragraphs.retain(|(_, text)| !text.trim().is_empty());
    paragraphs
}

/// The parts of a text between backticks.
fn code_spans(text: &str) -> Vec<&str> {
    text.split('`').skip(1).step_by(2).collect()
}

/// The text without its code spans, which hold no links.
fn without_code(text: &str) -> String {
    text.split('`').step_by(2).collect::<Vec<_>>().join("``")
}

/// The targets of the links and pictures in a text.
fn targets(text: &str) -> Vec<String> {
    let text = without_code(text);
    let mut targets = Vec::new();
    for (at, _) in text.match_indices("](") {
        if let Some((target, _)) = text[at + 2..].split_once(')') {
            targets.push(target.split(' ').next().unwrap_or("").to_owned());
        }
    }
    targets
}

/// How many links a document has.
pub fn count_links(document: &Document) -> usize {
    paragraphs(document).iter().map(|(_, text)| targets(text).len()).sum()
}

/// What is wrong with the links of a document.
pub fn check_links(document: &Document) -> Vec<Stale> {
    let mut stale = Vec::new();
    for (n, text) in paragraphs(document) {
        for target in targets(&text) {
            if let Some(problem) = problem_with(document, &target) {
                stale.push(document.stale(n, format!("the link to {target}: {problem}")));
            }
        }
    }
    stale
}

fn problem_with(document: &Document, target: &str) -> Option<String> {
    if let Some(rest) = target.strip_prefix("https://") {
        let host = rest.split('/').next().unwrap_or(rest);
        return (!HOSTS.contains(&host))
            .then(|| "the book links to the standards and to itself only".into());
    }
    if target.contains("://") {
        return Some("no such link in the book".into());
    }
    let (path, anchor) =
        target.split_once('#').map_or((target, None), |(path, anchor)| (path, Some(anchor)));
    let here = Path::new(&document.path);
    let there = if path.is_empty() {
        here.to_owned()
    } else {
        tidy(&here.parent().unwrap_or(here).join(path))
    };
    if !path.is_empty() && !root().join(&there).exists() {
        return Some(format!("there is no {}", there.display()));
    }
    let anchor = anchor?;
    if there.extension().is_none_or(|extension| extension != "md") {
        return Some("anchors lead into chapters only".into());
    }
    let other =
        if path.is_empty() { document.clone() } else { Document::read(&there.to_string_lossy()) };
    let headings = other.headings();
    let known: Vec<&str> = headings.iter().map(|heading| heading.anchor.as_str()).collect();
    (!known.contains(&anchor)).then(|| format!("there are only: {}", known.join(", ")))
}

/// The path without `..`.
fn tidy(path: &Path) -> PathBuf {
    let mut tidy = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                tidy.pop();
            }
            Component::CurDir => {}
            part => tidy.push(part),
        }
    }
    tidy
}

/// What is wrong with the sections of standards that a document names.
pub fn check_sections(document: &Document) -> Vec<Stale> {
    let found = paragraphs(document).into_iter().flat_map(|(n, text)| {
        let problems = wrong_sections(&text, &mut None);
        problems.into_iter().map(move |problem| document.stale(n, problem))
    });
    found.collect()
}

/// The same for the code, where each run of comment lines is a paragraph, and a `§` alone is one of
/// the first document that the file names.
pub fn check_sections_of_code() -> Vec<Stale> {
    let mut stale = Vec::new();
    for path in source_files() {
        let document = Document::read(&path);
        let mut text = String::new();
        let mut first = None;
        let mut start = 0;
        for (n, line) in document.lines.iter().map(String::as_str).chain([""]).enumerate() {
            let comment = line.trim_start().starts_with("//");
            if text.is_empty() {
                start = n;
            }
            if comment || line.contains('§') {
                text.extend([line.trim_start().trim_start_matches(['/', '!']).trim(), " "]);
            }
            if !comment {
                let mut own = first;
                stale.extend(
                    wrong_sections(&text, &mut own)
                        .into_iter()
                        .map(|problem| document.stale(start, problem)),
                );
                first = first.or(own);
                text.clear();
            }
        }
    }
    stale
}

fn source_files() -> Vec<String> {
    let mut paths = Vec::new();
    let mut folders = vec!["src".to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(root().join(&folder)).into_iter().flatten() {
            let entry = entry.unwrap();
            let path = format!("{folder}/{}", entry.file_name().to_string_lossy());
            if entry.path().is_dir() {
                folders.push(path);
            } else if path.ends_with(".rs") {
                paths.push(path);
            }
        }
    }
    paths.sort();
    paths
}

/// Each `RFC N`, each `§` after one, and each title behind HTML or Fetch that nobody knows.
/// `rfc` is the document named last.
fn wrong_sections(text: &str, rfc: &mut Option<u16>) -> Vec<String> {
    let mut wrong = Vec::new();
    let mut rest = text;
    while let Some(at) = rest.find(['R', '§', '"']) {
        let (_, from) = rest.split_at(at);
        rest = &from[from.chars().next().map_or(1, char::len_utf8)..];
        if let Some(number) = from.strip_prefix("RFC ") {
            let digits: String = number.chars().take_while(char::is_ascii_digit).collect();
            if digits.is_empty() {
                continue;
            }
            *rfc = digits.parse().ok();
            if !RFC.iter().any(|(known, section, _)| Some(*known) == *rfc && section.is_empty()) {
                wrong.push(format!("nobody knows RFC {digits}"));
            }
        } else if let Some(section) = from.strip_prefix('§') {
            let section: String =
                section.chars().take_while(|c| c.is_ascii_digit() || *c == '.').collect();
            let section = section.trim_end_matches('.');
            if section.is_empty() {
                continue;
            }
            match *rfc {
                None => wrong.push(format!("§{section} of what?")),
                Some(number)
                    if !RFC.iter().any(|(known, part, _)| *known == number && *part == section) =>
                {
                    wrong.push(format!("RFC {number} §{section} is not in the list of known sections (tests/book/sections.rs)"));
                }
                Some(_) => {}
            }
        } else if let Some((title, _)) =
            from.strip_prefix('"').and_then(|from| from.split_once('"'))
        {
            let before = text[..text.len() - from.len()]
                .trim_end()
                .trim_end_matches([',', '，'])
                .trim_end_matches(" standard");
            if (before.ends_with("HTML") || before.ends_with("Fetch")) && !TITLES.contains(&title) {
                wrong.push(format!("nobody knows the section \"{title}\""));
            }
            rest = &rest[title.len() + 1..];
        }
    }
    wrong
}

/// What is wrong with the files, programs and tests that a document names in its text.
pub fn check_names(document: &Document) -> Vec<Stale> {
    let mut stale = Vec::new();
    for (n, text) in paragraphs(document) {
        let spans = code_spans(&text);
        let mut files = Vec::new();
        for span in &spans {
            let path = span.split_whitespace().next().unwrap_or("");
            let ours = ["src/", "pages/", "tests/", "docs/", ".ci/"]
                .iter()
                .any(|folder| path.starts_with(folder));
            if ours
                && !path.contains(['*', 'N', '{', '…'])
                && !root().join(path.trim_end_matches('/')).exists()
            {
                stale.push(document.stale(n, format!("there is no {path}")));
            } else if ours {
                files.push(path.to_owned());
            }
            if let Some((_, name)) =
                span.split_once("--bin ").filter(|_| span.starts_with("cargo run --bin "))
            {
                let name = name.split_whitespace().next().unwrap_or("");
                // In capitals it stands for any.
                let program = root().join("src/bin").join(name);
                if name != "NAME" && !program.is_dir() && !program.with_extension("rs").exists() {
                    stale.push(document.stale(n, format!("there is no program {name}")));
                }
            }
        }
        // The names of tests are sentences, and a sentence has words.
        for sentence in spans.iter().filter(|span| {
            span.matches('_').count() > 3
                && span.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'_')
        }) {
            let stands = |path: &String| {
                fs::read_to_string(root().join(path))
                    .is_ok_and(|text| text.contains(&format!("fn {sentence}(")))
            };
            if files.is_empty() {
                stale.push(
                    document
                        .stale(n, format!("the file of the test {sentence} must stand beside it")),
                );
            } else if !files.iter().any(stands) {
                stale.push(
                    document
                        .stale(n, format!("there is no test {sentence} in {}", files.join(", "))),
                );
            }
        }
    }
    stale
}

/// Every table of figures says how to get them: a section named "What it costs" (代价) that has a
/// table also has the command that measures. Each figure is in an output of the chapter, or is the
/// sum or the product of two figures that are.
pub fn check_costs(document: &Document) -> Vec<Stale> {
    let headings = document.headings();
    let mut stale = Vec::new();
    for (i, heading) in headings.iter().enumerate() {
        if !["What it costs", "代价"].iter().any(|name| heading.text.contains(name)) {
            continue;
        }
        let end = headings[i + 1..]
            .iter()
            .find(|next| next.level <= heading.level)
            .map_or(document.lines.len(), |next| next.line);
        let section = heading.line..end;
        // Without the heads of the tables, whose next line is all dashes.
        let is_row = |n: &usize| {
            document.lines[*n].starts_with('|')
                && !document.lines.get(n + 1).is_some_and(|next| next.starts_with("|--"))
        };
        let rows: Vec<usize> = section.clone().filter(is_row).collect();
        let spans: Vec<&str> =
            document.lines[section.clone()].iter().flat_map(|line| code_spans(line)).collect();
        let blocks: Vec<Block> = document
            .blocks()
            .into_iter()
            .filter(|block| block.info.starts_with("console"))
            .collect();
        let measured = blocks.iter().any(|block| section.contains(&block.start))
            || spans.iter().any(|span| span.starts_with("cargo "));
        if !rows.is_empty() && !measured {
            stale.push(
                document.stale(
                    heading.line,
                    "this section has figures and no command that measures them",
                ),
            );
        }
        // What another package measures is not run here.
        if !measured || spans.iter().any(|span| span.contains("--manifest-path")) {
            continue;
        }
        let printed = blocks
            .iter()
            .flat_map(|block| block.lines.iter().filter(|line| !line.starts_with("$ ")));
        let outputs: Vec<u64> = printed.flat_map(|line| numbers(line)).collect();
        let pairs = || outputs.iter().flat_map(|a| outputs.iter().map(move |b| (*a, *b)));
        for n in rows {
            for figure in numbers(&document.lines[n]) {
                if !outputs.contains(&figure)
                    && !pairs().any(|(a, b)| a + b == figure || a.checked_mul(b) == Some(figure))
                {
                    stale.push(document.stale(
                        n,
                        format!(
                            "{figure} is not among the figures that the chapter's commands print"
                        ),
                    ));
                }
            }
        }
    }
    stale
}

/// The numbers in a text, with or without commas between their thousands; code spans are names, not
/// figures.
fn numbers(text: &str) -> Vec<u64> {
    let text = without_code(text).replace(',', "");
    let words = text.split(|c: char| !c.is_ascii_alphanumeric());
    words.filter_map(|word| word.parse().ok()).collect()
}

#[test]
fn links_that_lead_nowhere_are_found() {
    let document = Document::new(
        "docs/x.md",
        "# One two\n## `a`: b!\n## One two\n[a](#one-two) [b](#a-b) [c](#one-two-1) [d](../Cargo.toml)\n\n[e](#three) `[f](#four)`\n\n[g](nowhere.md)\n\n[h](https://example.com/)\n\n![i](https://www.rfc-editor.org/rfc/rfc9112)\n```\n[j](#k)\n```\n",
    );
    let lines: Vec<usize> = check_links(&document).iter().map(|stale| stale.line).collect();
    assert_eq!(lines, [6, 8, 10]);
    assert_eq!(count_links(&document), 8);
}

#[test]
fn sections_that_do_not_exist_are_found() {
    for good in [
        "RFC 9112 §9.3.2, and §6.3 too",
        "RFC 9110 §15.5.",
        "HTML, \"Server-sent events\"",
        "the \"word\"",
        "RFC 6455",
    ] {
        assert_eq!(wrong_sections(good, &mut None), [""; 0], "{good}");
    }
    for bad in [
        "RFC 2616 §4",
        "see §4",
        "RFC 9112 §99",
        "HTML, \"Something\"",
        "Fetch standard, \"Anything\"",
    ] {
        assert!(!wrong_sections(bad, &mut None).is_empty(), "{bad}");
    }
}

#[test]
fn files_programs_and_tests_that_do_not_exist_are_found() {
    let document = Document::new(
        "x.md",
        "`src/feed.rs` and `cargo run --bin polling`\n\n`src/nowhere.rs`\n\n`cargo run --bin nothing`\n\n`no_test_has_such_a_name` in `src/cors.rs`\n\n`one_origin_is_stated_always_and_without_vary` in `src/cors/tests.rs`\n\n`one_origin_is_stated_always_and_without_vary`\n",
    );
    let lines: Vec<usize> = check_names(&document).iter().map(|stale| stale.line).collect();
    assert_eq!(lines, [3, 5, 7, 11]);
}

#[test]
fn figures_without_a_command_are_found() {
    let table = "# A\n## What it costs\n| a | b |\n|---|---|\n| 1 | 2 |\n";
    assert_eq!(check_costs(&Document::new("x.md", table)).len(), 1);
    assert_eq!(
        check_costs(&Document::new(
            "x.md",
            &format!("{table}As `cargo run --manifest-path x` says.\n")
        ))
        .len(),
        0
    );
    assert_eq!(
        check_costs(&Document::new("x.md", &format!("{table}As `cargo run` says.\n"))).len(),
        2
    );
    assert_eq!(
        check_costs(&Document::new("x.md", &format!("{table}```console\n$ ls\n1 up\n```\n"))).len(),
        0
    );
    assert_eq!(
        check_costs(&Document::new("x.md", &format!("{table}```console\n$ ls\n3 up\n```\n"))).len(),
        2
    );
    assert_eq!(
        check_costs(&Document::new("x.md", &format!("{table}## Next\n`cargo run`\n"))).len(),
        1
    );
}
