//! The Autobahn test suite, `wstest`: as a client against a server, and as a server for a client.
//!
//! The suite rates each case twice: how the peer behaved, and how the connection was closed.
//! [`Run::faults`] accepts `OK` and nothing else, save for the three cases that the suite itself
//! can only rate `INFORMATIONAL`.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use serde_json::{Value, json};

/// The cases of sections 1 to 10. Sections 12 and 13 are about compression, which the course leaves
/// out.
pub const ALL: &[&str] = &["1.*", "2.*", "3.*", "4.*", "5.*", "6.*", "7.*", "9.*", "10.*"];

/// How many cases these are in version 0.8.2 of the suite. (There is no section 8.)
pub const ALL_COUNT: usize = 301;

/// The suite gives no verdict on these: data after a Close, and close codes that no specification
/// defines.
const INFORMATIONAL: &[&str] = &["7.1.6", "7.13.1", "7.13.2"];

/// Listens on loopback only: left alone, the suite's server would listen on every address of the
/// machine.
const START: &str = "\
from autobahntestsuite import wstest, fuzzing
import functools
fuzzing.listenWS = functools.partial(fuzzing.listenWS, interface='127.0.0.1')
wstest.run()
";

/// The suite as it is installed on this machine.
fn wstest() -> Command {
    let cache = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from).unwrap_or_else(|| {
        Path::new(&std::env::var_os("HOME").expect("HOME is set")).join(".cache")
    });
    let python = cache.join("push-by-hand/autobahn/root/usr");
    assert!(
        python.join("bin/python2.7").exists(),
        "The Autobahn test suite is not installed in {}. Run tests/interop/install.",
        python.display()
    );
    let mut command = Command::new(python.join("bin/python2.7"));
    command
        .args(["-W", "ignore", "-c", START])
        .env("LD_LIBRARY_PATH", python.join("lib/x86_64-linux-gnu"))
        .env("PYTHONNOUSERSITE", "1")
        .env("PYTHONUNBUFFERED", "1")
        .env_remove("PYTHONPATH")
        .env_remove("PYTHONHOME")
        .stdin(Stdio::null());
    command
}

/// A run of the suite that is over, with its report in `folder`.
pub struct Run {
    folder: PathBuf,
    agent: String,
}

/// Runs `cases` against the echo server at `url`. `agent` names it, and the report's folder.
pub fn run_against_server(url: &str, agent: &str, cases: &[&str]) -> Run {
    let run = Run::prepare(agent);
    let specification = json!({
        "outdir": run.folder,
        "servers": [{"agent": agent, "url": url}],
        "cases": cases,
        "exclude-cases": [],
        "exclude-agent-cases": {},
    });
    let status =
        run.wstest("fuzzingclient", &specification).wait().expect("wstest can be waited for");
    assert!(status.success(), "wstest: {status}; its output is {}", run.log().display());
    run
}

/// The suite's server, for a client that asks it for the cases one by one.
pub struct Server {
    run: Run,
    port: u16,
    child: Child,
}

impl Server {
    /// Starts it and waits until it accepts connections.
    pub fn start(agent: &str, cases: &[&str]) -> Server {
        let run = Run::prepare(agent);
        let port = crate::free_port();
        let specification = json!({
            "url": format!("ws://127.0.0.1:{port}"),
            "outdir": run.folder,
            "cases": cases,
            "exclude-cases": [],
            "exclude-agent-cases": {},
        });
        let mut child = run.wstest("fuzzingserver", &specification);
        crate::wait_for("the suite's server listens", Duration::from_secs(30), || {
            let ended = child.try_wait().expect("wstest can be asked");
            assert_eq!(ended, None, "wstest ended; its output is {}", run.log().display());
            std::net::TcpStream::connect(("127.0.0.1", port)).ok()
        });
        Server { run, port, child }
    }

    /// Where a client learns how many cases there are: one text message, a number.
    pub fn case_count_url(&self) -> String {
        format!("ws://127.0.0.1:{}/getCaseCount", self.port)
    }

    /// Where a client runs a case, counted from 1: it echoes whatever comes.
    pub fn case_url(&self, number: usize) -> String {
        format!("ws://127.0.0.1:{}/runCase?case={number}&agent={}", self.port, self.run.agent)
    }

    /// Where a client has the report written: the suite closes when it is done.
    pub fn report_url(&self) -> String {
        format!("ws://127.0.0.1:{}/updateReports?agent={}", self.port, self.run.agent)
    }

    /// The report, once the client has asked for it. Ends the suite's server.
    pub fn finish(mut self) -> Run {
        self.stop();
        Run { folder: self.run.folder.clone(), agent: self.run.agent.clone() }
    }

    fn stop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.stop();
    }
}

impl Run {
    fn prepare(agent: &str) -> Run {
        let folder = crate::report("autobahn").join(agent);
        // A report of an earlier run must not speak for this one.
        if folder.exists() {
            fs::remove_dir_all(&folder).expect("an old report can be removed");
        }
        fs::create_dir_all(&folder).expect("the report's folder can be made");
        Run { folder, agent: agent.to_string() }
    }

