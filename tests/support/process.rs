//! A program as a process, for every package that starts one: what it prints, the addresses in it,
//! what the kernel says it costs, and its end.

#![allow(dead_code)] // Each package uses a part of this.

use std::io::{self, Read};
use std::process::{Child, Command, Stdio};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::thread;
use std::time::Duration;

/// A running program. It is killed when this value goes.
pub struct Process {
    child: Child,
    /// Its standard output; both outputs, where they were asked for on one screen.
    pub output: Arc<Output>,
    /// Its standard error.
    pub log: Arc<Output>,
}

impl Process {
    /// Starts a program that reads nothing.
    ///
    /// # Errors
    /// It does not start.
    pub fn start(command: &mut Command) -> io::Result<Process> {
        let mut process = Process::start_unheard(command)?;
        process.log = process.child.stderr.take().map_or_else(Arc::default, Output::of);
        Ok(process)
    }

    /// The same, but nobody reads its standard error: what it writes there stays in the pipe, and
    /// when that is full, it stands still.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_unheard(command: &mut Command) -> io::Result<Process> {
        let piped = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = piped.spawn()?;
        let output = child.stdout.take().map_or_else(Arc::default, Output::of);
        Ok(Process { child, output, log: Arc::default() })
    }

    /// Starts a program as a terminal would: its two outputs come in the order in which they were
    /// written, and where it reads, it reads a keyboard on which nobody types.
    ///
    /// # Errors
    /// It does not start.
    pub fn start_on_one_screen(command: &mut Command) -> io::Result<Process> {
        let (reader, writer) = io::pipe()?;
        command.stdin(Stdio::piped()).stdout(writer.try_clone()?).stderr(writer);
        let child = command.spawn()?;
        // The command holds writing ends; without them the pipe ends when the process does.
        command.stdout(Stdio::null()).stderr(Stdio::null());
        Ok(Process { child, output: Output::of(reader), log: Arc::default() })
    }

    /// Its process id.
    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// Whether it still runs.
    pub fn is_running(&mut self) -> bool {
        matches!(self.child.try_wait(), Ok(None))
    }

    /// The URL that it prints after this word: `page  http://localhost:40123/`. Waits for the line;
    /// `None` if it does not come.
    pub fn url(&self, label: &str, patience: Duration) -> Option<String> {
        let of = |line: &String| {
            let mut words = line.split_whitespace();
            words.next().filter(|word| *word == label)?;
            words.next().filter(|url| url.contains("://")).map(str::to_owned)
        };
        self.output.wait_for(patience, |lines| lines.iter().find_map(of))
    }

    /// A figure of `/proc/PID/status`, such as `Threads:` or `VmRSS:` in KiB (Linux).
    pub fn status(&self, field: &str) -> Option<u64> {
        let status = std::fs::read_to_string(format!("/proc/{}/status", self.pid())).ok()?;
        let of = |line: &str| line.strip_prefix(field)?.split_whitespace().next()?.parse().ok();
        status.lines().find_map(of)
    }

    /// Waits until the process has ended; returns its exit code (`None` after a signal).
    pub fn wait(&mut self) -> Option<i32> {
        self.child.wait().ok()?.code()
    }

    /// Ends the process at once, as a power cut would: nothing is flushed, nothing said.
    pub fn kill(&mut self) {
        // Either may fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

impl Drop for Process {
    fn drop(&mut self) {
        self.kill();
    }
}

/// What comes out of a pipe, for whoever waits for it.
#[derive(Default)]
pub struct Output {
    state: Mutex<State>,
    changed: Condvar,
}

#[derive(Default)]
struct State {
    bytes: Vec<u8>,
    ended: bool,
}

impl Output {
    /// Reads the pipe to its end, on a thread.
    fn of(mut pipe: impl Read + Send + 'static) -> Arc<Output> {
        let output: Arc<Output> = Arc::default();
        let filled = Arc::clone(&output);
        thread::spawn(move || {
            let mut bytes = [0; 4096];
            while let Ok(n @ 1..) = pipe.read(&mut bytes) {
                filled.lock().bytes.extend_from_slice(&bytes[..n]);
                filled.changed.notify_all();
            }
            filled.lock().ended = true;
            filled.changed.notify_all();
        });
        output
    }

    fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().expect("nothing panics under this lock because it only copies")
    }

    /// The lines so far; the last one only if its end has come.
    pub fn lines(&self) -> Vec<String> {
        self.lock().lines()
    }

    /// Whether no more will come.
    pub fn has_ended(&self) -> bool {
        self.lock().ended
    }

    /// Waits until `found` finds something in the lines, no more will come, or time is up.
    pub fn wait_for<T>(
        &self,
        patience: Duration,
        mut found: impl FnMut(&[String]) -> Option<T>,
    ) -> Option<T> {
        let mut what = None;
        let waits = |state: &mut State| {
            what = found(&state.lines());
            what.is_none() && !state.ended
        };
        let waited = self.changed.wait_timeout_while(self.lock(), patience, waits);
        drop(waited.expect("nothing panics under this lock because it only copies"));
        what
    }

    /// Waits until no more will come; returns whether that was so in time.
    pub fn wait_for_end(&self, patience: Duration) -> bool {
        let waited = self.changed.wait_timeout_while(self.lock(), patience, |state| !state.ended);
        waited.expect("nothing panics under this lock because it only copies").0.ended
    }

    /// Waits until nothing more comes for so long.
    pub fn wait_for_silence(&self, silence: Duration) {
        let mut state = self.lock();
        while !state.ended {
            let before = state.bytes.len();
            let grows = |now: &mut State| !now.ended && now.bytes.len() == before;
            let waited = self.changed.wait_timeout_while(state, silence, grows);
            state = waited.expect("nothing panics under this lock because it only copies").0;
            if state.bytes.len() == before {
                return;
            }
        }
    }
}

impl State {
    fn lines(&self) -> Vec<String> {
        let text = String::from_utf8_lossy(&self.bytes);
        let mut lines: Vec<String> =
            text.split('\n').map(|line| line.trim_end_matches('\r').to_owned()).collect();
        if lines.last().is_some_and(|last| last.is_empty() || !self.ended) {
            lines.pop();
        }
        lines
    }
}
