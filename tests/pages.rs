//! What is said on the pages: in two languages, from one table each, and nowhere else.

use std::collections::{BTreeMap, BTreeSet};
use std::fs;
use std::path::Path;

const LANGUAGES: [&str; 2] = ["en", "zh"];

fn pages() -> &'static Path {
    Path::new(concat!(env!("CARGO_MANIFEST_DIR"), "/pages"))
}

fn read(file: &str) -> String {
    fs::read_to_string(pages().join(file)).unwrap_or_else(|error| panic!("{file}: {error}"))
}

/// The names of the files with this ending.
fn files(ending: &str) -> Vec<String> {
    let names = pages().read_dir().unwrap().map(|entry| entry.unwrap().file_name());
    let names = names.map(|name| name.into_string().unwrap());
    let mut names: Vec<_> = names.filter(|name| name.ends_with(ending)).collect();
    names.sort();
    names
}

/// The pages that stand on the shared scripts. That of chapter 1 is all that its server can send, so
/// it has its script, its look and its two languages in itself.
fn htmls() -> Vec<String> {
    files(".html").into_iter().filter(|file| file != "http.html").collect()
}

/// A table of texts, read as `words.js` reads it; a key that stands there twice is an error.
fn table(language: &str) -> BTreeMap<String, String> {
    let mut table = BTreeMap::new();
    let mut key = String::new();
    for line in read(&format!("words.{language}.txt")).lines() {
        if let Some(more) = line.strip_prefix("  ") {
            let text: &mut String = table.get_mut(&key).expect("a first line before its second");
            text.push_str(more);
        } else if !line.is_empty() && !line.starts_with('#') {
            let (name, text) = line.split_once(": ").unwrap_or_else(|| panic!("no key: {line}"));
            key = name.to_owned();
            let before = table.insert(key.clone(), text.to_owned());
            assert_eq!(before, None, "{language}: {key} stands there twice");
        }
    }
    assert!(table.len() > 300, "{language}: {} texts", table.len());
    table
}

/// What stands between `open` and `close`, each time.
fn between<'a>(text: &'a str, open: &str, close: char) -> Vec<&'a str> {
    text.split(open).skip(1).filter_map(|rest| rest.split(close).next()).collect()
}

/// The places for values in a text.
fn places(text: &str) -> BTreeSet<&str> {
    between(text, "{", '}').into_iter().collect()
}

#[test]
fn neither_language_lacks_a_text_or_a_value_in_it() {
    let [english, chinese] = LANGUAGES.map(table);
    let keys = |table: &BTreeMap<String, String>| table.keys().cloned().collect::<BTreeSet<_>>();
    let lacking: Vec<_> = keys(&english).symmetric_difference(&keys(&chinese)).cloned().collect();
    assert!(lacking.is_empty(), "in one language only: {lacking:?}");
    for (key, text) in &english {
        assert_eq!(places(text), places(&chinese[key]), "{key}: the values differ");
    }
}

#[test]
fn the_chinese_texts_are_chinese() {
    let chinese = table("zh");
    // Proper names, and the button that leads back to English.
    let alike = [
        "language",
        "hub.lever",
        "hub.spoken",
        "name.events",
        "name.ws",
        "event_source.title",
        "websocket.title",
    ];
    for (key, text) in &chinese {
        let exempt = alike.iter().any(|name| key.ends_with(name));
        let has_chinese = text.chars().any(|c| ('\u{4e00}'..='\u{9fff}').contains(&c));
        assert!(has_chinese || exempt, "{key}: {text}");
    }
}

/// The keys that a page and its scripts ask for, each as the beginning of a key: what is put
/// together from parts ends where its first value stands.
fn asked(text: &str) -> Vec<&str> {
    let mut keys = Vec::new();
    for attribute in ["data-say=\"", "data-label=\"", "data-legend=\""] {
        keys.extend(between(text, attribute, '"'));
    }
    for call in ["say(", "fill(", "has(", "post(", "head(say(", "lever(", "label("] {
        for arguments in text.split(call).skip(1) {
            let arguments = &arguments[..arguments.find(";\n").unwrap_or(arguments.len())];
            for quote in ['\'', '`'] {
                keys.extend(arguments.split(quote).skip(1).step_by(2));
            }
        }
    }
    keys.extend(between(text, "['foot.", '\'').iter().map(|_| "foot."));
    keys.into_iter().map(|key| key.split("${").next().unwrap_or_default()).collect()
}

