//! What the desk says, in the learner's language, and how it fits a terminal.
//!
//! The sentences stand in `texts/LANGUAGE/`: `desk.txt` for all, and a file for each exercise. A
//! line is `key = text`; a text goes on in lines that are indented; each `{}` is a value's place.

use std::collections::BTreeMap;
use std::fmt::Display;
use std::path::Path;

/// How wide a terminal is at least, in columns.
pub const COLUMNS: usize = 79;
/// What is before a line of code: such a line is not broken, or nobody could paste it.
pub const CODE: &str = "    ";

#[derive(Default)]
pub struct Words {
    entries: BTreeMap<String, String>,
}

impl Words {
    /// Reads these files of one language; of two texts with one key, the later counts.
    pub fn read(folder: &Path, names: &[&str]) -> Result<Words, String> {
        let mut words = Words::default();
        for name in names {
            let path = folder.join(format!("{name}.txt"));
            let text = std::fs::read_to_string(&path)
                .map_err(|error| format!("{}: {error}", path.display()))?;
            let mut key = String::new();
            for line in text.lines() {
                if let Some(more) = line.strip_prefix("  ") {
                    let entry = words.entries.entry(key.clone()).or_default();
                    let wide = entry.chars().next_back().is_some_and(is_wide);
                    if !wide && !more.starts_with(is_wide) {
                        entry.push(' ');
                    }
                    entry.push_str(more.trim());
                } else if let Some((name, text)) = line.split_once(" = ") {
                    key = name.to_owned();
                    words.entries.insert(key.clone(), text.trim().to_owned());
                } else if !line.is_empty() {
                    return Err(format!("{}: neither a key nor indented: {line}", path.display()));
                }
            }
        }
        Ok(words)
    }

    pub fn get(&self, key: &str) -> Option<&str> {
        self.entries.get(key).map(String::as_str)
    }

    /// The text with these values in the places of its `{}`.
    pub fn say(&self, key: &str, values: &[&dyn Display]) -> String {
        let Some(text) = self.get(key) else { return format!("[{key}]") };
        let mut parts = text.split("{}");
        let mut said = parts.next().unwrap_or_default().to_owned();
        for (i, part) in parts.enumerate() {
            said.push_str(&values.get(i).map_or("{}".into(), ToString::to_string));
            said.push_str(part);
        }
        said
    }

    pub fn hints(&self) -> Vec<&str> {
        (1..).map_while(|n| self.get(&format!("hint {n}"))).collect()
    }
}

/// Whether a letter takes two columns: Chinese, its punctuation, full width.
pub fn is_wide(c: char) -> bool {
    matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
        | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
        | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}' | '“' | '”')
}

pub fn width(text: &str) -> usize {
    text.chars().map(|c| if is_wide(c) { 2 } else { 1 }).sum()
}

/// The text in lines of at most [`COLUMNS`], the first behind `first`, the others as far in.
pub fn wrap(first: &str, text: &str) -> String {
    let indent = " ".repeat(width(first));
    let mut lines = Vec::new();
    for paragraph in text.split('\n') {
        if paragraph.starts_with(CODE) {
            lines.push(paragraph.to_owned());
            continue;
        }
        let mut line = String::new();
        for piece in pieces(paragraph) {
            let room = COLUMNS - width(first);
            if !line.is_empty() && width(&line) + width(piece.trim_end()) > room {
                lines.push(std::mem::take(&mut line));
            }
            // A word that no line has room for is cut.
            for c in piece.chars() {
                if width(&line) + width(c.encode_utf8(&mut [0; 4])) > room && c != ' ' {
                    lines.push(std::mem::take(&mut line));
                }
                line.push(c);
            }
        }
        lines.push(line);
    }
    let mut wrapped = String::new();
    for (i, line) in lines.iter().enumerate() {
        let margin = if i == 0 { first } else { &indent };
        wrapped.push_str(format!("{margin}{line}").trim_end());
        wrapped.push('\n');
    }
    wrapped.truncate(wrapped.trim_end().len());
    wrapped
}

/// Where a line may be broken: after a space, and beside a letter of two columns, but not before
/// what closes, and not between two backticks: what is there may be typed.
fn pieces(text: &str) -> Vec<&str> {
    let mut pieces = Vec::new();
    let (mut start, mut code) = (0, false);
    let letters: Vec<(usize, char)> = text.char_indices().collect();
    for pair in letters.windows(2) {
        let ((_, before), (at, after)) = (pair[0], pair[1]);
        if before == '`' {
            code = !code && text[at..].contains('`');
        }
        let closes = "，。、；：？！）”》".contains(after) || after == ' ';
        let opens = "（“《".contains(before);
        let apart = before == ' ' || is_wide(before) || is_wide(after);
        if apart && !closes && !opens && !code {
            pieces.push(&text[start..at]);
            start = at;
        }
    }
    pieces.push(&text[start..]);
    pieces
}