    fn log(&self) -> PathBuf {
        self.folder.join("wstest.log")
    }

    fn wstest(&self, mode: &str, specification: &Value) -> Child {
        let path = self.folder.join("specification.json");
        fs::write(&path, specification.to_string()).expect("the specification can be written");
        let log = File::create(self.log()).expect("the log can be made");
        wstest()
            .args(["--mode", mode, "--webport", "0", "--spec"])
            .arg(&path)
            .current_dir(&self.folder)
            .stdout(log.try_clone().expect("a file can be shared"))
            .stderr(log)
            .spawn()
            .expect("wstest can be started")
    }

    /// Every case with its two ratings, as `(id, behavior, behaviorClose)`.
    pub fn ratings(&self) -> Vec<(String, String, String)> {
        let cases = self.cases();
        let rating = |case: &Value, key: &str| case[key].as_str().unwrap_or("(none)").to_string();
        let mut ratings: Vec<_> = cases
            .as_object()
            .map(|cases| cases.iter())
            .into_iter()
            .flatten()
            .map(|(id, case)| (id.clone(), rating(case, "behavior"), rating(case, "behaviorClose")))
            .collect();
        ratings.sort_by_key(|(id, ..)| numbers(id));
        ratings
    }

    /// One paragraph for each case that is not as it must be: what was tried, what was expected,
    /// what happened.
    pub fn faults(&self) -> Vec<String> {
        let mut faults = Vec::new();
        for (id, behavior, close) in self.ratings() {
            let fine = |rating: &str| {
                rating == "OK"
                    || (rating == "INFORMATIONAL" && INFORMATIONAL.contains(&id.as_str()))
            };
            if !fine(&behavior) || !fine(&close) {
                faults.push(self.describe(&id, &behavior, &close));
            }
        }
        faults
    }

    fn describe(&self, id: &str, behavior: &str, close: &str) -> String {
        let cases = self.cases();
        let file = cases[id]["reportfile"].as_str().unwrap_or_default();
        let details: Value = fs::read(self.folder.join(file))
            .ok()
            .and_then(|bytes| serde_json::from_slice(&bytes).ok())
            .unwrap_or_default();
        let text =
            |key: &str| details[key].as_str().unwrap_or("(not in the report)").replace("<br>", " ");
        format!(
            "case {id}: {behavior}, close {close}\n  tried:    {}\n  expected: {}\n  happened: {} {}\n  details:  {}",
            text("description"),
            text("expectation"),
            text("result"),
            text("resultClose"),
            self.folder.join(file.replace(".json", ".html")).display()
        )
    }

    fn cases(&self) -> Value {
        let path = self.folder.join("index.json");
        let index = fs::read(&path).unwrap_or_else(|error| {
            panic!("no report in {}: {error}; see {}", path.display(), self.log().display())
        });
        let mut index: Value = serde_json::from_slice(&index).expect("the report is JSON");
        index[&self.agent].take()
    }

    /// The score as a table in Markdown, a line for each section of the suite.
    fn score(&self) -> String {
        const SECTIONS: [&str; 9] = [
            "1 Framing",
            "2 Pings and Pongs",
            "3 Reserved bits",
            "4 Opcodes",
            "5 Fragmentation",
            "6 UTF-8",
            "7 Closing",
            "9 Limits and performance",
            "10 Automatic fragmentation",
        ];
        let ratings = self.ratings();
        let mut table = String::from(
            "| Section | Cases | OK | Informational | Other |\n|---|--:|--:|--:|--:|\n",
        );
        for section in SECTIONS {
            let number = numbers(section.split(' ').next().unwrap_or_default());
            let of_section: Vec<_> =
                ratings.iter().filter(|(id, ..)| numbers(id).first() == number.first()).collect();
            let rated = |rating: &str| {
                of_section
                    .iter()
                    .filter(|(_, behavior, close)| behavior == rating && close == rating)
                    .count()
            };
            let (cases, ok, informational) =
                (of_section.len(), rated("OK"), rated("INFORMATIONAL"));
            let other = cases - ok - informational;
            table += &format!("| {section} | {cases} | {ok} | {informational} | {other} |\n");
        }
        table
    }

    /// Passes if `count` cases ran and none of them has a fault; else fails with all of them.
    pub fn assert_strict(&self, count: usize) {
        fs::write(self.folder.join("score.md"), self.score()).expect("the score can be written");
        let faults = self.faults();
        assert!(
            faults.is_empty(),
            "{} of {count} cases at fault:\n\n{}\n",
            faults.len(),
            faults.join("\n\n")
        );
        assert_eq!(self.ratings().len(), count, "not every case ran; see {}", self.log().display());
    }
}

/// `"7.13.2"` as numbers, so that cases stand in their own order.
fn numbers(id: &str) -> Vec<u32> {
    id.split('.').map(|part| part.parse().unwrap_or(0)).collect()
}
