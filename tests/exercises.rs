//! The exercises: each has all its parts in both languages, each solution is one, and the desk has
//! words for whatever a learner may break.

#[path = "exercises/desk/words.rs"]
#[allow(dead_code)]
mod words;

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;
use words::{CODE, COLUMNS, Words, width, wrap};

const DESK: &str = env!("CARGO_BIN_EXE_exercise");

fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

fn read(path: &str) -> String {
    fs::read_to_string(root().join(path)).unwrap_or_else(|error| panic!("{path}: {error}"))
}

/// The names of the exercises: the checks have them.
fn names() -> BTreeSet<String> {
    stems("tests/exercises/checks").into_iter().filter(|name| name != "mod").collect()
}

fn stems(folder: &str) -> BTreeSet<String> {
    let paths = root().join(folder).read_dir().unwrap().map(|entry| entry.unwrap().path());
    let files = paths.filter(|path| path.is_file());
    files.map(|path| path.file_stem().unwrap().to_str().unwrap().to_owned()).collect()
}

/// The names in bold that begin the paragraphs of the chapters, in order.
fn named_in(folder: &str) -> Vec<String> {
    let chapters = stems(folder).into_iter().filter(|stem| {
        stem.starts_with(|c: char| c.is_ascii_digit()) || stem == "the-last-exercise"
    });
    let mut named = Vec::new();
    for chapter in chapters {
        for line in read(&format!("{folder}/{chapter}.md")).lines() {
            let name = line.strip_prefix("**").and_then(|line| line.split_once(".**"));
            named.extend(name.map(|(name, _)| name.to_owned()));
        }
    }
    named.retain(|name| names().contains(name));
    named
}

/// A copy of everything that a learner can break, which goes when the test is over.
struct Copy(PathBuf);

impl Copy {
    fn new(name: &str) -> Copy {
        let copy = Copy(std::env::temp_dir().join(format!("练习 {name} {}", std::process::id())));
        for folder in ["docs", "docs/zh", "tests/support", "tests/exercises"] {
            copy_files(folder, &copy.0);
        }
        for folder in ["checks", "desk", "solutions", "texts/en", "texts/zh"] {
            copy_files(&format!("tests/exercises/{folder}"), &copy.0);
        }
        copy
    }

    fn file(&self, name: &str) -> PathBuf {
        self.0.join("tests/exercises").join(format!("{name}.rs"))
    }

    /// Leaves only these exercises: the desk knows those that have a check.
    fn keep(&self, kept: &[&str]) {
        for name in names().iter().filter(|name| !kept.contains(&name.as_str())) {
            fs::remove_file(self.0.join(format!("tests/exercises/checks/{name}.rs"))).unwrap();
        }
    }

    fn write(&self, name: &str, text: &str) {
        fs::write(self.file(name), text).unwrap();
    }

    fn desk(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new(DESK)
            .args(arguments)
            .env("CARGO_MANIFEST_DIR", &self.0)
            .env("LC_ALL", "C")
            .output()
            .unwrap();
        let text = String::from_utf8(output.stdout).unwrap();
        // What the compiler says is as wide as it is.
        let own = if text.contains("error: ") { "" } else { &*text };
        // Nor is code broken, which somebody may want to paste.
        for line in own.lines().filter(|line| !line.starts_with(&["  ", CODE].concat())) {
            assert!(width(line) <= COLUMNS, "{} columns: {line}", width(line));
        }
        (output.status.success(), text)
    }

    /// The desk fails, and says this.
    fn fails(&self, arguments: &[&str], said: &[&str]) -> String {
        let (solved, text) = self.desk(arguments);
        assert!(!solved, "{arguments:?} succeeded: {text}");
        for said in said {
            // Lines are broken where they would be too long.
            let joined = text.split_whitespace().collect::<Vec<_>>().join(" ");
            assert!(joined.contains(said), "expected {said:?}; came: {text}");
        }
        text
    }
}

impl Drop for Copy {
    fn drop(&mut self) {
        fs::remove_dir_all(&self.0).unwrap();
    }
}

