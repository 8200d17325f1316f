//! A learner's file and its check as a program: compiled by itself, run with a limit.

use crate::words::COLUMNS;
use crate::{Desk, book};
use std::collections::BTreeMap;
use std::fmt::Write;
use std::io::IsTerminal;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

/// How many checks run side by side: most of them wait for a moment.
const AT_ONCE: usize = 4;
/// How long a check that has been given its limit may take to say so.
const GRACE: Duration = Duration::from_secs(2);
/// The longest that the compiler may take: a constant that is never done is calculated there.
const COMPILER_LIMIT: Duration = Duration::from_secs(60);

#[derive(Clone, Copy)]
pub enum Source {
    Yours,
    Solutions,
}

pub enum Outcome {
    Solved,
    /// And what the check said.
    NotYet(String),
    /// It did not even come to its own limit.
    NothingCame,
    /// It ended the process, or the system did.
    Died,
}

pub enum Verdict {
    Ran(Outcome),
    DoesNotCompile(String),
    IsGone,
}

impl Verdict {
    pub fn is_solved(&self) -> bool {
        matches!(self, Verdict::Ran(Outcome::Solved))
    }

    /// A tick or none, and the key of a remark.
    pub fn mark(&self) -> (char, Option<&'static str>) {
        match self {
            Verdict::Ran(Outcome::Solved) => ('✓', None),
            Verdict::Ran(Outcome::NotYet(_)) => ('·', None),
            Verdict::Ran(Outcome::NothingCame | Outcome::Died) => ('✗', Some("mark ended")),
            Verdict::DoesNotCompile(_) => ('✗', Some("mark does not compile")),
            Verdict::IsGone => ('✗', Some("mark gone")),
        }
    }

    pub fn text(&self) -> &str {
        match self {
            Verdict::Ran(Outcome::NotYet(text)) | Verdict::DoesNotCompile(text) => text,
            Verdict::Ran(_) => "it came to no end of its own",
            Verdict::IsGone => "there is no such file",
        }
    }
}

/// A program of one exercise or more. Its file goes with this value.
pub struct Program {
    path: PathBuf,
}

impl Drop for Program {
    fn drop(&mut self) {
        // What cannot be removed stays in `target/`.
        let _ = std::fs::remove_file(&self.path);
    }
}

/// The stems of the Rust files in a folder.
pub fn stems(folder: &Path) -> Vec<String> {
    let files =
        folder.read_dir().into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()));
    let rust = files.filter(|path| path.extension().is_some_and(|ending| ending == "rs"));
    rust.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect()
}

/// Where cargo put a crate of ours and those it needs, and the programs that the checks start.
struct Built {
    crates: BTreeMap<String, PathBuf>,
    programs: PathBuf,
}

/// Asks cargo, which builds what is not built yet.
fn library(root: &Path, names: &[&str]) -> Result<Built, String> {
    let mut cargo = Command::new(env!("CARGO"));
    cargo.args(["build", "--quiet", "--message-format=json", "--lib"]);
    for program in programs_in(root, names) {
        cargo.args(["--bin", &program]);
    }
    let output = cargo.current_dir(env!("CARGO_MANIFEST_DIR")).output();
    let output = output.map_err(|error| format!("cargo: {error}"))?;
    let text = String::from_utf8_lossy(&output.stdout);
    let value = |line: &str, begin: &str| {
        Some(line.split_once(begin)?.1.split_once('"')?.0.replace("\\\\", "\\"))
    };
    let mut crates = BTreeMap::new();
    for line in text.lines().filter(|line| line.contains("\"kind\":[\"lib\"]")) {
        let name = line.split("\"name\":\"").nth(1).and_then(|rest| rest.split('"').next());
        let file = value(line, "\"filenames\":[\"");
        if let (Some(name), Some(file)) = (name, file) {
            crates.insert(name.to_owned(), PathBuf::from(file));
        }
    }
    let Some(library) = crates.get("push_by_hand").filter(|_| output.status.success()) else {
        return Err(String::from_utf8_lossy(&output.stderr).into_owned());
    };
    let programs = library.parent().map(Path::to_owned).unwrap_or_default();
    Ok(Built { crates, programs })
}

