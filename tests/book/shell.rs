//! The commands of the book, run as its readers run them: by a shell, with the machine's own
//! `curl`, `nc`, `printf` and `od`.
//!
//! Only `cargo run` is replaced: by the program that this test was built with. A command whose tool
//! this machine lacks is left out, and the run says so; with `BOOK_COMPLETE=1` that is a fault.

use crate::process::{Output, Process};
use std::collections::BTreeMap;
use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};
use std::time::Duration;

/// How long anything may take before the book counts as wrong: only a fault reaches this.
pub const PATIENCE: Duration = Duration::from_secs(20);

/// A program of ours, or a shell with all that it has started, and what is on its screen; ended
/// with this value.
pub struct Running {
    process: Process,
    pub screen: Arc<Output>,
}

impl Running {
    /// Starts a process on a screen of its own.
    pub fn process(command: &mut Command) -> Running {
        // The book's lines are as wide as a terminal of which nothing is known. A group of its own:
        // what a shell has started ends with it.
        let command = command.env_remove("COLUMNS").process_group(0);
        let process = Process::start_on_one_screen(command);
        let process = process.unwrap_or_else(|error| panic!("{command:?}: {error}"));
        let screen = Arc::clone(&process.output);
        Running { process, screen }
    }

    /// Waits until enough has come, the command is over, or time is; returns the lines so far.
    pub fn wait(&self, mut enough: impl FnMut(&[String]) -> bool) -> Vec<String> {
        self.screen.wait_for(PATIENCE, |lines| enough(lines).then_some(()));
        self.screen.lines()
    }

    /// Starts a command that is no server. `programs` is where ours are, and `folder` is what the
    /// book calls `target/`: two chapters may write a file of one name.
    pub fn command(text: &str, programs: &Path, folder: &Path) -> Result<Running, String> {
        words(text)?;
        std::fs::create_dir_all(folder).map_err(|error| format!("{folder:?}: {error}"))?;
        let mut text = text.replace("target/", &format!("{}/", folder.display()));
        while let Some((before, after)) = text.split_once("cargo run --bin ") {
            let (name, flags) = after.split_once(' ').unwrap_or((after, ""));
            let flags = flags.strip_prefix("-- ").unwrap_or(flags);
            text = format!("{before}'{}' {flags}", programs.join(name).display());
        }
        let mut shell = Command::new("sh");
        // A proxy that the machine may have is none of the book's business.
        shell.args(["-c", &text]).env("no_proxy", "localhost");
        Ok(Running::process(shell.current_dir(crate::markdown::root())))
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        if !self.screen.has_ended() {
            // An error means that all have ended meanwhile.
            let group = format!("-{}", self.process.pid());
            let _ = Command::new("kill").args(["-9", "--", &group]).stderr(Stdio::null()).status();
        }
    }
}

/// The tools that were missing, each with the number of commands left out for it.
static LEFT_OUT: Mutex<BTreeMap<String, usize>> = Mutex::new(BTreeMap::new());

/// Whether this machine lacks a tool that the command needs. It is then counted as left out.
pub fn leave_out(text: &str) -> bool {
    let Ok(words) = words(text) else { return false };
    let path = std::env::var_os("PATH").unwrap_or_default();
    let here = |tool: &str| std::env::split_paths(&path).any(|folder| folder.join(tool).is_file());
    let mut tools = words.split(|word| word == "|").filter_map(|part| part.first());
    let missing = tools.find(|tool| *tool != "cargo" && !here(tool));
    if let Some(tool) = missing {
        *LEFT_OUT.lock().unwrap().entry(tool.clone()).or_default() += 1;
    }
    missing.is_some()
}

/// Says what was left out, past the test's own capture of what is printed: a run that has not run
/// all must not look like one that has.
pub fn say_what_was_left_out() {
    let left_out = LEFT_OUT.lock().unwrap();
    for (tool, commands) in left_out.iter() {
        let line = format!("book: {commands} commands left out: this machine has no {tool}\n");
        let _ = io::stderr().write_all(line.as_bytes());
    }
    let complete = std::env::var_os("BOOK_COMPLETE").is_some();
    assert!(!complete || left_out.is_empty(), "with BOOK_COMPLETE nothing may be left out");
}

/// A command line as words: quotes of both kinds, and `|` as a word of its own.
pub fn words(text: &str) -> Result<Vec<String>, String> {
    let mut words = Vec::new();
    let mut word: Option<String> = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match c {
            '\'' | '"' => {
                let inner: String = chars.by_ref().take_while(|&inner| inner != c).collect();
                if c == '"' && inner.contains(['$', '`', '\\']) {
                    return Err(format!("double quotes around {inner}: use single ones"));
                }
                word.get_or_insert_default().push_str(&inner);
            }
            ' ' => words.extend(word.take()),
            '|' | '>' => {
                words.extend(word.take());
                words.push(c.into());
            }
            '$' | '`' | '&' | ';' | '<' | '*' | '?' | '(' | ')' | '\\' => {
                return Err(format!("a bare {c} means something to a shell"));
            }
            c => word.get_or_insert_default().push(c),
        }
    }
    words.extend(word);
    Ok(words)
}

#[test]
fn a_command_line_is_cut_into_words_as_a_shell_would() {
    let cut = words("curl -H 'A: b c' http://localhost:8080/x | nc \"a b\"").unwrap();
    assert_eq!(cut, ["curl", "-H", "A: b c", "http://localhost:8080/x", "|", "nc", "a b"]);
    for refused in ["curl http://localhost/?a=1&b=2", "rm -rf *", "echo $HOME", "a; b"] {
        assert!(words(refused).is_err(), "{refused}");
    }
}

#[test]
fn a_program_is_found_in_a_folder_with_spaces() {
    let folder = crate::markdown::root().join("target/book");
    std::fs::create_dir_all(&folder).unwrap();
    let place = folder.join("a place with spaces");
    // It may be there from the last time.
    let _ = std::os::unix::fs::symlink("/bin", &place);
    let ran = Running::command("cargo run --bin echo -- 'all is well'", &place, &folder).unwrap();
    assert_eq!(ran.wait(|_| false), ["all is well"]);
}

#[test]
fn a_command_without_its_tool_is_left_out_and_counted() {
    assert!(leave_out("printf x | no-such-tool -v"));
    assert!(!leave_out("cargo run --bin client | sh"));
    assert_eq!(LEFT_OUT.lock().unwrap().remove("no-such-tool"), Some(1));
}
