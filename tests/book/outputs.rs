//! What the book says a command prints, it prints.
//!
//! A `console` block holds commands behind `$ ` and below each what it prints. They are run in the
//! order of the chapter. A line that is only `…` stands for any lines; at the end, for the command
//! being stopped there. Within a line it stands for anything. What else may differ is named in a
//! comment before the block (see `patterns`).
//!
//! A reader has several terminals, and so has the book: `console server` is the one in which `cargo
//! run` goes on, and any other second word names another one. A block without a command shows what
//! has come there since.
//!
//! The programs are started on ports of the test's own, with as many digits as the book's, so that
//! every count of bytes is right.

use crate::markdown::{Block, Document, Stale, root};
use crate::patterns::{blur, is_known, runs};
use crate::shell::{Running, leave_out, words};
use std::collections::BTreeMap;
use std::net::TcpListener;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::sync::atomic::{AtomicU16, Ordering};
use std::time::Duration;

/// One command and what the book says of it.
struct Step<'a> {
    /// Its line in the block, counted from 0; the output begins after it.
    command: Option<String>,
    /// Which lines of the block are its output.
    output: std::ops::Range<usize>,
    block: &'a Block,
}

/// The terminals of one chapter.
#[derive(Default)]
struct Session {
    /// What runs in each terminal, and how many of its lines the book has already shown.
    terminals: BTreeMap<String, (Running, usize)>,
    /// The book's ports and the real ones.
    ports: Vec<(u16, u16)>,
    /// The runs named in the book and the real ones.
    runs: BTreeMap<String, String>,
    /// A command was left out since the server began: what it would have led to is not looked for.
    left_out: bool,
    /// Where the book's `target/` is.
    folder: PathBuf,
}

/// The name of the terminal in which a server goes on.
const SERVER: &str = "server";
/// The port of the steps of chapter 1.
const EXAMPLE_PORT: u16 = 7070;
/// For the refresh alone, which has nothing to compare with: so long without a line is the end.
const SILENCE: Duration = Duration::from_millis(700);
/// Our programs that are no servers: they run in any terminal, beside one.
const NO_SERVERS: &[&str] = &["accept_key", "client"];

/// What is wrong with the outputs of a document.
pub fn check(document: &Document) -> Vec<Stale> {
    let name = document.path.replace(['/', '.'], "-");
    let folder = Path::new("target/book").join(name);
    let mut session = Session { folder, ..Session::default() };
    let mut stale = Vec::new();
    for block in document.blocks().iter().filter(|block| terminal_of(block).is_some()) {
        if let Some(unknown) = block.varies.iter().find(|name| !is_known(name)) {
            stale.push(
                document
                    .stale(block.start, format!("nobody knows what \"{unknown}\" is that varies")),
            );
            continue;
        }
        let mut lines = Vec::new();
        let mut problems = Vec::new();
        for step in steps(block) {
            let (now, problem) = session.perform(&step);
            let from = if step.command.is_some() {
                step.output.start - step.command_lines()
            } else {
                step.output.start
            };
            lines.extend_from_slice(&block.lines[from..step.output.start]);
            lines.extend(now);
            problems.extend(problem);
        }
        if !problems.is_empty() {
            let mut problem = document.stale(block.start, problems.join("; "));
            problem.mended = (lines != block.lines).then(|| (block.clone(), lines));
            stale.push(problem);
        }
    }
    stale
}

/// How many commands and outputs a document shows.
pub fn count(document: &Document) -> usize {
    document
        .blocks()
        .iter()
        .filter(|block| terminal_of(block).is_some())
        .map(|block| steps(block).len())
        .sum()
}

/// The name of the terminal that a block shows: empty for the one in which commands come and go.
fn terminal_of(block: &Block) -> Option<&str> {
    let mut words = block.info.split_whitespace();
    words.next().filter(|&word| word == "console")?;
    Some(words.next().unwrap_or(""))
}

