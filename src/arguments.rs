//! The command line of every program: its flags, read in one way, and the usage that lists them.
//!
//! Needs `terminal` alone. A program says what it takes in a table; what it does not take is an
//! error that names the nearest flag and shows the usage.

use crate::terminal::{print, visible};
use std::fmt::Display;
use std::io::{self, Write};
use std::process;
use std::str::FromStr;

/// What a program takes.
pub struct Usage {
    /// Its name.
    pub name: &'static str,
    /// What it does, in a sentence.
    pub about: &'static str,
    /// How it is started, behind `cargo run`: `--bin client -- [flags] URL`.
    pub synopsis: String,
    /// Each flag with the name of its value, if it takes one (`--port N`), and what it means. A row
    /// that does not begin with a hyphen is no flag, and only shown.
    pub flags: Vec<(&'static str, String)>,
    /// How many arguments it takes beside flags, at most.
    pub operands: usize,
}

/// What a command line said.
#[derive(Clone, Debug)]
pub struct Arguments {
    flags: Vec<(&'static str, String)>,
    /// What is no flag.
    pub operands: Vec<String>,
}

impl Usage {
    /// Reads this process's command line. `--help` prints the usage and ends the program; so does,
    /// with an error, whatever makes no sense.
    pub fn read(&self) -> Arguments {
        let words = std::env::args_os().skip(1).map(|word| word.to_string_lossy().into_owned());
        match self.parse(words) {
            Ok(Some(arguments)) => arguments,
            Ok(None) => {
                print(&self.to_text());
                process::exit(0)
            }
            Err(error) => self.fail(&error),
        }
    }

    /// Ends the program with an error and the usage.
    pub fn fail(&self, error: &str) -> ! {
        // Nobody is left to tell if standard error is closed.
        let _ = write!(io::stderr(), "{error}\n\n{}", self.to_text());
        process::exit(2)
    }

    /// `None` is `--help`.
    ///
    /// # Errors
    /// A flag that it does not know, one without its value or with one it does not take, an
    /// argument too many.
    pub fn parse(
        &self,
        mut words: impl Iterator<Item = String>,
    ) -> Result<Option<Arguments>, String> {
        let mut arguments = Arguments { flags: Vec::new(), operands: Vec::new() };
        while let Some(word) = words.next() {
            let (flag, attached) = match word.split_once('=') {
                Some((flag, value)) if flag.starts_with('-') => (flag, Some(value.to_owned())),
                _ => (word.as_str(), None),
            };
            if ["--help", "-h"].contains(&flag) {
                return Ok(None);
            }
            let is_operand = !word.starts_with('-') && arguments.operands.len() < self.operands;
            match self.known().find(|(known, _)| *known == flag) {
                _ if is_operand => arguments.operands.push(word),
                None => return Err(self.unknown(flag, &word)),
                Some((known, true)) => {
                    let value = attached.or_else(|| words.next());
                    let value = value.ok_or(format!("{known} expects a value; came nothing"))?;
                    arguments.flags.push((known, value));
                }
                Some((known, false)) if attached.is_none() => {
                    arguments.flags.push((known, String::new()));
                }
                Some(_) => {
                    return Err(format!("{flag} takes no value; came \"{}\"", visible(&word)));
                }
            }
        }
        Ok(Some(arguments))
    }

    /// Each flag, and whether it takes a value.
    fn known(&self) -> impl Iterator<Item = (&'static str, bool)> {
        self.flags
            .iter()
            .filter(|(flag, _)| flag.starts_with('-'))
            .map(|(flag, _)| flag.split_once(' ').map_or((*flag, false), |(flag, _)| (flag, true)))
    }

    fn unknown(&self, flag: &str, word: &str) -> String {
        let nearest = self.known().map(|(known, _)| (distance(flag, known), known)).min();
        let nearest = nearest.filter(|(distance, _)| *distance <= 3);
        let meant = nearest.map_or(String::new(), |(_, known)| format!("; is it {known}?"));
        format!("{} does not know \"{}\"{meant}", self.name, visible(word))
    }

