//! The house rules that a compiler does not know: what belongs to a lesson, what may import what,
//! what we depend on.

#![allow(clippy::unwrap_used)] // A test that panics has found something.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};

/// The programs without a page, and why.
const NO_PAGE: [(&str, &str); 3] = [
    ("accept_key", "it computes one value and prints it"),
    ("client", "it is the other end: it reads what the other lessons send"),
    ("claims", "it measures the others and prints a table"),
];

/// The chapters without a program of their own, and why.
const NO_PROGRAM: [(&str, &str); 1] = [("many_machines", "it is about several hubs")];

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(file: impl AsRef<Path>) -> String {
    let file = root().join(file);
    std::fs::read_to_string(&file).unwrap_or_else(|error| panic!("{}: {error}", file.display()))
}

/// The files below a folder whose names end so, in order, as paths from the root of the package.
fn files(folder: &str, ending: &str) -> Vec<PathBuf> {
    let mut files = Vec::new();
    let mut folders = vec![root().join(folder)];
    while let Some(folder) = folders.pop() {
        let entries =
            folder.read_dir().unwrap_or_else(|error| panic!("{}: {error}", folder.display()));
        for path in entries.map(|entry| entry.unwrap().path()) {
            if path.is_dir() {
                folders.push(path);
            } else if path.to_str().unwrap().ends_with(ending) {
                files.push(path.strip_prefix(root()).unwrap().to_owned());
            }
        }
    }
    files.sort();
    files
}

fn stem(path: &Path) -> &str {
    path.file_stem().unwrap().to_str().unwrap()
}

/// The programs: each a file in `src/bin`, or a folder with a `main.rs`.
fn programs() -> Vec<String> {
    let entries = root().join("src/bin").read_dir().unwrap();
    let mut names: Vec<_> = entries.map(|entry| stem(&entry.unwrap().path()).to_owned()).collect();
    names.sort();
    names
}

/// Where a program begins.
fn main_file(program: &str) -> String {
    let file = format!("src/bin/{program}.rs");
    if root().join(&file).is_file() { file } else { format!("src/bin/{program}/main.rs") }
}

/// The code of a file: no comments, and no tests, which may look at anything.
fn code(file: &Path) -> String {
    let text = read(file);
    let text = text.split("#[cfg(test)]\nmod tests {").next().unwrap_or_default();
    text.lines()
        .filter(|line| !line.trim_start().starts_with("//"))
        .map(|line| format!("{line}\n"))
        .collect()
}

/// Whether a file is a module's own tests, which may look at anything.
fn is_test(file: &Path) -> bool {
    stem(file).ends_with("tests") || file.components().any(|part| part.as_os_str() == "tests")
}

/// Every name that follows `prefix` in the code: of `crate::feed` and `crate::{json, wire}`, after
/// `crate::`, all three.
fn named_after(prefix: &str, code: &str) -> Vec<String> {
    let name = |text: &str| {
        text.chars().take_while(|c| c.is_alphanumeric() || *c == '_').collect::<String>()
    };
    let names = |rest: &str| match rest.strip_prefix('{') {
        None => vec![name(rest)],
        Some(list) => {
            let (mut depth, mut names, mut at_start) = (1, Vec::new(), true);
            for (i, c) in list.char_indices() {
                match c {
                    '{' => depth += 1,
                    '}' => depth -= 1,
                    ',' => at_start = true,
                    c if depth == 1 && at_start && !c.is_whitespace() => {
                        names.push(name(&list[i..]));
                        at_start = false;
                    }
                    _ => {}
                }
                if depth == 0 {
                    break;
                }
            }
            names
        }
    };
    code.split(prefix).skip(1).flat_map(names).filter(|name| !name.is_empty()).collect()
}

#[test]
fn names_are_found_however_they_are_imported() {
    let code = "use crate::feed::{Feed, Id};\nuse crate::{json, wire::{self, Tap},\n    pages};\nlet x = crate::clock::now();";
    assert_eq!(named_after("crate::", code), ["feed", "json", "wire", "pages", "clock"]);
}

#[test]
fn every_test_runs() {
    let (manifest, together) = (read("Cargo.toml"), read("tests/together.rs"));
    for file in root().join("tests").read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let name = stem(&file);
        let alone = format!("[[test]]\nname = \"{name}\"\n");
        assert!(
            file.is_dir()
                || manifest.contains(&alone)
                || together.contains(&format!("\nmod {name};\n")),
            "{name} is neither a module of tests/together.rs nor a [[test]] of Cargo.toml"
        );
    }
}