fn steps(block: &Block) -> Vec<Step<'_>> {
    let mut steps: Vec<Step<'_>> = Vec::new();
    let mut n = 0;
    while n < block.lines.len() {
        if let Some(command) = block.lines[n].strip_prefix("$ ") {
            let mut command = command.to_owned();
            while let Some(part) = command.strip_suffix('\\') {
                n += 1;
                command = format!("{part}{}", block.lines[n].trim_start());
            }
            steps.push(Step { command: Some(command), output: n + 1..n + 1, block });
        } else if let Some(step) = steps.last_mut() {
            step.output.end = n + 1;
        } else {
            steps.push(Step { command: None, output: n..n + 1, block });
        }
        n += 1;
    }
    steps
}

impl Step<'_> {
    fn expected(&self) -> &[String] {
        &self.block.lines[self.output.clone()]
    }

    /// How many lines the command itself takes up.
    fn command_lines(&self) -> usize {
        let mut first = self.output.start - 1;
        while !self.block.lines[first].starts_with("$ ") {
            first -= 1;
        }
        self.output.start - first
    }
}

impl Session {
    /// Runs one step. Returns the output as it should stand in the book, and what is wrong with
    /// what stands there.
    fn perform(&mut self, step: &Step<'_>) -> (Vec<String>, Option<String>) {
        let mut terminal = terminal_of(step.block).unwrap_or_default().to_owned();
        let missing = step.command.as_deref().map(leave_out);
        self.left_out |= missing == Some(true);
        if missing.unwrap_or(self.left_out) {
            return (step.expected().to_vec(), None);
        }
        if let Some(command) = &step.command {
            let started = match command.strip_prefix("cargo run") {
                Some(arguments)
                    if !NO_SERVERS
                        .iter()
                        .any(|name| arguments.starts_with(&format!(" --bin {name}"))) =>
                {
                    if terminal.is_empty() {
                        terminal = SERVER.into();
                    }
                    self.start(&terminal, arguments)
                }
                _ => Running::command(&self.to_real(command), programs(), &self.folder),
            };
            match started {
                Ok(running) => self.terminals.insert(terminal.clone(), (running, 0)),
                Err(problem) => {
                    return (step.expected().to_vec(), Some(format!("`{command}`: {problem}")));
                }
            };
        }
        let Some((running, shown)) = self.terminals.get(&terminal) else {
            return (
                step.expected().to_vec(),
                Some(format!("nothing runs in the terminal \"{terminal}\"")),
            );
        };
        let (shown, goes_on) =
            (*shown, !terminal.is_empty() || running.screen.has_ended() && step.command.is_none());
        if goes_on && step.expected().is_empty() {
            return (Vec::new(), None);
        }
        let expected = step.expected();
        let blurred = |lines: &[String]| {
            lines.iter().map(|line| blur(line, &step.block.varies)).collect::<Vec<_>>()
        };
        let wanted = blurred(expected);
        let open = goes_on || expected.last().is_some_and(|last| last == "…");
        let book = |lines: &[String], session: &Self| -> Vec<String> {
            lines
                .iter()
                .map(|line| session.to_book(line))
                .filter(|line| !is_about_this_machine(line))
                .skip(shown)
                .collect()
        };
        let came = running
            .wait(|lines| open && reach(&wanted, &blurred(&book(lines, self)), open).is_some());
        let mut now = book(&came, self);
        let used = reach(&wanted, &blurred(&now), open);
        let mended = match used {
            Some(_) => expected.to_vec(),
            None => {
                if open {
                    running.screen.wait_for_silence(SILENCE);
                    now = book(&running.screen.lines(), self);
                }
                nearest(expected, &now, &step.block.varies)
            }
        };
        let skipped = used.unwrap_or(now.len());
        self.learn(expected, &now);
        let mended = mended.iter().map(|line| self.to_book(line)).collect();
        if terminal.is_empty() {
            self.terminals.remove(&terminal);
        } else if let Some((_, shown)) = self.terminals.get_mut(&terminal) {
            *shown += skipped;
        }
        let what = step.command.as_deref().unwrap_or("what goes on in this terminal");
        (mended, used.is_none().then(|| format!("`{what}` prints something else")))
    }

