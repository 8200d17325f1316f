//! One server under measurement: a process, the addresses it printed, and what the kernel says it
//! costs.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc::{self, RecvTimeoutError};
use std::thread;
use std::time::{Duration, Instant};

const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// Ends its process when it goes out of scope.
pub struct Server {
    child: Child,
    pub address: SocketAddr,
}

impl Server {
    /// Starts `command` and waits for a line of output that begins with `label` and names a URL.
    pub fn start(command: &mut Command, label: &str) -> Result<Server, String> {
        let mut child = command
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::null())
            .spawn()
            .map_err(|error| format!("does not start: {error}"))?;
        let output = BufReader::new(child.stdout.take().expect("stdout was asked for"));
        let (send, lines) = mpsc::channel();
        // Reads to the end, so that a server that talks is never held up by a full pipe.
        thread::spawn(move || {
            for line in output.lines().map_while(Result::ok) {
                let _ = send.send(line);
            }
        });
        let deadline = Instant::now() + STARTS_WITHIN;
        let found = loop {
            match lines.recv_timeout(deadline.saturating_duration_since(Instant::now())) {
                Ok(line) => {
                    if let Some(authority) = authority_after(label, &line) {
                        break Ok(authority);
                    }
                }
                Err(RecvTimeoutError::Timeout) => {
                    break Err(format!("printed no `{label}` line in {STARTS_WITHIN:?}"));
                }
                Err(RecvTimeoutError::Disconnected) => {
                    break Err(format!("ended without a `{label}` line"));
                }
            }
        };
        let address = found.and_then(|authority| reachable(&authority));
        match address {
            Ok(address) => Ok(Server { child, address }),
            Err(error) => {
                let _ = child.kill();
                let _ = child.wait();
                Err(error)
            }
        }
    }

    /// Processor time used so far, in user and system mode, by all threads, ended ones included.
    pub fn cpu(&self) -> Duration {
        let stat =
            fs::read_to_string(format!("/proc/{}/stat", self.child.id())).unwrap_or_default();
        // The name in parentheses may hold spaces; utime and stime are the 12th and 13th field
        // after it (proc(5)).
        let ticks: u64 = stat
            .rsplit(')')
            .next()
            .map(|rest| {
                rest.split_whitespace()
                    .skip(11)
                    .take(2)
                    .filter_map(|field| field.parse::<u64>().ok())
                    .sum()
            })
            .unwrap_or(0);
        crate::machine::ticks(ticks)
    }

    /// Resident memory in KiB.
    pub fn resident(&self) -> f64 {
        self.status("VmRSS:")
    }

    pub fn threads(&self) -> f64 {
        self.status("Threads:")
    }

    fn status(&self, field: &str) -> f64 {
        fs::read_to_string(format!("/proc/{}/status", self.child.id()))
            .unwrap_or_default()
            .lines()
            .find_map(|line| line.strip_prefix(field)?.split_whitespace().next()?.parse().ok())
            .unwrap_or(f64::NAN)
    }

    /// Waits until the server has used no processor time for a while: everything sent to it is
    /// dealt with.
    pub fn settle(&self) {
        const QUIET: Duration = Duration::from_millis(40);
        let give_up = Instant::now() + Duration::from_secs(20);
        let mut quiet_rounds = 0;
        let mut before = self.cpu();
        while quiet_rounds < 4 && Instant::now() < give_up {
            thread::sleep(QUIET);
            let now = self.cpu();
            // A tick in between is housekeeping; a server at work uses several.
            quiet_rounds =
                if now - before > crate::machine::ticks(1) { 0 } else { quiet_rounds + 1 };
            before = now;
        }
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

/// `host:port` of the URL in a line like `data  http://localhost:8080/`.
fn authority_after(label: &str, line: &str) -> Option<String> {
    let url = line.strip_prefix(label)?;
    let (_, rest) = url.split_once("://")?;
    Some(rest.split(['/', ' ']).next()?.to_owned())
}

/// The first address of `authority` that answers: `localhost` may mean either family.
fn reachable(authority: &str) -> Result<SocketAddr, String> {
    let addresses = authority
        .to_socket_addrs()
        .map_err(|error| format!("`{authority}` is no address: {error}"))?;
    let mut last = format!("`{authority}` has no address");
    for address in addresses {
        match TcpStream::connect(address) {
            Ok(_) => return Ok(address),
            Err(error) => last = format!("{address} refuses: {error}"),
        }
    }
    Err(last)
}
