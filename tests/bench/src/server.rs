//! One server under measurement: a process, the addresses it printed, and what the kernel says it
//! costs.

use crate::process::Process;
use std::fs;
use std::net::{SocketAddr, TcpStream, ToSocketAddrs};
use std::process::Command;
use std::thread;
use std::time::{Duration, Instant};

const STARTS_WITHIN: Duration = Duration::from_secs(10);

/// Ends its process when it goes out of scope.
pub struct Server {
    process: Process,
    pub address: SocketAddr,
}

impl Server {
    /// Starts `command` and waits for a line of output that begins with `label` and names a URL.
    pub fn start(command: &mut Command, label: &str) -> Result<Server, String> {
        let process =
            Process::start(command).map_err(|error| format!("does not start: {error}"))?;
        let url = process.url(label, STARTS_WITHIN).ok_or(format!("printed no `{label}` line"))?;
        let (_, rest) = url.split_once("://").ok_or("printed no URL")?;
        let authority = rest.split('/').next().unwrap_or_default();
        Ok(Server { address: reachable(authority)?, process })
    }

    /// Processor time used so far, in user and system mode, by all threads, ended ones included.
    pub fn cpu(&self) -> Duration {
        let stat =
            fs::read_to_string(format!("/proc/{}/stat", self.process.pid())).unwrap_or_default();
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
        let figure = self.process.status(field).and_then(|figure| u32::try_from(figure).ok());
        figure.map_or(f64::NAN, f64::from)
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