/// The files that together make up a page: its own, and those that all share.
fn sources(lesson: &str) -> String {
    let mut text = read(&format!("{lesson}.html"));
    for script in files(".js") {
        if !script.starts_with("hub") || lesson == "hub" {
            text.push_str(&read(&script));
        }
    }
    text
}

fn lessons() -> Vec<String> {
    htmls().iter().map(|file| file.trim_end_matches(".html").to_owned()).collect()
}

#[test]
fn every_text_that_a_page_names_is_in_the_table() {
    let table = table("en");
    for lesson in lessons() {
        let text = read(&format!("{lesson}.html"));
        let mut keys = Vec::new();
        for attribute in ["data-say=\"", "data-label=\"", "data-legend=\""] {
            keys.extend(between(&text, attribute, '"'));
        }
        let scripts = sources(&lesson);
        keys.extend(between(&scripts, " say('", '\''));
        keys.extend(between(&scripts, "(say('", '\''));
        keys.extend(["title", "idea"]);
        assert!(keys.len() > 20, "{lesson}: {keys:?}");
        for key in keys {
            let found = table.contains_key(&format!("{lesson}.{key}")) || table.contains_key(key);
            assert!(found, "{lesson}: no text {key:?}");
        }
    }
}

/// Code within a text is an element of its own, which only `fill` makes.
#[test]
fn no_text_with_code_in_it_is_said_as_plain_text() {
    for (key, text) in table("en").iter().filter(|(_, text)| text.contains('`')) {
        for lesson in lessons() {
            let name = key.strip_prefix(&format!("{lesson}.")).unwrap_or(key);
            let said = format!(" say('{name}'");
            let found = sources(&lesson).contains(&said) && key.starts_with(&lesson);
            assert!(!found, "{key}: {text}");
        }
    }
}

#[test]
fn every_text_in_the_table_is_used() {
    let lessons = lessons();
    let all: Vec<_> = lessons.iter().map(|lesson| (lesson, sources(lesson))).collect();
    let asked: Vec<_> = all.iter().map(|(lesson, text)| (lesson, asked(text))).collect();
    for key in table("en").keys() {
        let (of, name) = match key.split_once('.') {
            Some((lesson, name)) if lessons.iter().any(|each| each == lesson) => {
                (Some(lesson), name)
            }
            _ => (None, key.as_str()),
        };
        let used = asked
            .iter()
            .filter(|(lesson, _)| of.is_none_or(|of| lesson.as_str() == of))
            .flat_map(|(_, keys)| keys)
            .any(|part| *part == name || (part.ends_with('.') && name.starts_with(*part)));
        assert!(used || ["title", "idea"].contains(&name), "nobody says {key}");
    }
}

/// The text of a page without its scripts, tags, comments and code.
fn visible(page: &str) -> String {
    // An input may begin with text that holds a tag.
    let mut text = page.replace("<b>hello</b>", "");
    for (open, close) in [
        ("<script", "</script>"),
        ("<title>", "</title>"),
        ("<code>", "</code>"),
        ("<!--", "-->"),
        ("<", ">"),
    ] {
        while let Some(from) = text.find(open) {
            let to = text[from..].find(close).map_or(text.len(), |at| from + at + close.len());
            text.replace_range(from..to, "");
        }
    }
    text
}

#[test]
fn no_page_says_anything_beside_the_tables() {
    for file in htmls() {
        let visible = visible(&read(&file));
        for word in visible.split_whitespace() {
            // Durations on buttons, a dash where there is nothing yet, a method call.
            let fine = word.chars().all(|c| "0123456789.:–-s()".contains(c))
                || ["close()", "abort()"].contains(&word);
            assert!(fine, "{file} says {word:?}");
        }
    }
}

/// A template without what is put into it.
fn without_values(template: &str) -> String {
    let mut parts = template.split("${");
    let first = parts.next().unwrap_or_default().to_owned();
    parts.fold(first, |text, part| text + part.split_once('}').map_or("", |(_, rest)| rest))
}

