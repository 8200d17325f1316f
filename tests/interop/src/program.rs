//! A lesson's program as a process: built, started on free ports, killed, started again on the same
//! ports.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader};
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::sync::{Arc, Mutex, OnceLock};
use std::time::{Duration, Instant};

use serde_json::Value;

/// How long a program may take to print its URLs.
const START_LIMIT: Duration = Duration::from_secs(20);

/// One running lesson. Dropped, it is killed.
pub struct Program {
    name: &'static str,
    addresses: &'static [Address],
    arguments: Vec<String>,
    child: Child,
    urls: BTreeMap<String, String>,
    output: Arc<Mutex<String>>,
}

/// One line of the program's first output, `label  url`, and the flag that sets the port in it.
#[derive(Debug, Clone, Copy)]
pub struct Address {
    pub label: &'static str,
    pub flag: &'static str,
}

/// A lesson whose page and data come from the same port.
pub const ONE_PORT: &[Address] = &[Address { label: "page", flag: "--port" }];
/// A lesson whose page comes from one origin and its data from another.
pub const DATA_AND_PAGE: &[Address] =
    &[Address { label: "data", flag: "--port" }, Address { label: "page", flag: "--page-port" }];
/// The same with a WebSocket.
pub const SOCKET_AND_PAGE: &[Address] =
    &[Address { label: "socket", flag: "--port" }, Address { label: "page", flag: "--page-port" }];

impl Program {
    /// Starts `name` on ports of its own choice and waits until it has printed every one of its
    /// `addresses`.
    pub fn start(name: &'static str, addresses: &'static [Address], arguments: &[&str]) -> Program {
        let mut program = Program {
            name,
            addresses,
            arguments: arguments.iter().map(|argument| argument.to_string()).collect(),
            child: Command::new("true").spawn().expect("`true` can be started"),
            urls: BTreeMap::new(),
            output: Arc::default(),
        };
        program.spawn();
        program
    }

    /// The URL that the program printed behind `label`, as it stands there.
    pub fn url(&self, label: &str) -> &str {
        self.urls
            .get(label)
            .unwrap_or_else(|| panic!("{} prints no URL called {label:?}", self.name))
    }

    /// The port in the URL behind `label`.
    pub fn port(&self, label: &str) -> u16 {
        let url = self.url(label);
        let authority = url.split_once("://").map_or(url, |(_, rest)| rest).split('/').next();
        let port = authority.and_then(|authority| authority.rsplit_once(':')).map(|(_, port)| port);
        port.and_then(|port| port.parse().ok()).unwrap_or_else(|| panic!("no port in {url}"))
    }

    /// Ends the process at once, as a power cut would: nothing is flushed, nothing said.
    pub fn kill(&mut self) {
        // An error means that it has ended by itself, which is as good here.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    /// Stops the process as a machine that hangs would: its connections stay, and say nothing.
    pub fn freeze(&self) {
        self.signal("-STOP");
    }

    /// Lets a frozen process go on.
    pub fn thaw(&self) {
        self.signal("-CONT");
    }

    fn signal(&self, signal: &str) {
        let status = Command::new("kill").args([signal, &self.child.id().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "{} is not running", self.name);
    }

    /// Starts a killed program again, on the ports it had.
    pub fn start_again(&mut self) {
        self.kill();
        self.spawn();
    }

    pub fn pid(&self) -> u32 {
        self.child.id()
    }

    /// What the program has printed so far, on both its outputs.
    pub fn output(&self) -> String {
        self.output.lock().expect("no printing thread panics").clone()
    }

    fn spawn(&mut self) {
        let mut command = Command::new(binary(self.name));
        for Address { label, flag } in self.addresses {
            let port = if self.urls.is_empty() { 0 } else { self.port(label) };
            command.arg(flag).arg(port.to_string());
        }
        command
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        self.child =
            command.spawn().unwrap_or_else(|error| panic!("{} does not start: {error}", self.name));

        let (lines, printed) = mpsc::channel();
        let stdout = self.child.stdout.take().expect("stdout is piped");
        let stderr = self.child.stderr.take().expect("stderr is piped");
        keep(BufReader::new(stdout), Arc::clone(&self.output), Some(lines));
        keep(BufReader::new(stderr), Arc::clone(&self.output), None);

        let deadline = Instant::now() + START_LIMIT;
        self.urls.clear();
        while !self.addresses.iter().all(|address| self.urls.contains_key(address.label)) {
            let left = deadline.saturating_duration_since(Instant::now());
            let line: String = match printed.recv_timeout(left) {
                Ok(line) => line,
                Err(RecvTimeoutError::Timeout) => {
                    panic!("{} prints no URL:\n{}", self.name, self.output())
                }
                Err(RecvTimeoutError::Disconnected) => {
                    panic!("{} ended:\n{}", self.name, self.output())
                }
            };
            let mut words = line.split_whitespace();
            if let (Some(label), Some(url)) = (words.next(), words.next())
                && url.contains("://")
            {
                self.urls.insert(label.to_string(), url.to_string());
            }
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        let ended = self.child.try_wait();
        self.kill();
        if std::thread::panicking() {
            let state = if let Ok(Some(status)) = ended {
                format!("ended by itself, {status}")
            } else {
                "running".into()
            };
            eprintln!("---- {} ({state}) printed\n{}----", self.name, self.output());
        }
    }
}

/// Reads a pipe to its end on a thread, so that the program never waits for a full one.
fn keep(
    pipe: impl BufRead + Send + 'static,
    output: Arc<Mutex<String>>,
    lines: Option<mpsc::Sender<String>>,
) {
    std::thread::spawn(move || {
        for line in pipe.lines().map_while(Result::ok) {
            if let Ok(mut output) = output.lock() {
                output.push_str(&line);
                output.push('\n');
            }
            if let Some(lines) = &lines {
                // Nobody listens any more once the URLs are known.
                let _ = lines.send(line);
            }
        }
    });
}

/// The path of one of the course's programs, all of which are built (in release) the first time
/// this is called.
pub fn binary(name: &str) -> PathBuf {
    static BUILT: OnceLock<BTreeMap<String, PathBuf>> = OnceLock::new();
    let built = BUILT.get_or_init(|| {
        let output = Command::new(env!("CARGO"))
            .args([
                "build",
                "--quiet",
                "--release",
                "--bins",
                "--message-format=json-render-diagnostics",
            ])
            .current_dir(crate::root())
            .stderr(Stdio::inherit())
            .output()
            .expect("cargo can be started");
        assert!(output.status.success(), "the course does not build");
        let mut built = BTreeMap::new();
        for message in output.stdout.split(|&byte| byte == b'\n').filter(|line| !line.is_empty()) {
            let message: Value = serde_json::from_slice(message).expect("cargo writes JSON");
            if let (Some(name), Some(path)) =
                (message["target"]["name"].as_str(), message["executable"].as_str())
            {
                built.insert(name.to_string(), PathBuf::from(path));
            }
        }
        built
    });
    built.get(name).unwrap_or_else(|| panic!("the course has no program called {name}")).clone()
}
