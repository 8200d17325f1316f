//! The desk at which the book's exercises are done: `cargo exercise`.
//!
//! ```text
//! cargo exercise                      how far am I, and what is next?
//! cargo exercise say_hello            is mine solved? If not: what was asked, expected, and came
//! cargo exercise say_hello --hint 2   a step further
//! cargo exercise --lang zh            用中文
//! ```
//!
//! An exercise is a file in `tests/exercises/`, which is there to be edited, one of the same name
//! in `solutions/`, a check of both in `checks/`, and its hints and the check's sentences in `texts/`,
//! a file for each language. Its task stands in its chapter, and the order of the chapters is the
//! order of the exercises. The desk compiles a learner's file with its check and runs them in a
//! process of their own (`program`), so that no mistake touches anything else.

mod book;
mod program;
mod words;

use book::{Exercise, exercises};
use program::{Outcome, Source};
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Duration;
use words::{Words, wrap};

/// How long a learner's code may take, where `--seconds` does not say.
const LIMIT: Duration = Duration::from_secs(5);
/// The same for a solution, which comes to an end on a machine that does ten other things, too.
const LIMIT_OF_A_SOLUTION: Duration = Duration::from_secs(60);

struct Desk {
    root: PathBuf,
    language: &'static str,
    limit: Duration,
    words: Words,
    exercises: Vec<Exercise>,
    /// Those that nothing checks.
    alone: Vec<Exercise>,
}

fn main() -> ExitCode {
    match run() {
        Ok(true) => ExitCode::SUCCESS,
        Ok(false) => ExitCode::FAILURE,
        Err(error) => {
            print_line(&wrap("", &error));
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<bool, String> {
    // Cargo says where the package is; a test says where a copy is.
    let root = std::env::var_os("CARGO_MANIFEST_DIR")
        .map_or_else(|| PathBuf::from(env!("CARGO_MANIFEST_DIR")), PathBuf::from);
    let mut arguments = std::env::args().skip(1);
    let (mut name, mut hint, mut language, mut flag) = (None, None, from_environment(), None);
    let (mut wrong, mut limit) = (None, LIMIT);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--hint" => hint = Some(arguments.next().unwrap_or_else(|| "1".into())),
            "--lang" => match arguments.next().as_deref() {
                Some("en") => language = "en",
                Some("zh") => language = "zh",
                other => wrong = Some(format!("--lang {}", other.unwrap_or_default())),
            },
            "--seconds" => match arguments.next().as_deref().map(str::parse) {
                Some(Ok(seconds @ 1..=3600)) => limit = Duration::from_secs(seconds),
                _ => wrong = Some(argument),
            },
            "--help" | "-h" | "--fresh" | "--solutions" => flag = Some(argument),
            _ if argument.starts_with('-') || name.is_some() => wrong = Some(argument),
            _ => name = Some(argument),
        }
    }
    let words = Words::read(&root.join(book::TEXTS).join(language), &["desk"])?;
    if let Some(argument) = wrong {
        return Err(words.say("wrong argument", &[&argument]) + "\n\n" + &usage(&words));
    }
    let (exercises, alone) = exercises(&root, language)?;
    let desk = Desk { root, language, limit, words, exercises, alone };
    match (flag.as_deref(), name) {
        (Some("--solutions"), _) => desk.check_solutions(),
        (Some("--fresh"), _) => desk.show_progress(true),
        (Some(_), _) => {
            print_line(&wrap("", &usage(&desk.words)));
            Ok(true)
        }
        (None, None) => desk.show_progress(false),
        (None, Some(name)) => {
            let at = desk.find(&name)?;
            match hint {
                Some(hint) => desk.print_hint(at, &hint),
                None => desk.check(at),
            }
        }
    }
}

fn usage(words: &Words) -> String {
    words.say("usage", &[]).replace('|', "\n")
}

/// The language of the terminal, as other programs find it out (POSIX, "Environment Variables").
fn from_environment() -> &'static str {
    let set =
        ["LC_ALL", "LC_MESSAGES", "LANG"].into_iter().filter_map(|name| std::env::var(name).ok());
    let first = set.into_iter().find(|value| !value.is_empty());
    if first.is_some_and(|value| value.starts_with("zh")) { "zh" } else { "en" }
}

