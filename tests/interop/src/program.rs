//! A lesson's program as a process: built, started on free ports, killed, started again on the same
//! ports.

use std::collections::BTreeMap;
use std::path::PathBuf;
use std::process::{Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

use serde_json::Value;

use crate::process::Process;

/// How long a program may take to print its URLs.
const START_LIMIT: Duration = Duration::from_secs(20);

/// One running lesson. Dropped, it is killed.
pub struct Program {
    name: &'static str,
    addresses: &'static [Address],
    arguments: Vec<String>,
    process: Process,
    urls: BTreeMap<String, String>,
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
        let arguments: Vec<_> = arguments.iter().map(|argument| argument.to_string()).collect();
        let (process, urls) = launch(name, addresses, &arguments, |_| 0);
        Program { name, addresses, arguments, process, urls }
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
        self.process.kill();
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
        let status = Command::new("kill").args([signal, &self.process.pid().to_string()]).status();
        assert!(status.is_ok_and(|status| status.success()), "{} is not running", self.name);
    }

    /// Starts a killed program again, on the ports it had.
    pub fn start_again(&mut self) {
        self.kill();
        let port = |label: &str| self.port(label);
        let (process, urls) = launch(self.name, self.addresses, &self.arguments, port);
        (self.process, self.urls) = (process, urls);
    }

    pub fn pid(&self) -> u32 {
        self.process.pid()
    }

    /// What the program has printed so far, on both its outputs.
    pub fn output(&self) -> String {
        said(&self.process)
    }
}

/// Starts a program on these ports, and waits until it has printed all its addresses.
fn launch(
    name: &str,
    addresses: &[Address],
    arguments: &[String],
    port: impl Fn(&str) -> u16,
) -> (Process, BTreeMap<String, String>) {
    let mut command = Command::new(binary(name));
    for Address { label, flag } in addresses {
        command.arg(flag).arg(port(label).to_string());
    }
    let process = Process::start(command.args(arguments))
        .unwrap_or_else(|error| panic!("{name} does not start: {error}"));
    let mut urls = BTreeMap::new();
    for Address { label, .. } in addresses {
        let url = process.url(label, START_LIMIT);
        let missing = || panic!("{name} prints no URL called {label}:\n{}", said(&process));
        urls.insert((*label).to_string(), url.unwrap_or_else(missing));
    }
    (process, urls)
}

fn said(process: &Process) -> String {
    [process.output.lines(), process.log.lines()].concat().join("\n")
}

impl Drop for Program {
    fn drop(&mut self) {
        let runs = self.process.is_running();
        self.kill();
        if std::thread::panicking() {
            let state = if runs { "running" } else { "ended by itself" };
            eprintln!("---- {} ({state}) printed\n{}\n----", self.name, self.output());
        }
    }
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