#[test]
fn every_lesson_has_its_page_and_its_test() {
    let programs = programs();
    assert!(programs.len() >= 5);
    for program in &programs {
        let without = NO_PAGE.iter().find(|(name, _)| name == program);
        let has = root().join(format!("pages/{program}.html")).is_file();
        assert_eq!(
            has,
            without.is_none(),
            "pages/{program}.html; without a page are only {NO_PAGE:?}"
        );
        assert!(
            root().join(format!("tests/{program}.rs")).is_file(),
            "tests/{program}.rs is missing"
        );
        assert!(root().join(main_file(program)).is_file(), "{} is missing", main_file(program));
    }
    for page in files("pages", ".html") {
        assert!(
            programs.iter().any(|program| program == stem(&page)),
            "no program serves {}",
            page.display()
        );
    }
}

#[test]
fn every_lesson_has_its_chapter_and_chapters_are_numbered_without_a_hole() {
    let mut numbers = BTreeMap::new();
    let programs = programs();
    for chapter in root().join("docs").read_dir().unwrap().map(|entry| entry.unwrap().path()) {
        let numbered = stem(&chapter)
            .split_once('-')
            .and_then(|(number, name)| Some((number.parse::<usize>().ok()?, name)));
        let Some((number, name)) =
            numbered.filter(|_| chapter.extension().is_some_and(|ending| ending == "md"))
        else {
            continue;
        };
        assert_eq!(
            numbers.insert(number, name.to_owned()),
            None,
            "two chapters are number {number}"
        );
        let known = programs.iter().any(|program| program == name)
            || NO_PROGRAM.iter().any(|(chapter, _)| *chapter == name);
        assert!(known, "{}: there is no such program", chapter.display());
    }
    assert!(numbers.keys().copied().eq(1..=numbers.len()), "{numbers:?}");
    for program in &programs {
        assert_eq!(
            numbers.values().filter(|name| *name == program).count(),
            1,
            "the chapter of {program} is missing"
        );
    }
}

#[test]
fn no_lesson_imports_another() {
    for file in files("src/bin", ".rs") {
        let in_folder = file.components().count() > 3;
        let roots: &[&str] = if in_folder { &["crate::", "super::"] } else { &["super::*"] };
        // The modules of a folder are named by its `main.rs`, and imported by that name there.
        let modules = named_after("\nmod ", &code(&file));
        let (code, file) = (code(&file), file.display());
        for line in code.lines().map(str::trim_start) {
            let imports = line.strip_prefix("pub ").unwrap_or(line).strip_prefix("use ");
            let fine = |path: &str| {
                let own = modules.iter().any(|module| path.starts_with(&format!("{module}::")));
                let roots_of_all = ["push_by_hand::", "std::", "base64::", "sha1_smol::", "self::"];
                let roots = roots_of_all.iter().chain(roots);
                own || roots.into_iter().any(|root| path.starts_with(root))
            };
            assert!(
                imports.is_none_or(fine),
                "{file} stands on std, the library and what that stands on: {line}"
            );
            let module = line.starts_with("mod ") && !line.starts_with("mod tests {");
            assert!(!module || in_folder, "{file} is one file: {line}");
            assert!(!line.contains("#[path") && !line.contains("include!("), "{file}: {line}");
        }
    }
}

/// The one file that may be long, so that it can be laid beside the Node program that it mirrors.
fn is_mirror(file: &Path) -> bool {
    stem(file) == "raw_websocket"
}

#[test]
fn no_file_is_longer_than_350_lines_and_none_of_a_program_longer_than_300() {
    for file in files("src", ".rs") {
        let lines = read(&file).lines().count();
        let most = if file.starts_with("src/bin") { 300 } else { 350 };
        assert!(lines <= most || is_mirror(&file), "{}: {lines} lines", file.display());
    }
}

#[test]
fn no_line_is_wider_than_100_columns() {
    for file in files("src", ".rs") {
        for (number, line) in read(&file).lines().enumerate() {
            let width = line.chars().count();
            let place = format!("{}:{}", file.display(), number + 1);
            assert!(width <= 100, "{place} has {width} columns");
        }
    }
}

/// The files whose longest function is a table: a row for each rule of a protocol.
const TABLES: [&str; 2] = ["src/http/error.rs", "src/websocket/error.rs"];