    /// Starts a program of ours as `cargo run` would, on ports that are free here.
    fn start(&mut self, terminal: &str, arguments: &str) -> Result<Running, String> {
        // The old one ends first, as it does under the reader's Ctrl-C.
        self.terminals.remove(terminal);
        self.left_out = false;
        let words = words(arguments)?;
        if let [example, name] = &words[..]
            && example == "--example"
        {
            return self.start_example(name);
        }
        let (cargo, flags) = match words.iter().position(|word| word == "--") {
            Some(at) => (&words[..at], &words[at + 1..]),
            None => (words.as_slice(), &[][..]),
        };
        let name = match cargo {
            [] => default_run(),
            [bin, name] if bin == "--bin" => name.clone(),
            [release, bin, name] if release == "--release" && bin == "--bin" => name.clone(),
            other => return Err(format!("the test does not know cargo run {}", other.join(" "))),
        };
        let program = program(&name);
        if !program.is_file() {
            return Err(format!("there is no program {name}"));
        }
        let usage =
            Command::new(&program).arg("--help").output().map_err(|error| error.to_string())?;
        let usage = String::from_utf8_lossy(&usage.stdout).into_owned();
        let mut kept = Vec::new();
        let mut books: BTreeMap<&str, u16> = ["--port", "--page-port"]
            .into_iter()
            .filter_map(|flag| Some((flag, default_of(flag, &usage)?)))
            .collect();
        let mut flags = flags.iter();
        while let Some(flag) = flags.next() {
            match books.get_mut(flag.as_str()) {
                Some(port) => {
                    *port = flags
                        .next()
                        .and_then(|value| value.parse().ok())
                        .ok_or_else(|| format!("{flag} needs a port"))?
                }
                None => kept.push(self.to_real(flag)),
            }
        }
        for _ in 0..20 {
            let ports: Vec<(u16, u16)> =
                books.values().map(|&book| (book, free_port(book))).collect();
            let mut command = Command::new(&program);
            command.args(&kept);
            for (flag, (_, real)) in books.keys().zip(&ports) {
                command.args([(*flag).to_owned(), real.to_string()]);
            }
            let running = Running::process(&mut command);
            let said = |lines: &[String], port: u16| {
                lines.iter().any(|line| line.contains(&format!(":{port}")))
            };
            let lines = running.wait(|lines| ports.iter().all(|(_, real)| said(lines, *real)));
            if lines.iter().any(|line| line.contains("is taken; choose another")) {
                continue;
            }
            self.ports.retain(|(book, _)| !ports.iter().any(|(taken, _)| taken == book));
            self.ports.extend(ports);
            return Ok(running);
        }
        Err("no free port".into())
    }

    /// Starts one of `examples/`, which take their port without a flag.
    fn start_example(&mut self, name: &str) -> Result<Running, String> {
        let program = programs().join("examples").join(name);
        if !program.is_file() {
            return Err(format!("there is no example {name} (cargo build --examples)"));
        }
        let real = free_port(EXAMPLE_PORT);
        let running = Running::process(Command::new(program).arg(real.to_string()));
        let said = |lines: &[String]| lines.iter().any(|line| line.contains(&format!(":{real}")));
        running.wait(said);
        self.ports.retain(|(book, _)| *book != EXAMPLE_PORT);
        self.ports.push((EXAMPLE_PORT, real));
        Ok(running)
    }

    /// A command of the book as it must be given here.
    fn to_real(&self, text: &str) -> String {
        let mut text = text.to_owned();
        for (book, real) in &self.ports {
            text = text.replace(&format!("localhost:{book}"), &format!("localhost:{real}"));
            text = text.replace(&format!("nc localhost {book}"), &format!("nc localhost {real}"));
        }
        for (book, real) in &self.runs {
            text = text.replace(book, real);
        }
        text
    }

    /// A line that came as it stands in the book.
    fn to_book(&self, line: &str) -> String {
        let mut line = line.to_owned();
        for (book, real) in &self.ports {
            line = line.replace(&format!("localhost:{real}"), &format!("localhost:{book}"));
        }
        for (book, real) in &self.runs {
            line = line.replace(real, book);
        }
        line
    }

    /// Notes which run of the server the book means: the commands that follow may name it.
    fn learn(&mut self, book: &[String], real: &[String]) {
        let (book, real) = (book.join("\n"), real.join("\n"));
        for (book, real) in runs(&book).into_iter().zip(runs(&real)) {
            if book != real && !self.runs.contains_key(book) && !self.runs.contains_key(real) {
                self.runs.insert(book.to_owned(), real.to_owned());
            }
        }
    }
}