    fn to_text(&self) -> String {
        let Usage { name, about, synopsis, .. } = self;
        let mut text = format!("{name}: {about}\n\nUsage: cargo run {synopsis}\n\n");
        let help = ("--help", "show this".to_owned());
        let widest = self.flags.iter().map(|(flag, _)| flag.len()).max().unwrap_or(0).max(18);
        for (flag, meaning) in self.flags.iter().chain([&help]) {
            text.push_str(&format!("  {flag:<widest$} {meaning}\n"));
        }
        text
    }
}

impl Arguments {
    /// Whether a flag was given.
    pub fn has(&self, flag: &str) -> bool {
        self.all(flag).next().is_some()
    }

    /// The values of a flag that may be repeated.
    pub fn all(&self, flag: &str) -> impl Iterator<Item = &str> {
        self.flags.iter().filter(move |(given, _)| *given == flag).map(|(_, value)| value.as_str())
    }

    /// The last value of a flag, as a number in the range of its type.
    ///
    /// # Errors
    /// It is no such number.
    pub fn number<N>(&self, flag: &str, default: N) -> Result<N, String>
    where
        N: FromStr<Err: Display>,
    {
        let Some(text) = self.all(flag).last() else { return Ok(default) };
        let wrong = |error| format!("{flag} expects a number; came \"{}\": {error}", visible(text));
        text.parse().map_err(wrong)
    }
}

/// How many letters must be added, dropped or changed to make one word the other (Levenshtein).
fn distance(one: &str, other: &str) -> usize {
    let mut row: Vec<usize> = (0..=other.len()).collect();
    for (i, a) in one.bytes().enumerate() {
        let mut diagonal = std::mem::replace(&mut row[0], i + 1);
        for (j, b) in other.bytes().enumerate() {
            let changed = diagonal + usize::from(a != b);
            diagonal = row[j + 1];
            row[j + 1] = changed.min(diagonal + 1).min(row[j] + 1);
        }
    }
    row[other.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Arguments>, String> {
        let usage = Usage {
            name: "client",
            about: "",
            synopsis: String::new(),
            flags: vec![("URL", "".into()), ("--port N", "".into()), ("--wire", "".into())],
            operands: 1,
        };
        usage.parse(line.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn a_flag_and_its_value_may_be_two_words_or_one() {
        for line in ["--port 7 --wire ws://x/?a=b", "ws://x/?a=b --port=7 --wire"] {
            let arguments = parse(line).unwrap().unwrap();
            assert_eq!(arguments.number("--port", 0), Ok(7), "{line}");
            assert_eq!((arguments.has("--wire"), arguments.has("URL")), (true, false), "{line}");
            assert_eq!(arguments.operands, ["ws://x/?a=b"], "{line}");
        }
        assert!(parse("--wire --help --no-such-flag").unwrap().is_none());
    }

    #[test]
    fn what_makes_no_sense_is_an_error_that_names_it_and_what_was_meant() {
        for (line, expected) in [
            ("--prot 1", "client does not know \"--prot\"; is it --port?"),
            ("--wiree", "client does not know \"--wiree\"; is it --wire?"),
            ("--after 1", "client does not know \"--after\""),
            ("--port", "--port expects a value; came nothing"),
            ("--wire=1", "--wire takes no value; came \"--wire=1\""),
            ("a b", "client does not know \"b\""),
            ("--\u{1b}[2J", "client does not know \"--\\x1b[2J\""),
        ] {
            assert_eq!(parse(line).unwrap_err(), expected);
        }
    }

    #[test]
    fn a_distance_counts_letters() {
        for (one, other, letters) in
            [("--wire", "--wire", 0), ("--wrie", "--wire", 2), ("--port", "--page-port", 5)]
        {
            assert_eq!((distance(one, other), distance(other, one)), (letters, letters));
        }
    }
}