/// The functions in code that is formatted, by their first lines, with how many lines they have.
fn functions(code: &str) -> Vec<(&str, usize)> {
    let lines: Vec<_> = code.lines().collect();
    let mut functions = Vec::new();
    for (at, line) in lines.iter().enumerate() {
        let first = line.trim_start();
        let begins = ["", "pub ", "pub(super) ", "pub(crate) "].iter().any(|public| {
            let rest = first.strip_prefix(public).unwrap_or_default();
            rest.starts_with("fn ") || rest.starts_with("const fn ")
        });
        if begins && !first.ends_with(['}', ';']) {
            let end = format!("{}}}", &line[..line.len() - first.len()]);
            let length = lines[at..].iter().position(|other| *other == end).unwrap() + 1;
            functions.push((first, length));
        }
    }
    functions
}

#[test]
fn functions_are_found_and_counted() {
    let code = "fn one() {}\nimpl A {\n    pub const fn two(\n        x: u8,\n    ) -> u8 {\n        \
                x\n    }\n}\nlet x = fn_of(3);\nfn three() {\n}\n";
    assert_eq!(functions(code), [("pub const fn two(", 5), ("fn three() {", 2)]);
}

#[test]
fn no_function_has_more_than_50_lines_of_code() {
    let mut seen = 0;
    for file in files("src", ".rs").into_iter().filter(|file| !is_test(file)) {
        let is_table = TABLES.iter().any(|table| file == Path::new(table));
        for (function, length) in functions(&code(&file)) {
            seen += 1;
            let fine = length <= 50 || is_mirror(&file) || is_table;
            assert!(fine, "{}: {length} lines: {function}", file.display());
        }
    }
    assert!(seen > 500, "{seen}");
}

/// The modules in their reading order, from the table on the library's front page.
fn reading_order() -> Vec<String> {
    let row = |line: &str| Some(line.strip_prefix("//! | [`")?.split_once("`]")?.0.to_owned());
    read("src/lib.rs").lines().filter_map(row).collect()
}

#[test]
fn the_front_page_lists_every_module_once() {
    let code = code(Path::new("src/lib.rs"));
    let mut declared: Vec<_> =
        code.lines().filter_map(|line| line.strip_prefix("pub mod ")?.strip_suffix(';')).collect();
    declared.sort_unstable();
    let mut listed = reading_order();
    listed.sort();
    assert_eq!(listed, declared);
}

#[test]
fn a_module_imports_only_those_before_it() {
    let order = reading_order();
    let place = |name: &str| order.iter().position(|module| module == name);
    let mut imports = 0;
    for file in files("src", ".rs") {
        let module =
            file.components().nth(1).unwrap().as_os_str().to_str().unwrap().trim_end_matches(".rs");
        if ["lib", "bin"].contains(&module) || is_test(&file) {
            continue;
        }
        let own =
            place(module).unwrap_or_else(|| panic!("{} is not on the front page", file.display()));
        for import in named_after("crate::", &code(&file)) {
            let other = place(&import)
                .unwrap_or_else(|| panic!("{} names crate::{import}", file.display()));
            assert!(
                other <= own,
                "{} imports {import}, which comes after {module}",
                file.display()
            );
            imports += 1;
        }
    }
    assert!(imports > 10, "{imports}");
}

/// The files of a folder, each with its siblings whose names it uses: directly, or by way of what
/// `mod.rs` exports. `mod.rs` itself exports what it likes, and is asked only for what it defines.
fn uses_within(folder: &Path) -> BTreeMap<String, BTreeSet<String>> {
    let files = files(folder.to_str().unwrap(), ".rs");
    let files: Vec<_> =
        files.iter().filter(|file| file.parent() == Some(folder) && !is_test(file)).collect();
    let names: Vec<_> = files.iter().map(|file| stem(file)).collect();
    let front = code(&folder.join("mod.rs"));
    let exported = |name: &str| {
        names.iter().copied().find(|file| {
            let from = format!("use {file}::");
            let lists = front.split(&from).skip(1);
            let mut lists = lists.filter_map(|rest| rest.split(';').next());
            lists.any(|list| {
                list.split(|c: char| !c.is_alphanumeric() && c != '_').any(|part| part == name)
            })
        })
    };
    let mut uses = BTreeMap::new();
    for file in &files {
        let (own, mut code) = (stem(file), code(file));
        let mut used: Vec<String> = named_after("super::", &code);
        used.extend(named_after(&format!("crate::{}::", stem(folder)), &code));
        if own == "mod" {
            code = code.lines().filter(|line| !line.contains("use ")).collect();
            used.extend(
                names
                    .iter()
                    .filter(|name| code.contains(&format!("{name}::")))
                    .map(|name| (*name).to_owned()),
            );
        }
        let siblings = used.iter().map(|name| {
            names
                .iter()
                .copied()
                .find(|file| file == name)
                .or_else(|| exported(name))
                .unwrap_or("mod")
        });
        uses.insert(
            own.to_owned(),
            siblings.filter(|other| *other != own).map(str::to_owned).collect(),
        );
    }
    uses
}