/// To a reader who has left, there is nothing more to say.
fn print_line(line: &str) {
    if writeln!(std::io::stdout(), "{line}").is_err() {
        std::process::exit(1);
    }
}

impl Desk {
    fn print(&self, key: &str, values: &[&dyn std::fmt::Display]) {
        print_line(&wrap("", &self.words.say(key, values)));
    }

    /// Beside what is asked for, as cargo does it: who reads this through a pipe need not see it.
    fn say_that_it_takes_a_while(&self, key: &str, values: &[&dyn std::fmt::Display]) {
        eprintln!("{}", self.words.say(key, values));
    }

    /// The place of an exercise among all; whoever types its file finds it, too.
    fn find(&self, given: &str) -> Result<usize, String> {
        let name = Path::new(given).file_stem().map_or(given.into(), |stem| stem.to_string_lossy());
        if let Some(at) = self.exercises.iter().position(|exercise| exercise.name == name) {
            return Ok(at);
        }
        if let Some(exercise) = self.alone.iter().find(|exercise| exercise.name == name) {
            return Err(self.words.say("no check", &[&name, &exercise.chapter]));
        }
        let names: Vec<&str> = self.exercises.iter().map(|exercise| &*exercise.name).collect();
        Err(match nearest(&name, &names) {
            Some(near) => self.words.say("did you mean", &[&given, &near]),
            None => self.words.say("no exercise", &[&given]),
        })
    }

    fn chapter_line(&self, exercise: &Exercise) -> String {
        self.words.say("chapter", &[&exercise.title, &exercise.chapter])
    }

    fn check(&self, at: usize) -> Result<bool, String> {
        let exercise = &self.exercises[at];
        let name = &*exercise.name;
        self.require_file(exercise)?;
        self.words_of(name)?;
        self.say_that_it_takes_a_while("compiling", &[&name]);
        let built = match program::build(&self.root, Source::Yours, &[name], true) {
            Ok(built) => built,
            Err(errors) => {
                print_line(&format!("{errors}\n"));
                self.print("does not compile", &[&name, &name]);
                return Ok(false);
            }
        };
        let outcome = built.run(&self.root, self.language, name, self.limit, true);
        let told = match outcome {
            Outcome::Solved => {
                self.print("solved", &[&name]);
                self.print("another way", &[&name]);
                return Ok(self.print_next(at + 1));
            }
            Outcome::NotYet(told) => told,
            Outcome::NothingCame => {
                wrap("  ", &self.words.say("nothing came", &[&self.limit.as_secs()]))
            }
            Outcome::Died => wrap("  ", &self.words.say("ended", &[])),
        };
        print_line(&format!("{}\n", self.chapter_line(exercise)));
        print_line(&format!("{}\n", wrap("  ", &exercise.task)));
        self.print("not solved", &[&name]);
        print_line(&format!("\n{told}\n"));
        print_line(&self.words.say("what to do", &[&name, &name]).replace('|', "\n"));
        Ok(false)
    }

    /// What comes after this one; true, since it is always good news.
    fn print_next(&self, at: usize) -> bool {
        match self.exercises.get(at) {
            Some(next) => {
                self.print("next is", &[]);
                print_line(&format!("  cargo exercise {}", next.name));
                print_line(&format!("  {}", self.chapter_line(next)));
            }
            None => self.print("the last", &[]),
        }
        true
    }

    /// A file that is gone, with the one that may be it.
    fn require_file(&self, exercise: &Exercise) -> Result<(), String> {
        let file = exercise.file(&self.root);
        if file.is_file() {
            return Ok(());
        }
        let others: Vec<String> = program::stems(&self.root.join(book::FOLDER));
        let strangers: Vec<&str> = others
            .iter()
            .map(String::as_str)
            .filter(|other| self.exercises.iter().all(|exercise| exercise.name != *other))
            .collect();
        let gone = self.words.say("file is gone", &[&exercise.name, &exercise.name]);
        Err(match nearest(&exercise.name, &strangers) {
            Some(near) => gone + "\n" + &self.words.say("renamed", &[&near, &exercise.name]),
            None => gone,
        })
    }

