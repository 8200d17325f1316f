//! A lesson is a row in the README, with its chapter and its ports. What else belongs to a lesson is
//! tested in `tests/house.rs`.

use crate::markdown::{Document, Stale, markdown_in};
use crate::outputs::{default_of, usage_of};

/// The chapters: `docs/02-polling.md`.
fn chapters() -> impl Iterator<Item = String> {
    let is_numbered = |path: &String| {
        let number = path.strip_prefix("docs/").and_then(|path| path.split_once('-'));
        number.is_some_and(|(number, _)| number.bytes().all(|byte| byte.is_ascii_digit()))
    };
    markdown_in("docs").into_iter().filter(is_numbered)
}

pub fn check() -> Vec<Stale> {
    let readme = Document::read("README.md");
    let mut stale = wrong_ports(&readme);
    for chapter in chapters() {
        let leads =
            |line: &String| line.starts_with('|') && line.contains(&format!("]({chapter})"));
        if !readme.lines.iter().any(leads) {
            stale.push(readme.stale(0, format!("no row of the table leads to {chapter}")));
        }
    }
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