#[test]
fn within_a_folder_no_file_uses_one_that_uses_it() {
    let mut seen = 0;
    for folder in files("src", "mod.rs").iter().filter_map(|file| file.parent()) {
        let mut uses = uses_within(folder);
        seen += uses.values().map(BTreeSet::len).sum::<usize>();
        // What uses nothing that is left can be read next. What is never left alone is a circle.
        while let Some(next) = uses
            .iter()
            .find(|(_, used)| used.iter().all(|other| !uses.contains_key(other)))
            .map(|(file, _)| file.clone())
        {
            uses.remove(&next);
        }
        assert!(uses.is_empty(), "a circle in {}: {uses:?}", folder.display());
    }
    assert!(seen > 20, "{seen}");
}

#[test]
fn what_is_only_a_format_knows_no_socket() {
    for file in [
        "src/feed.rs",
        "src/event_stream.rs",
        "src/websocket/frame.rs",
        "src/json.rs",
        "src/clock.rs",
    ] {
        let code = code(Path::new(file));
        for socket in ["std::net", "TcpStream", "connection::", "server::"] {
            assert!(!code.contains(socket), "{file} names {socket}");
        }
    }
}

#[test]
fn http_knows_nothing_of_what_it_carries() {
    for file in files("src/http", ".rs") {
        for import in named_after("crate::", &code(&file)) {
            let allowed = ["http", "connection", "clock"].contains(&import.as_str());
            assert!(
                allowed || file.starts_with("src/http/tests"),
                "{} imports {import}",
                file.display()
            );
        }
    }
}

#[test]
fn no_module_is_a_drawer_for_odds_and_ends() {
    for file in files("src", ".rs") {
        for part in file.iter().map(|part| part.to_str().unwrap().trim_end_matches(".rs")) {
            assert!(
                !["util", "utils", "common", "helpers", "misc"].contains(&part),
                "{}",
                file.display()
            );
        }
    }
}

/// The sections of a manifest, each with the keys in it.
fn manifest() -> BTreeMap<String, Vec<String>> {
    let mut sections = BTreeMap::new();
    let mut section = String::new();
    for line in read("Cargo.toml")
        .lines()
        .map(str::trim)
        .filter(|line| !line.is_empty() && !line.starts_with('#'))
    {
        if let Some(name) = line.strip_prefix('[') {
            section = name.trim_end_matches(']').to_owned();
            sections.entry(section.clone()).or_insert_with(Vec::new);
        } else if let Some((key, _)) = line.split_once('=') {
            sections.entry(section.clone()).or_insert_with(Vec::new).push(key.trim().to_owned());
        }
    }
    sections
}

#[test]
fn there_are_two_dependencies_and_no_more() {
    let manifest = manifest();
    assert_eq!(manifest["dependencies"], ["base64", "sha1_smol"]);
    for section in manifest.keys().filter(|section| section.as_str() != "dependencies") {
        let other = section.contains("dependencies")
            || ["features", "workspace", "patch", "replace"].iter().any(|s| section.starts_with(s));
        assert!(!other, "[{section}]");
    }
    // Nor do they bring others with them.
    let lock = read("Cargo.lock");
    let names: Vec<_> =
        lock.lines().filter_map(|line| line.strip_prefix("name = \"")?.strip_suffix('"')).collect();
    assert_eq!(names, ["base64", "push-by-hand", "sha1_smol"]);
}

#[test]
fn unsafe_code_is_forbidden_and_not_only_frowned_upon() {
    assert!(read("Cargo.toml").contains("\nunsafe_code = \"forbid\"\n"));
}

#[test]
fn no_page_takes_for_html_what_came_from_a_server_or_loads_anything_from_elsewhere() {
    for file in files("pages", "") {
        let text = read(&file);
        for what in [
            "innerHTML",
            "outerHTML =",
            "insertAdjacentHTML",
            "document.write",
            "eval(",
            "new Function",
            "src=\"http",
            "href=\"http",
            "src=\"//",
            "href=\"//",
            "@import",
            "url(http",
            "from 'http",
            "from \"http",
        ] {
            assert!(!text.contains(what), "{} says {what}", file.display());
        }
        // An `iframe` is not void: closed as if it were, it swallows the rest of the page.
        for frame in text.split("<iframe").skip(1) {
            assert!(
                !frame.split('>').next().unwrap_or_default().ends_with('/')
                    && frame.contains("</iframe>"),
                "{}",
                file.display()
            );
        }
    }
}
