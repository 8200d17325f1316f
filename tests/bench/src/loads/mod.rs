//! One file per load.

pub mod connection_per_request;
pub mod echo;
pub mod idle;
pub mod keep_alive;
pub mod parked;
pub mod slow_readers;

use std::time::Duration;

use crate::machine::Cost;
use crate::results::Run;

/// How long a throughput run lasts.
#[derive(Clone, Copy)]
pub struct Pace {
    pub warm_up: Duration,
    pub length: Duration,
}

/// The figures every throughput load has.
fn note_throughput(run: &mut Run, done: u64, cost: &Cost, resident: f64) {
    let done = done as f64;
    run.note(cost);
    run.set("operations/s", done / cost.elapsed);
    run.set("server µs/operation", cost.server * 1e6 / done);
    run.set("client µs/operation", cost.client * 1e6 / done);
    run.set("resident MiB", resident / 1024.0);
}
