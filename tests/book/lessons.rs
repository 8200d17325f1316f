//! A lesson is a chapter, a program, a page and a row in the README, all of one name.

use crate::markdown::{Document, Stale, markdown_in, root};
use crate::outputs::{default_of, usage_of};
use std::fs;

/// Chapters that have no program of their own.
const NOT_LESSONS: &[&str] = &["http"];
/// Lessons that have no page, because they speak in the terminal alone: two calculate and end, the
/// third takes the page's place.
const NO_PAGE: &[&str] = &["accept_key", "claims", "client"];

/// The stems of the chapters, `polling` for `docs/02-polling.md`, with their paths.
fn chapters() -> Vec<(String, String)> {
    let numbered = |path: String| {
        let stem = path.strip_prefix("docs/")?.strip_suffix(".md")?;
        let (number, stem) = stem.split_once('-')?;
        number.bytes().all(|byte| byte.is_ascii_digit()).then(|| (stem.to_owned(), path.clone()))
    };
    markdown_in("docs").into_iter().filter_map(numbered).collect()
}

pub fn check() -> Vec<Stale> {
    let readme = Document::read("README.md");
    let mut stale = Vec::new();
    for (stem, chapter) in chapters() {
        let document = Document::read(&chapter);
        if !readme
            .lines
            .iter()
            .any(|line| line.starts_with('|') && line.contains(&format!("]({chapter})")))
        {
            stale.push(readme.stale(0, format!("no row of the table leads to {chapter}")));
        }
        if NOT_LESSONS.contains(&stem.as_str()) {
            continue;
        }
        if !root().join(format!("src/bin/{stem}.rs")).exists() {
            stale.push(document.stale(0, format!("there is no src/bin/{stem}.rs")));
        }
        if NO_PAGE.contains(&stem.as_str()) {
            continue;
        }
        let page = format!("pages/{stem}.html");
        match fs::read_to_string(root().join(&page)) {
            Ok(text) if !text.contains(&chapter) => {
                stale.push(document.stale(0, format!("{page} names another chapter")))
            }
            Ok(_) => {}
            Err(error) => stale.push(document.stale(0, format!("{page}: {error}"))),
        }
    }
    stale.extend(wrong_ports(&readme));
    stale
}

/// Rows of the README that begin with a program name the ports it has.
fn wrong_ports(readme: &Document) -> Vec<Stale> {
    let mut stale = Vec::new();
    for (n, line) in readme.prose() {
        let Some(name) = line.strip_prefix("| `").and_then(|rest| rest.split('`').next()) else {
            continue;
        };
        let Some(usage) = usage_of(name) else {
            stale.push(readme.stale(n, format!("there is no program {name}")));
            continue;
        };
        for flag in ["--port", "--page-port"] {
            if let Some(port) =
                default_of(flag, &usage).filter(|port| !line.contains(&port.to_string()))
            {
                stale.push(readme.stale(n, format!("{name} has {flag} {port}")));
            }
        }
    }
    stale
}