    fn words_of(&self, name: &str) -> Result<Words, String> {
        let folder = self.root.join(book::TEXTS).join(self.language);
        Words::read(&folder, &[name]).map_err(|error| self.words.say("no hints", &[&name, &error]))
    }

    fn print_hint(&self, at: usize, number: &str) -> Result<bool, String> {
        let name = &*self.exercises[at].name;
        let words = self.words_of(name)?;
        let hints = words.hints();
        let hint = number.parse::<usize>().ok().and_then(|n| hints.get(n.checked_sub(1)?));
        let Some(hint) = hint else {
            return Err(self.words.say("no such hint", &[&name, &hints.len(), &number]));
        };
        print_line(&self.words.say("hint of", &[&name, &number, &hints.len()]));
        print_line(&wrap("  ", hint));
        Ok(true)
    }

    /// All of the learner's files, chapter by chapter, and the first that is not solved. With
    /// `fresh`, none may be: what is published has all its exercises before it.
    fn show_progress(&self, fresh: bool) -> Result<bool, String> {
        self.say_that_it_takes_a_while("compiling all", &[]);
        let verdicts = program::check_all(self, Source::Yours, self.limit);
        let mut chapter = "";
        for (exercise, verdict) in self.exercises.iter().zip(&verdicts) {
            if exercise.chapter != chapter {
                chapter = &exercise.chapter;
                let of_it = || {
                    let pairs = self.exercises.iter().zip(&verdicts);
                    pairs.filter(|(exercise, _)| exercise.chapter == chapter)
                };
                let solved = of_it().filter(|(_, verdict)| verdict.is_solved()).count();
                let count = format!("{solved}/{}", of_it().count());
                let room = words::COLUMNS - words::width(&exercise.title) - count.len();
                print_line(&format!("\n{}{}{count}", exercise.title, " ".repeat(room)));
            }
            let (tick, key) = verdict.mark();
            let remark = key.map_or_else(String::new, |key| self.words.say(key, &[]));
            print_line(format!("  {tick} {:<24}{remark}", exercise.name).trim_end());
        }
        let solved = verdicts.iter().filter(|verdict| verdict.is_solved()).count();
        print_line("");
        self.print("progress", &[&solved, &verdicts.len()]);
        if let Some(next) = verdicts.iter().position(|verdict| !verdict.is_solved()) {
            self.print_next(next);
        }
        if fresh && solved > 0 {
            self.print("not fresh", &[]);
        }
        Ok(!fresh || solved == 0)
    }

    fn check_solutions(&self) -> Result<bool, String> {
        let verdicts = program::check_all(self, Source::Solutions, LIMIT_OF_A_SOLUTION);
        for (exercise, verdict) in self.exercises.iter().zip(&verdicts) {
            if !verdict.is_solved() {
                print_line(&format!(
                    "solutions/{}.rs is no solution:\n{}\n",
                    exercise.name,
                    verdict.text()
                ));
            }
        }
        print_line(&format!(
            "{} solutions",
            verdicts.iter().filter(|verdict| verdict.is_solved()).count()
        ));
        Ok(verdicts.iter().all(program::Verdict::is_solved))
    }
}

/// The name that is nearest to a misspelt one, if any is near.
fn nearest<'a>(name: &str, names: &[&'a str]) -> Option<&'a str> {
    let distances = names.iter().map(|known| (distance(name, known), *known));
    let near = |known: &str| known.contains(name) || name.contains(known);
    let (distance, known) = distances.min_by_key(|(n, known)| (!near(known), *n))?;
    (near(known) || distance <= name.chars().count() / 3 + 1).then_some(known)
}

/// How many letters have to be put in, left out or changed (Levenshtein).
fn distance(a: &str, b: &str) -> usize {
    let b: Vec<char> = b.chars().collect();
    let mut row: Vec<usize> = (0..=b.len()).collect();
    for (i, letter) in a.chars().enumerate() {
        let mut corner = i;
        row[0] = i + 1;
        for (j, other) in b.iter().enumerate() {
            let changed = corner + usize::from(letter != *other);
            corner = row[j + 1];
            row[j + 1] = changed.min(row[j] + 1).min(corner + 1);
        }
    }
    row[b.len()]
}