/// What the output in the book should be: the same pieces of it, as far as they can be found again.
fn nearest(expected: &[String], now: &[String], varies: &[String]) -> Vec<String> {
    let all = |lines: &[String]| lines.iter().map(|line| line.to_owned()).collect::<Vec<_>>();
    if !expected.iter().any(|line| line == "…") && !varies.iter().any(|name| name == "seconds") {
        return all(now);
    }
    // Of a line that varies, its words count.
    let mut varies = varies.to_vec();
    varies.push("digits".into());
    let key = |line: &str| blur(line, &varies).split_whitespace().collect::<Vec<_>>().join(" ");
    let (text, lines): (Vec<&str>, Vec<&str>) =
        (expected.iter().map(String::as_str).collect(), now.iter().map(String::as_str).collect());
    crate::excerpts::resembling(&text, &lines, |line| line == "…", key).unwrap_or_else(|| all(now))
}

/// Whether the lines that came are the wanted ones, `…` standing for any; `open` says that more may
/// follow. Returns how many lines were used.
fn reach(wanted: &[String], came: &[String], open: bool) -> Option<usize> {
    let parts: Vec<&[String]> = wanted.split(|line| line == "…").collect();
    let stands_at = |part: &[String], place: usize| {
        part.iter().zip(&came[place..]).all(|(wanted, came)| is_line(wanted, came))
    };
    let mut at = 0;
    for (n, part) in parts.iter().enumerate() {
        let last_place = came.len().checked_sub(part.len())?;
        let must_end = n + 1 == parts.len() && !open;
        // The first part stands at the beginning, the last one at the end, the others wherever they
        // come first.
        let place = match (n, must_end) {
            (0, true) => Some(0).filter(|_| last_place == 0),
            (0, false) => Some(0),
            (_, true) => Some(last_place).filter(|&place| place >= at),
            (_, false) => (at..=last_place).find(|&place| stands_at(part, place)),
        };
        at = place.filter(|&place| stands_at(part, place))? + part.len();
    }
    Some(at)
}

/// Whether a line is the wanted one; in it, too, `…` stands for anything.
fn is_line(wanted: &str, came: &str) -> bool {
    match wanted.split_once('…') {
        Some((start, end)) => {
            came.len() >= start.len() + end.len() && came.starts_with(start) && came.ends_with(end)
        }
        None => wanted == came,
    }
}

/// A line that the lessons print only where the limits of the system are low.
fn is_about_this_machine(line: &str) -> bool {
    line.starts_with("this process can bear ")
}

/// Where the programs lie that this test was built with.
fn programs() -> &'static Path {
    Path::new(env!("CARGO_BIN_EXE_polling")).parent().unwrap()
}

/// The program of this name.
fn program(name: &str) -> PathBuf {
    programs().join(format!("{name}{}", std::env::consts::EXE_SUFFIX))
}

/// What `cargo run` alone runs.
fn default_run() -> String {
    let manifest = std::fs::read_to_string(root().join("Cargo.toml")).unwrap();
    let line = manifest.lines().find_map(|line| line.strip_prefix("default-run = "));
    line.expect("a default-run in Cargo.toml").trim_matches('"').to_owned()
}

/// The default that a program's usage names for a flag.
pub fn default_of(flag: &str, usage: &str) -> Option<u16> {
    let line = usage.lines().find(|line| line.trim_start().starts_with(&format!("{flag} ")))?;
    let (_, rest) = line.split_once("(default ")?;
    rest.split(|c: char| !c.is_ascii_digit()).next()?.parse().ok()
}