/// The lessons that these checks start: `lesson("polling")`, `start("polling")`.
fn programs_in(root: &Path, names: &[&str]) -> Vec<String> {
    let mut programs = Vec::new();
    for name in names {
        let check = root.join(book::FOLDER).join("checks").join(format!("{name}.rs"));
        let text = std::fs::read_to_string(check).unwrap_or_default();
        for call in ["lesson(\"", "start(\""] {
            let named = text.split(call).skip(1).filter_map(|rest| rest.split('"').next());
            programs.extend(named.map(str::to_owned));
        }
    }
    programs.sort();
    programs.dedup();
    programs
}

/// Compiles these exercises with their checks. An error is what the compiler says.
pub fn build(root: &Path, source: Source, names: &[&str], shown: bool) -> Result<Program, String> {
    static NUMBER: AtomicUsize = AtomicUsize::new(0);
    let built = library(root, names)?;
    let number = NUMBER.fetch_add(1, Ordering::Relaxed);
    let folder = built.programs.join("exercises");
    let stem = folder.join(format!("{}-{number}", std::process::id()));
    let failed = |error: std::io::Error| format!("{}: {error}", stem.display());
    std::fs::create_dir_all(&folder).map_err(failed)?;
    sweep(&folder);
    let main = stem.with_extension("rs");
    std::fs::write(&main, main_of(root, source, names)).map_err(failed)?;
    let path = stem.with_extension(std::env::consts::EXE_EXTENSION);
    let mut rustc = compiler(root, source, &built);
    rustc.arg(&main).arg("-o").arg(&path).arg("--color");
    rustc.arg(if shown && std::io::stdout().is_terminal() { "always" } else { "never" });
    let errors = stem.with_extension("errors");
    rustc.stdout(Stdio::null()).stderr(std::fs::File::create(&errors).map_err(failed)?);
    let ended = within(&mut rustc, COMPILER_LIMIT);
    let said = std::fs::read(&errors).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    for file in [&main, &errors] {
        // What cannot be removed stays in `target/`.
        let _ = std::fs::remove_file(file);
    }
    match ended.map_err(|error| format!("rustc: {error}"))? {
        Some(true) => Ok(Program { path }),
        Some(false) => Err(said.map_err(failed)?.trim_end().to_owned()),
        None => Err(format!("rustc: {COMPILER_LIMIT:?}")),
    }
}

/// What calls the compiler, as cargo would for a program of this package.
fn compiler(root: &Path, source: Source, built: &Built) -> Command {
    let rustc = std::env::var_os("EXERCISE_RUSTC").unwrap_or_else(|| "rustc".into());
    let mut rustc = Command::new(rustc);
    rustc.args(["--edition", "2024", "--crate-name", "exercise", "-C", "debuginfo=0"]);
    rustc.args(match source {
        // A warning about a file that is not finished says nothing.
        Source::Yours => ["-A", "warnings"],
        Source::Solutions => ["-D", "warnings"],
    });
    rustc.arg("-L").arg(format!("dependency={}", built.programs.join("deps").display()));
    for (name, file) in &built.crates {
        rustc.arg("--extern").arg(format!("{name}={}", file.display()));
    }
    rustc.arg(format!("--remap-path-prefix={}{}=", root.display(), std::path::MAIN_SEPARATOR));
    rustc.args(["--diagnostic-width", &COLUMNS.to_string()]);
    rustc
}

/// What was left behind by a desk that was interrupted.
fn sweep(folder: &Path) {
    for path in folder.read_dir().into_iter().flatten().filter_map(|entry| Some(entry.ok()?.path()))
    {
        let age = path.metadata().and_then(|file| file.modified()).ok();
        if age.and_then(|time| time.elapsed().ok()).is_some_and(|age| age > 4 * COMPILER_LIMIT) {
            // Somebody else may have removed it meanwhile.
            let _ = std::fs::remove_file(path);
        }
    }
}

fn main_of(root: &Path, source: Source, names: &[&str]) -> String {
    let folder = root.join(book::FOLDER);
    let mut main = String::new();
    let mut module = |name: &str, path: PathBuf| {
        let _ = writeln!(main, "#[path = {path:?}] mod {name};");
    };
    module("support", root.join("tests/support/mod.rs"));
    module("checks", folder.join("checks/mod.rs"));
    for name in names {
        let file = format!("{name}.rs");
        let exercise = match source {
            Source::Yours => folder.join(&file),
            Source::Solutions => folder.join("solutions").join(&file),
        };
        let check = folder.join("checks").join(&file);
        let _ = writeln!(
            main,
            "mod {name} {{\n#[path = {exercise:?}] pub mod exercise;\n#[path = {check:?}] pub mod check;\n}}"
        );
    }
    let list: String =
        names.iter().map(|name| format!("({name:?}, {name}::check::check),")).collect();
    main + &format!("fn main() {{ checks::run(&[{list}]) }}\n")
}