fn copy_files(folder: &str, to: &Path) {
    fs::create_dir_all(to.join(folder)).unwrap();
    for entry in root().join(folder).read_dir().unwrap() {
        let path = entry.unwrap().path();
        if path.is_file() {
            fs::copy(&path, to.join(folder).join(path.file_name().unwrap())).unwrap();
        }
    }
}

#[test]
fn every_solution_is_one() {
    let (solved, text) = Copy::new("solutions").desk(&["--solutions"]);
    assert!(solved, "{text}");
    assert!(text.contains(&format!("{} solutions", names().len())), "{text}");
}

#[test]
fn every_exercise_has_its_file_its_solution_and_its_place_in_the_chapters() {
    let names = names();
    assert!(names.len() > 30);
    let named = named_in("docs");
    assert_eq!(named, named_in("docs/zh"), "the order of the two books");
    assert_eq!(named.iter().cloned().collect::<BTreeSet<_>>(), names, "named in docs/");
    assert_eq!(stems("tests/exercises/solutions"), names);
    for name in names {
        let file = root().join(format!("tests/exercises/{name}.rs"));
        assert!(file.is_file(), "{} is missing", file.display());
    }
}

#[test]
fn no_language_lacks_a_sentence_and_none_is_left_over() {
    let keys = |language: &str, name: &str| -> Vec<(String, usize)> {
        let text = read(&format!("tests/exercises/texts/{language}/{name}.txt"));
        let lines = text.lines().filter(|line| !line.starts_with(' '));
        let keys = lines.filter_map(|line| line.split_once(" = ")).map(|(key, _)| key.to_owned());
        let folder = root().join("tests/exercises/texts").join(language);
        let words = Words::read(&folder, &[name]).unwrap();
        keys.map(|key| {
            let holes = words.get(&key).unwrap().matches("{}").count();
            (key, holes)
        })
        .collect()
    };
    let mut expected = names();
    expected.insert("desk".into());
    for language in ["en", "zh"] {
        assert_eq!(stems(&format!("tests/exercises/texts/{language}")), expected, "{language}");
    }
    let shared = keys("en", "desk");
    for name in &expected {
        let english = keys("en", name);
        assert_eq!(english, keys("zh", name), "the sentences of {name} in the two languages");
        if name == "desk" {
            continue;
        }
        let hints = english.iter().filter(|(key, _)| key.starts_with("hint ")).count();
        assert!((2..=3).contains(&hints), "{name} has {hints} hints; expected two or three");
        let check = read(&format!("tests/exercises/checks/{name}.rs"));
        for (key, _) in english.iter().filter(|(key, _)| !key.starts_with("hint ")) {
            assert!(check.contains(&format!("\"{key}\"")), "{name} never says {key:?}");
        }
        for said in check.split("say(\"").skip(1) {
            let key = said.split('"').next().unwrap();
            let is_there = english.iter().chain(&shared).any(|(there, _)| there == key);
            assert!(is_there, "{name} says {key:?}, which stands in no text");
        }
        // Or it would say its own sentence where the desk means the one of all.
        let both = english.iter().find(|(key, _)| shared.iter().any(|(other, _)| other == key));
        assert_eq!(both, None, "a sentence of {name} has the key of one for all");
    }
}

#[test]
fn every_file_that_a_hint_names_exists() {
    for language in ["en", "zh"] {
        for name in names() {
            let text = read(&format!("tests/exercises/texts/{language}/{name}.txt"));
            let is_end = |c: char| !(c.is_ascii_alphanumeric() || "/_.".contains(c));
            for rest in text.split("src/").skip(1) {
                let path = rest.split(is_end).next().unwrap().trim_end_matches('.');
                assert!(root().join("src").join(path).exists(), "{name}: there is no src/{path}");
            }
        }
    }
}

#[test]
fn a_loop_without_an_end_is_given_up() {
    let copy = Copy::new("loop");
    copy.write("mask_by_hand", "pub fn mask(_: &mut [u8], _: [u8; 4], _: usize) { loop {} }\n");
    copy.fails(&["mask_by_hand", "--seconds", "1"], &["came before came nothing in 1 s"]);
}

