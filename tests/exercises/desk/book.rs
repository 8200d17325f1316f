//! Which exercises there are, in which order, and with which tasks: the chapters say it.

use crate::words::CODE;
use std::path::{Path, PathBuf};

pub const FOLDER: &str = "tests/exercises";
pub const TEXTS: &str = "tests/exercises/texts";
/// The exercise after the last chapter has a page of its own.
const LAST: &str = "the-last-exercise.md";

pub struct Exercise {
    pub name: String,
    /// The chapter's file, as seen from the root.
    pub chapter: String,
    pub title: String,
    /// The chapter's paragraphs about it, without their marks.
    pub task: String,
}

impl Exercise {
    pub fn file(&self, root: &Path) -> PathBuf {
        root.join(FOLDER).join(format!("{}.rs", self.name))
    }
}

/// The exercises in the order of the book, and then those without a check, which are for the reader
/// alone to judge. A chapter names them, `**say_hello.** Answer …`.
pub fn exercises(root: &Path, language: &str) -> Result<(Vec<Exercise>, Vec<Exercise>), String> {
    let folder = if language == "en" { "docs".to_owned() } else { format!("docs/{language}") };
    let failed = |error: std::io::Error| format!("{folder}: {error}");
    let mut chapters: Vec<String> = root
        .join(&folder)
        .read_dir()
        .map_err(failed)?
        .filter_map(|entry| entry.ok()?.file_name().into_string().ok())
        .filter(|name| name.ends_with(".md"))
        .filter(|name| name == LAST || name.starts_with(|c: char| c.is_ascii_digit()))
        .collect();
    chapters.sort();
    let (mut checked, mut alone) = (Vec::new(), Vec::new());
    for chapter in chapters {
        let path = format!("{folder}/{chapter}");
        let text = std::fs::read_to_string(root.join(&path)).map_err(failed)?;
        let title = text.lines().find_map(|line| line.strip_prefix("# ")).unwrap_or(&chapter);
        for (name, task) in tasks(&text) {
            let check = root.join(FOLDER).join("checks").join(format!("{name}.rs"));
            let of_its_kind = if check.is_file() { &mut checked } else { &mut alone };
            let (chapter, title) = (path.clone(), title.to_owned());
            of_its_kind.push(Exercise { name, chapter, title, task: plain(&task) });
        }
    }
    Ok((checked, alone))
}

/// The names in bold at the beginning of a line, each with what follows up to the next one.
fn tasks(chapter: &str) -> Vec<(String, String)> {
    let mut tasks: Vec<(String, String)> = Vec::new();
    let mut open = false;
    for line in chapter.lines() {
        if let Some((name, rest)) = line.strip_prefix("**").and_then(|line| line.split_once(".**"))
            && name.chars().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '_')
        {
            tasks.push((name.to_owned(), rest.trim().to_owned()));
            open = true;
        } else if line.starts_with("## ") || line == "---" {
            open = false;
        } else if let (true, Some((_, task))) = (open, tasks.last_mut()) {
            task.push('\n');
            task.push_str(line);
        }
    }
    tasks
}

/// Markdown as a terminal shows it: a paragraph is a line, and so is what has a number; code is
/// indented, a link is its text.
fn plain(task: &str) -> String {
    let (mut text, mut code) = (String::new(), false);
    for line in task.trim_end().lines() {
        if line.starts_with("```") {
            code = !code;
            text.push('\n');
        } else if code {
            text.push_str(CODE);
            text.push_str(line);
            text.push('\n');
        } else if line.is_empty() {
            text.push_str("\n\n");
        } else {
            let joins = !text.is_empty() && !text.ends_with('\n');
            let item = line.split_once(". ").is_some_and(|(number, _)| is_number(number));
            text.push_str(if !joins {
                ""
            } else if item {
                "\n"
            } else {
                " "
            });
            text.push_str(line.trim_start());
        }
    }
    while text.contains("\n\n\n") {
        text = text.replace("\n\n\n", "\n\n");
    }
    without_links(&text)
}

fn is_number(text: &str) -> bool {
    !text.is_empty() && text.chars().all(|c| c.is_ascii_digit())
}

fn without_links(text: &str) -> String {
    let mut plain = String::new();
    let mut rest = text;
    while let Some((before, after)) = rest.split_once("](") {
        let Some((label, target)) = before.rsplit_once('[').zip(after.split_once(')')) else {
            break;
        };
        plain.push_str(label.0);
        plain.push_str(label.1);
        rest = target.1;
    }
    plain + rest
}