/// Two words side by side in a string of a script: somebody is meant to read that.
#[test]
fn no_script_says_anything_beside_the_tables() {
    let fine = [
        "text/plain; charset", // a field value
        "gzip, deflate",
        "clock words",  // classes
        "not copied",   // an error that is caught where it is thrown
        "message body", // the server's names for the parts of a crossing
        "chunk data",
        "last chunk",
        "payload length",
        "longer length",
        "push by hand",
    ];
    for file in files(".js").into_iter().chain(htmls()) {
        let text = read(&file);
        let script = if file.ends_with(".html") {
            text.split("<script type=\"module\">").nth(1).unwrap_or_default()
        } else {
            &text
        };
        for line in script.lines() {
            let line = line.split("// ").next().unwrap_or_default();
            let strings =
                ['\'', '`'].iter().flat_map(|quote| line.split(*quote).skip(1).step_by(2));
            for string in strings.map(without_values) {
                let is_word = |word: &&str| {
                    word.len() > 3 && word.chars().all(|c| c.is_ascii_lowercase() || c == ',')
                };
                let words = string.split(' ').filter(is_word).count();
                // Keys and lists of classes are said to `say`, `fill` and `element`.
                let is_key = ["say(", "element(", "post(", "class:", "curve(", "['foot", "fill("]
                    .iter()
                    .any(|call| line.contains(call));
                assert!(
                    words < 2 || is_key || fine.iter().any(|each| string.contains(each)),
                    "{file} says {string:?}"
                );
            }
        }
    }
}

#[test]
fn the_page_of_chapter_1_says_everything_in_chinese_too() {
    let page = read("http.html");
    let chinese = page.split("zh: {").nth(1).and_then(|rest| rest.split("\n  }").next()).unwrap();
    let said: BTreeSet<_> = between(&page, "data-say=\"", '"').into_iter().collect();
    assert!(said.len() > 8, "{said:?}");
    for key in said {
        assert!(chinese.contains(&format!(" {key}: '")), "{key}");
    }
    let list = read("chapters.js");
    let of = between(&list, "'", '\'').into_iter().step_by(2).count();
    for count in [format!("Chapter 1 of {of}<"), format!("'第 1 章，共 {of} 章'")] {
        assert!(page.contains(&count), "{count}");
    }
}

#[test]
fn pages_count_their_chapters_as_the_book_does() {
    let list = read("chapters.js");
    let ours = between(&list, "'", '\'');
    let ours: Vec<_> = ours.into_iter().step_by(2).collect();
    for folder in ["docs", "docs/zh"] {
        let mut book = BTreeMap::new();
        let folder = pages().parent().unwrap().join(folder);
        for file in folder.read_dir().unwrap().map(|entry| entry.unwrap().file_name()) {
            let file = file.into_string().unwrap();
            let numbered = file.strip_suffix(".md").and_then(|name| name.split_once('-'));
            let Some((number, name)) = numbered else { continue };
            if let Ok(number) = number.parse::<usize>() {
                book.insert(number, name.to_owned());
            }
        }
        assert_eq!(book.into_values().collect::<Vec<_>>(), ours, "{}", folder.display());
    }
}

#[test]
fn every_page_names_its_lesson_and_a_program_that_exists() {
    for lesson in lessons() {
        let text = read(&format!("{lesson}.html"));
        assert_eq!(between(&text, "data-lesson=\"", '"'), [lesson.as_str()]);
        let program = between(&text, "data-program=\"", '"');
        let program = program.first().map_or(format!("src/bin/{lesson}.rs"), |path| (*path).into());
        assert!(pages().parent().unwrap().join(&program).is_file(), "{lesson}: {program}");
    }
}

#[test]
fn no_page_is_wider_than_the_code() {
    for file in ["html", "js", "css", "txt"].iter().flat_map(|ending| files(ending)) {
        for (at, line) in read(&file).lines().enumerate() {
            // A Chinese character is two columns wide.
            let wide = |c: char| if c >= '\u{2e80}' { 2 } else { 1 };
            let width: usize = line.chars().map(wide).sum();
            assert!(width <= 100, "{file}:{}: {width} columns", at + 1);
        }
    }
}