#[test]
fn a_server_that_never_answers_is_given_up() {
    let copy = Copy::new("silence");
    copy.write(
        "shout",
        "use push_by_hand::websocket::{Error, WebSocket};\n\
         pub fn shout(socket: &mut WebSocket<'_>) -> Result<(), Error> {\n\
             while socket.receive()?.is_some() {}\n    Ok(())\n}\n",
    );
    copy.fails(&["shout", "--seconds", "5"], &["the answer to \"hello\" came no answer in 3 s"]);
}

#[test]
fn what_ends_the_process_is_told_what_was_asked() {
    let copy = Copy::new("end");
    for end in ["exit(0)", "exit(1)", "abort()"] {
        let file = format!("pub fn header(_: u8, _: u64) -> Vec<u8> {{ std::process::{end} }}\n");
        copy.write("frame_header", &file);
        let said = "a Text frame of 0 bytes came the program ended before its check did";
        copy.fails(&["frame_header"], &[said]);
    }
}

#[test]
fn a_panic_is_shown_with_its_line() {
    let copy = Copy::new("panic");
    copy.write("frame_header", "pub fn header(_: u8, _: u64) -> Vec<u8> {\n    todo!()\n}\n");
    copy.fails(
        &["frame_header"],
        &["tests/exercises/frame_header.rs, line 2: not yet implemented"],
    );
}

#[test]
fn what_does_not_compile_says_so_for_itself_and_blocks_nothing_else() {
    let copy = Copy::new("broken");
    copy.keep(&["weekday", "say_hello", "two_pages", "gather", "frame_header"]);
    copy.write("weekday", "pub fn answer( {\n");
    copy.write("say_hello", "pub fn answer() -> u8 { 1 }\n");
    fs::copy(root().join("tests/exercises/solutions/gather.rs"), copy.file("gather")).unwrap();
    fs::remove_file(copy.file("two_pages")).unwrap();
    let (_, text) = copy.desk(&["--seconds", "30"]);
    for line in [
        "✗ weekday                 does not compile",
        "✗ say_hello               does not compile",
        "✗ two_pages               the file is gone",
        "✓ gather",
        "· frame_header",
    ] {
        assert!(text.contains(line), "expected {line:?}; came: {text}");
    }
    assert!(text.contains("1 of 5 solved"), "{text}");
    copy.fails(&["weekday"], &["tests/exercises/weekday.rs:1:", "weekday does not compile yet"]);
    copy.fails(&["say_hello"], &["error", "say_hello does not compile yet"]);
}

#[test]
fn a_name_that_is_nearly_one_is_put_right() {
    let copy = Copy::new("names");
    copy.fails(&["say_helo"], &["There is no exercise say_helo. Did you mean say_hello?"]);
    copy.fails(&["hello"], &["Did you mean say_hello?"]);
    copy.fails(&["你好"], &["There is no exercise 你好."]);
    copy.fails(&["say_hello", "--hint", "9"], &["has hints 1 to 3; asked for was 9"]);
    copy.fails(&["--hnit"], &["came --hnit", "Usage"]);
    fs::rename(copy.file("shout"), copy.file("shuot")).unwrap();
    copy.fails(&["shout"], &["tests/exercises/shout.rs is gone.", "tests/exercises/shuot.rs?"]);
    fs::remove_file(copy.0.join("tests/exercises/texts/en/weekday.txt")).unwrap();
    copy.fails(&["weekday", "--hint", "1"], &["weekday has no hints"]);
}

#[test]
fn an_exercise_without_a_check_is_said_to_have_none() {
    let copy = Copy::new("alone");
    copy.fails(&["the_seventh_tab"], &["Nothing checks the_seventh_tab", "docs/12-hub.md"]);
    copy.fails(&["your_browser", "--lang", "zh"], &["your_browser 没有检查程序"]);
}

#[test]
fn what_has_a_number_in_a_task_begins_a_line() {
    let copy = Copy::new("numbers");
    let text = copy.fails(&["a_chat", "--seconds", "5"], &[]);
    for begin in ["\n  1. `/chat?after=N` begins", "\n  2. `Chat::open` gets", "\n  3. The power"] {
        assert!(text.contains(begin), "{begin:?} in {text}");
    }
    // A number that begins a line by chance does not.
    let text = copy.fails(&["back_off"], &["30 s in the end. Half of that is certain"]);
    assert!(!text.contains("\n  30 s in the end"), "{text}");
}