/// The usage of a program, which names its ports.
pub fn usage_of(name: &str) -> Option<String> {
    let output = Command::new(program(name)).arg("--help").output().ok()?;
    Some(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A port that is free at present, with as many digits as the book's, and none of the lessons' own.
fn free_port(book: u16) -> u16 {
    static NEXT: AtomicU16 = AtomicU16::new(0);
    let (first, last) = if book < 10_000 { (1100, 9900) } else { (10_000, 32_000) };
    let start = u16::try_from(std::process::id() % 97).unwrap() * 80;
    for _ in 0..20_000 {
        let step = start.wrapping_add(NEXT.fetch_add(1, Ordering::Relaxed));
        let port = first + step % (last - first);
        let usual = [3000, 4000, 8000, 8080, 8888].contains(&port);
        if !usual && TcpListener::bind(("127.0.0.1", port)).is_ok() {
            return port;
        }
    }
    panic!("no free port between {first} and {last}");
}

/// A short while, for a look at what happens when nothing should.
#[cfg(test)]
#[test]
fn an_ellipsis_stands_for_any_lines_and_nothing_else_does() {
    let lines = |text: &str| text.split_whitespace().map(str::to_owned).collect::<Vec<_>>();
    for (wanted, came, open, used) in [
        ("a b", "a b", false, Some(2)),
        ("a b", "a b c", false, None),
        ("a b", "a b c", true, Some(2)),
        ("a b", "x a b", true, None),
        ("a …", "a b c", true, Some(1)),
        ("… c", "a b c", false, Some(3)),
        ("… b", "a b c", false, None),
        ("… b", "a b c", true, Some(2)),
        ("a … d", "a b c d", false, Some(4)),
        ("a … d", "a b c", true, None),
        ("a … b … d", "a b c d", false, Some(4)),
        ("", "", false, Some(0)),
        ("", "a", false, None),
        ("a:… b", "a:1,2 b", false, Some(2)),
        ("a:…;", "a:1,2;", false, Some(1)),
        ("a:…;", "a;", false, None),
    ] {
        assert_eq!(reach(&lines(wanted), &lines(came), open), used, "{wanted} / {came} / {open}");
    }
}

#[test]
fn a_wrong_output_is_noticed_and_set_right() {
    let book = "\
```console
$ cargo run --bin polling
page  http://localhost:8000/
data  http://localhost:8080/
```
```console
$ curl -s http://localhost:8080/nowhere
expected nothing
$ curl -s http://localhost:8080/
```
<!-- varies: run -->
```console
$ curl -s -o /dev/null -o /dev/null -w '%{http_code} %{num_connects}\\n' http://localhost:8080/ http://localhost:8080/
200 1
200 0
```
<!-- varies: something -->
```console
$ curl -s http://localhost:8080/
```
```console
$ rm x
```
";
    let found = check(&Document::new("x.md", book));
    let places: Vec<usize> = found.iter().map(|stale| stale.line).collect();
    assert_eq!(places, [6, 18, 21], "{found:#?}");
    let (_, mended) = found[0].mended.as_ref().unwrap();
    assert_eq!(
        mended[..3],
        [
            "$ curl -s http://localhost:8080/nowhere",
            "expected a path that exists here; came \"/nowhere\"",
            "$ curl -s http://localhost:8080/"
        ]
    );
    assert_eq!((mended.len(), mended[3].len()), (4, "07:20:01".len()));
}

#[test]
fn a_command_that_goes_on_shows_its_output_in_its_own_terminal() {
    let book = "\
```console
$ cargo run --bin long_polling
page  http://localhost:8080/
```
<!-- varies: run millis time -->
```console
$ curl -s http://localhost:8080/poll
{\"id\":\"1000000000000-1\",\"missed\":0,\"messages\":[{\"id\":\"1000000000000-1\",\"time\":1763700000000,\"event\":\"message\",\"data\":\"07:20:00\"}]}
```
```console reader
$ curl -s http://localhost:8080/poll?after=1000000000000-1
```
```console
$ curl -s -d hello http://localhost:8080/publish
{\"id\":\"1000000000000-2\"}
```
<!-- varies: millis -->
```console reader
{\"id\":\"1000000000000-2\",\"missed\":0,\"messages\":[{\"id\":\"1000000000000-2\",\"time\":1763700000000,\"event\":\"message\",\"data\":\"hello\"}]}
```
";
    let document = Document::new(
        "x.md",
        &book
            .replace("http://localhost:8080/poll?", "'http://localhost:8080/poll?")
            .replace("-1\n```\n```console\n", "-1'\n```\n```console\n"),
    );
    let found = check(&document);
    assert!(found.is_empty(), "{found:#?}");
}
