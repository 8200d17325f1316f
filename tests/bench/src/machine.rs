//! What else the machine was doing, and what the client itself used.

use std::fs;
use std::time::{Duration, Instant};

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};
use rustix::time::{ClockId, clock_gettime};

use crate::server::Server;

/// Other processes may use this much of one core before a run counts as spoiled.
const OTHER_CORES: f64 = 0.10;
/// The host may keep this much of one core from us before a run counts as spoiled.
const STOLEN_CORES: f64 = 0.03;

/// The kernel's ticks as time.
pub fn ticks(count: u64) -> Duration {
    Duration::from_secs_f64(count as f64 / rustix::param::clock_ticks_per_second() as f64)
}

/// Two readings of every clock, and what lies between them.
pub struct Span {
    began: Instant,
    server: Duration,
    client: Duration,
    busy: Duration,
    stolen: Duration,
}

/// What a stretch of time cost, in seconds, and in cores for what was not ours.
#[derive(Clone, Copy)]
pub struct Cost {
    pub elapsed: f64,
    pub server: f64,
    pub client: f64,
    pub other_cores: f64,
    pub stolen_cores: f64,
}

impl Cost {
    /// The same for a client that spent some of its time on nothing.
    pub fn without(self, in_vain: Duration) -> Cost {
        Cost { client: (self.client - in_vain.as_secs_f64()).max(0.0), ..self }
    }

    pub fn spoiled(&self) -> bool {
        self.other_cores > OTHER_CORES || self.stolen_cores > STOLEN_CORES
    }
}

impl Span {
    pub fn begin(server: &Server) -> Span {
        let (busy, stolen) = machine_time();
        Span { began: Instant::now(), server: server.cpu(), client: own_time(), busy, stolen }
    }

    pub fn end(&self, server: &Server) -> Cost {
        let elapsed = self.began.elapsed().as_secs_f64();
        let (busy, stolen) = machine_time();
        let server = (server.cpu() - self.server).as_secs_f64();
        let client = (own_time() - self.client).as_secs_f64();
        let others = (busy.saturating_sub(self.busy)).as_secs_f64() - server - client;
        Cost {
            elapsed,
            server,
            client,
            other_cores: others.max(0.0) / elapsed,
            stolen_cores: (stolen.saturating_sub(self.stolen)).as_secs_f64() / elapsed,
        }
    }
}

/// Busy and stolen time of all cores together, from the first line of `/proc/stat` (proc(5)).
fn machine_time() -> (Duration, Duration) {
    let stat = fs::read_to_string("/proc/stat").unwrap_or_default();
    let fields: Vec<u64> = stat
        .lines()
        .next()
        .unwrap_or_default()
        .split_whitespace()
        .skip(1)
        .filter_map(|field| field.parse().ok())
        .collect();
    let field = |index: usize| fields.get(index).copied().unwrap_or(0);
    // user, nice, system, idle, iowait, irq, softirq, steal
    (ticks(field(0) + field(1) + field(2) + field(5) + field(6)), ticks(field(7)))
}

fn own_time() -> Duration {
    let time = clock_gettime(ClockId::ProcessCPUTime);
    Duration::new(time.tv_sec.unsigned_abs(), u32::try_from(time.tv_nsec).unwrap_or(0))
}

/// Raises the limit on open files as far as the system lets us; servers inherit it. Returns what we
/// got.
pub fn raise_open_files() -> u64 {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit { current: limit.maximum, maximum: limit.maximum };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum.unwrap_or(u64::MAX),
        Err(_) => limit.current.unwrap_or(u64::MAX),
    }
}

/// One line about the machine, for the top of the table.
pub fn describe() -> String {
    let cores = std::thread::available_parallelism().map_or(0, usize::from);
    let cpuinfo = fs::read_to_string("/proc/cpuinfo").unwrap_or_default();
    let model = cpuinfo
        .lines()
        .find_map(|line| line.strip_prefix("model name")?.split_once(": "))
        .map_or("unknown processor", |(_, name)| name);
    let kernel = fs::read_to_string("/proc/sys/kernel/osrelease").unwrap_or_default();
    format!("{cores} cores ({model}), Linux {}", kernel.trim())
}