#[test]
fn a_rule_that_stands_in_two_sections_may_be_named_by_either() {
    let copy = Copy::new("sections");
    let solution = read("tests/exercises/solutions/which_is_wrong.rs");
    let others = [("§5.5\"", "§5.4\""), ("§5.6", "§8.1"), ("§10.4", "§7.4.1")];
    let other = others.iter().fold(solution, |text, (ours, other)| text.replace(ours, other));
    copy.write("which_is_wrong", &other);
    let (solved, text) = copy.desk(&["which_is_wrong", "--seconds", "30"]);
    assert!(solved, "{text}");
    copy.write("which_is_wrong", &other.replace("§8.1", "§5.4"));
    copy.fails(&["which_is_wrong", "--seconds", "30"], &["(\"§5.4\", 1007)"]);
}

/// The last byte of the log is not all that may be lost.
#[test]
fn a_chat_that_forgets_or_stumbles_over_half_a_length_is_none() {
    let copy = Copy::new("chat");
    let solution = read("tests/exercises/solutions/a_chat.rs");
    let cut = "log.set_len((bytes.len() - left).try_into().map_err(io::Error::other)?)?;";
    copy.write("a_chat", &solution.replace(cut, ""));
    let text = copy.fails(&["a_chat", "--seconds", "30"], &["the same after one more restart"]);
    assert!(text.len() < 3000, "too much to read: {text}");
    let stumbles = format!("assert_ne!(left, 1);\n        {cut}");
    copy.write("a_chat", &solution.replace(cut, &stumbles));
    copy.fails(&["a_chat", "--seconds", "30"], &["a panic in tests/exercises/a_chat.rs"]);
    copy.write(
        "a_chat",
        &solution.replace("said.log.write_all(&websocket::text_frame(&text))?;", ""),
    );
    copy.fails(
        &["a_chat", "--seconds", "30"],
        &["what is heard from the beginning after a restart"],
    );
}

#[test]
fn a_command_in_a_text_is_not_broken() {
    let command = "`curl -s -H 'A: b c' http://localhost:7070/`";
    let text = format!("{} {command} 再试一次{command}，一个 ` 什么也不是。", "word ".repeat(10));
    let wrapped = wrap("  ", &text);
    assert_eq!(wrapped.matches(command).count(), 2, "{wrapped}");
    assert!(wrapped.lines().all(|line| width(line) <= COLUMNS), "{wrapped}");
}

#[test]
fn the_help_names_every_option_and_shows_examples() {
    let copy = Copy::new("help");
    for language in ["en", "zh"] {
        let (well, help) = copy.desk(&["--help", "--lang", language]);
        let options = ["--hint N", "--seconds N", "--lang", "--solutions", "--fresh", "--help"];
        for wanted in options.iter().chain(&["\n    cargo exercise say_hello --hint 2  "]) {
            assert!(well && help.contains(wanted), "{wanted:?} in {help}");
        }
    }
}

#[test]
fn a_wrong_prediction_does_not_bring_the_answer() {
    let copy = Copy::new("prediction");
    copy.write("predict_the_chunk", "pub const SIZE_LINE: Option<&str> = Some(\"14\");\n");
    let text = copy.fails(&["predict_the_chunk"], &["predicted \"14\"", "something else"]);
    assert!(!text.contains("7d") && !text.contains("7D"), "{text}");
}

#[test]
fn the_desk_speaks_chinese_where_the_terminal_does() {
    let copy = Copy::new("languages");
    copy.fails(&["shout", "--lang", "zh"], &["shout 还没有做对", "应为", "实际"]);
    let (_, text) = copy.desk(&["shout", "--hint", "3", "--lang", "zh"]);
    assert!(text.contains("提示 3"), "{text}");
    let output = Command::new(DESK).arg("nothing_like_it").env("LC_ALL", "zh_CN.UTF-8").output();
    let text = String::from_utf8(output.unwrap().stdout).unwrap();
    assert!(text.contains("没有叫 nothing_like_it 的练习"), "{text}");
}