impl Program {
    /// Runs one check. `shown` lets what the learner prints through to the terminal.
    pub fn run(
        &self,
        root: &Path,
        language: &str,
        name: &str,
        limit: Duration,
        shown: bool,
    ) -> Outcome {
        let verdict = self.path.with_extension(format!("{name}.verdict"));
        let mut command = Command::new(&self.path);
        command.arg(name).arg(root.join(book::TEXTS).join(language)).arg(&verdict);
        command.arg(limit.as_secs().to_string()).stdin(Stdio::null());
        command.env("EXERCISE_PROGRAMS", self.path.parent().and_then(Path::parent).unwrap_or(root));
        if !shown {
            command.stdout(Stdio::null()).stderr(Stdio::null());
        }
        let ended = within(&mut command, limit + GRACE);
        let told = std::fs::read_to_string(&verdict).ok();
        let _ = std::fs::remove_file(&verdict);
        match (ended, told) {
            (Ok(Some(true)), Some(told)) if told.is_empty() => Outcome::Solved,
            (Ok(Some(_)), Some(told)) => Outcome::NotYet(told),
            (Ok(None), _) => Outcome::NothingCame,
            _ => Outcome::Died,
        }
    }
}

/// Whether a process ends well; `None` if it had to be killed.
fn within(command: &mut Command, limit: Duration) -> std::io::Result<Option<bool>> {
    let mut child = command.spawn()?;
    let deadline = Instant::now() + limit;
    loop {
        if let Some(status) = child.try_wait()? {
            return Ok(Some(status.success()));
        }
        if Instant::now() >= deadline {
            child.kill()?;
            child.wait()?;
            return Ok(None);
        }
        thread::sleep(Duration::from_millis(5));
    }
}

/// A verdict on every exercise. They are compiled together; whichever the compiler complains about
/// is left out, and the others are tried again.
pub fn check_all(desk: &Desk, source: Source, limit: Duration) -> Vec<Verdict> {
    let mut broken: BTreeMap<&str, String> = BTreeMap::new();
    let there = |name: &str| match source {
        Source::Yours => desk.root.join(book::FOLDER).join(format!("{name}.rs")).is_file(),
        Source::Solutions => true,
    };
    let names: Vec<&str> = desk.exercises.iter().map(|exercise| &*exercise.name).collect();
    let mut left: Vec<&str> = names.iter().copied().filter(|name| there(name)).collect();
    let built = loop {
        match build(&desk.root, source, &left, false) {
            Ok(program) => break Some(program),
            Err(errors) => {
                let (bad, good): (Vec<&str>, Vec<&str>) =
                    left.iter().copied().partition(|name| errors.contains(&format!("/{name}.rs:")));
                if bad.is_empty() || good.is_empty() {
                    broken.extend(left.iter().map(|name| (*name, errors.clone())));
                    break None;
                }
                broken.extend(bad.iter().map(|name| (*name, errors.clone())));
                left = good;
            }
        }
    };
    let outcomes: Mutex<BTreeMap<&str, Outcome>> = Mutex::default();
    if let Some(program) = &built {
        let next = AtomicUsize::new(0);
        thread::scope(|scope| {
            for _ in 0..AT_ONCE {
                scope.spawn(|| {
                    while let Some(name) = left.get(next.fetch_add(1, Ordering::Relaxed)) {
                        let outcome = program.run(&desk.root, desk.language, name, limit, false);
                        let mut outcomes =
                            outcomes.lock().unwrap_or_else(|error| error.into_inner());
                        outcomes.insert(name, outcome);
                    }
                });
            }
        });
    }
    let mut outcomes = outcomes.into_inner().unwrap_or_else(|error| error.into_inner());
    let verdict = |name: &str| match (outcomes.remove(name), broken.remove(name)) {
        (Some(outcome), _) => Verdict::Ran(outcome),
        (None, Some(errors)) => Verdict::DoesNotCompile(errors),
        (None, None) => Verdict::IsGone,
    };
    names.into_iter().map(verdict).collect()
}
