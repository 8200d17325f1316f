//! A chapter as lines: its fenced blocks, its headings, and what stands between them.

use std::fs;
use std::path::{Path, PathBuf};

/// The repository.
pub fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// One Markdown file.
#[derive(Clone, Debug)]
pub struct Document {
    /// Its path from the root of the repository, with slashes.
    pub path: String,
    pub lines: Vec<String>,
}

/// A fenced block: its fences stand on lines `start` and `end`, counted from 0.
#[derive(Clone, Debug)]
pub struct Block {
    pub start: usize,
    pub end: usize,
    /// How far the fence is indented, as in a list; taken off the lines, too.
    pub indent: usize,
    /// What follows the opening fence: `rust src/feed.rs`.
    pub info: String,
    /// The names in a comment before the block: `<!-- varies: date time -->`.
    pub varies: Vec<String>,
    pub lines: Vec<String>,
}

/// A heading, with the anchor that a link to it would use.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Heading {
    pub line: usize,
    pub level: usize,
    pub text: String,
    pub anchor: String,
}

/// Something in the book that is no longer so.
#[derive(Debug)]
pub struct Stale {
    pub path: String,
    /// Counted from 1.
    pub line: usize,
    pub what: String,
    /// What should stand between the fences instead, and where they are.
    pub mended: Option<(Block, Vec<String>)>,
}

impl Document {
    pub fn read(path: &str) -> Document {
        let text =
            fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"));
        Document::new(path, &text)
    }

    pub fn new(path: &str, text: &str) -> Document {
        Document { path: path.into(), lines: text.lines().map(str::to_owned).collect() }
    }

    /// Every chapter, in the order of their names; the README and its neighbours first.
    pub fn all() -> Vec<Document> {
        let mut paths: Vec<String> =
            ["README.md", "CONTRIBUTING.md", "CHANGELOG.md"].map(str::to_owned).to_vec();
        paths.extend(markdown_in("docs"));
        paths.extend(markdown_in("docs/zh"));
        paths.iter().map(|path| Document::read(path)).collect()
    }

    pub fn stale(&self, line: usize, what: impl Into<String>) -> Stale {
        Stale { path: self.path.clone(), line: line + 1, what: what.into(), mended: None }
    }

    pub fn blocks(&self) -> Vec<Block> {
        let mut blocks = Vec::new();
        let mut i = 0;
        while i < self.lines.len() {
            let indent = indent_of(&self.lines[i]);
            let Some(rest) = self.lines[i].trim_start().strip_prefix("```") else {
                i += 1;
                continue;
            };
            let ticks = 3 + rest.chars().take_while(|&c| c == '`').count();
            let fence = "`".repeat(ticks);
            let closing = (i + 1..self.lines.len()).find(|&n| self.lines[n].trim() == fence);
            let end =
                closing.unwrap_or_else(|| panic!("{}:{}: this block has no end", self.path, i + 1));
            let lines = self.lines[i + 1..end]
                .iter()
                .map(|line| line[indent.min(indent_of(line))..].to_owned())
                .collect();
            let info = rest.trim_start_matches('`').trim().to_owned();
            blocks.push(Block {
                start: i,
                end,
                indent,
                info,
                varies: self.varies_before(i),
                lines,
            });
            i = end + 1;
        }
        blocks
    }

    fn varies_before(&self, start: usize) -> Vec<String> {
        let before = self.lines[..start].iter().rev().find(|line| !line.trim().is_empty());
        let names =
            before.and_then(|line| line.trim().strip_prefix("<!-- varies:")?.strip_suffix("-->"));
        names.unwrap_or_default().split_whitespace().map(str::to_owned).collect()
    }

    /// The lines outside fenced blocks, each with its number, counted from 0.
    pub fn prose(&self) -> Vec<(usize, &str)> {
        let blocks = self.blocks();
        let in_block = |n: usize| blocks.iter().any(|block| (block.start..=block.end).contains(&n));
        self.lines
            .iter()
            .enumerate()
            .filter(|(n, _)| !in_block(*n))
            .map(|(n, line)| (n, line.as_str()))
            .collect()
    }

    pub fn headings(&self) -> Vec<Heading> {
        let mut headings: Vec<Heading> = Vec::new();
        for (line, text) in self.prose() {
            let level = text.chars().take_while(|&c| c == '#').count();
            if level == 0 || !text[level..].starts_with(' ') {
                continue;
            }
            let text = text[level..].trim().to_owned();
            let plain = anchor(&text);
            let same = headings.iter().filter(|heading| anchor(&heading.text) == plain).count();
            let anchor = if same == 0 { plain } else { format!("{plain}-{same}") };
            headings.push(Heading { line, level, text, anchor });
        }
        headings
    }
}

/// The anchor that code hosts make of a heading: lower case, dashes for spaces, no punctuation.
pub fn anchor(heading: &str) -> String {
    let kept = heading.to_lowercase().replace(' ', "-");
    kept.chars().filter(|c| c.is_alphanumeric() || matches!(c, '-' | '_')).collect()
}

pub fn indent_of(line: &str) -> usize {
    line.len() - line.trim_start_matches(' ').len()
}

/// The Markdown files of a folder, by name; none if there is no such folder.
pub fn markdown_in(folder: &str) -> Vec<String> {
    let Ok(entries) = fs::read_dir(root().join(folder)) else { return Vec::new() };
    let names = entries.map(|entry| entry.unwrap().file_name().to_string_lossy().into_owned());
    let mut paths: Vec<String> =
        names.filter(|name| name.ends_with(".md")).map(|name| format!("{folder}/{name}")).collect();
    paths.sort();
    paths
}

/// Fails with everything that is stale, one after the other.
pub fn assert_none(stale: &[Stale]) {
    let list: Vec<String> = stale.iter().map(Stale::to_string).collect();
    assert!(
        stale.is_empty(),
        "\n\n{}\n\n{} stale. To mend what can be mended: {REFRESH}\n",
        list.join("\n\n"),
        stale.len()
    );
}

const REFRESH: &str = "cargo test --test book -- --ignored refresh";

impl std::fmt::Display for Stale {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}:{}: {}", self.path, self.line, self.what)?;
        if let Some((block, lines)) = &self.mended {
            f.write_str("\n  stands:\n")?;
            block.lines.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
            f.write_str("  should be:\n")?;
            lines.iter().try_for_each(|line| writeln!(f, "    {line}"))?;
        }
        Ok(())
    }
}

/// Writes what is mended into the files; says what is left for a person.
pub fn mend(stale: Vec<Stale>) -> Vec<Stale> {
    let (mut mended, left): (Vec<Stale>, Vec<Stale>) =
        stale.into_iter().partition(|stale| stale.mended.is_some());
    // From the end of each file, so that the lines before keep their numbers.
    mended.sort_by_key(|stale| std::cmp::Reverse(stale.line));
    let mut files: std::collections::BTreeMap<PathBuf, Document> =
        std::collections::BTreeMap::new();
    for Stale { path, mended, .. } in mended {
        let Some((block, lines)) = mended else { continue };
        let document = files.entry(root().join(&path)).or_insert_with(|| Document::read(&path));
        let margin = " ".repeat(block.indent);
        let lines = lines
            .iter()
            .map(|line| if line.is_empty() { String::new() } else { format!("{margin}{line}") });
        document.lines.splice(block.start + 1..block.end, lines);
    }
    for (path, document) in files {
        fs::write(&path, document.lines.join("\n") + "\n")
            .unwrap_or_else(|error| panic!("{}: {error}", path.display()));
        println!("refreshed {}", document.path);
    }
    left
}
