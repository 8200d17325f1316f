//! What push-by-hand holds itself to: ratios within one run, so that they mean the same on every
//! machine.

use crate::loads::{connection_per_request, echo, idle, keep_alive, parked};
use crate::peers::{OURS, YARDSTICK};
use crate::results::{Point, Results};

enum Bound {
    /// Ours ÷ theirs, at least.
    AtLeast(&'static str, f64),
    /// Ours ÷ theirs, at most.
    AtMost(&'static str, f64),
    /// Ours alone, at most.
    Absolute(f64),
}

struct Target {
    load: &'static str,
    connections: &'static [usize],
    bytes: usize,
    outstanding: u64,
    figure: &'static str,
    bounds: &'static [Bound],
}

use Bound::{Absolute, AtLeast, AtMost};

const RATE: &str = "operations/s";

const fn rate(
    load: &'static str,
    connections: &'static [usize],
    bytes: usize,
    outstanding: u64,
    bounds: &'static [Bound],
) -> Target {
    Target { load, connections, bytes, outstanding, figure: RATE, bounds }
}

const fn memory(load: &'static str) -> Target {
    let bounds = &[Absolute(16.0)];
    Target {
        load,
        connections: &[10_000],
        bytes: 0,
        outstanding: 1,
        figure: "KiB/connection",
        bounds,
    }
}

const fn delay(load: &'static str, bounds: &'static [Bound]) -> Target {
    Target {
        load,
        connections: &[2_000],
        bytes: 0,
        outstanding: 1,
        figure: "last delivery ms",
        bounds,
    }
}

const fn losses(load: &'static str) -> Target {
    let bounds = &[Absolute(0.0)];
    Target { load, connections: &[2_000, 10_000], bytes: 0, outstanding: 1, figure: "lost", bounds }
}

const TARGETS: &[Target] = &[
    rate(
        keep_alive::NAME,
        &[64, 512],
        0,
        1,
        &[
            AtLeast(YARDSTICK, 0.95),
            AtLeast("tiny_http", 1.6),
            AtLeast("express", 10.0),
            AtLeast("bun", 1.0),
            AtLeast("axum", 0.9),
        ],
    ),
    rate(
        connection_per_request::NAME,
        &[64],
        0,
        1,
        &[AtLeast(YARDSTICK, 1.0), AtLeast("tiny_http", 1.0)],
    ),
    rate(
        echo::NAME,
        &[64],
        32,
        1,
        &[
            AtLeast(YARDSTICK, 0.95),
            AtLeast("tungstenite", 1.2),
            AtLeast("ws", 1.0),
            AtLeast("axum", 0.9),
        ],
    ),
    rate(
        echo::NAME,
        &[64],
        32,
        16,
        &[
            AtLeast(YARDSTICK, 0.8),
            AtLeast("tungstenite", 3.8),
            AtLeast("ws", 10.0),
            AtLeast("axum", 4.5),
            AtLeast("bun", 0.75),
        ],
    ),
    rate(
        echo::NAME,
        &[64],
        16 * 1024,
        1,
        &[
            AtLeast(YARDSTICK, 0.95),
            AtLeast("tungstenite", 1.08),
            AtLeast("axum", 1.0),
            AtLeast("bun", 1.0),
            AtLeast("ws", 4.0),
        ],
    ),
    memory(parked::LONG_POLL),
    memory(parked::STREAM),
    memory(idle::NAME),
    delay(parked::LONG_POLL, &[AtMost("bun", 1.0), AtMost("node", 1.0)]),
    delay(parked::STREAM, &[AtMost("bun", 1.0), AtMost("node", 1.0)]),
    delay(parked::SOCKET, &[AtMost("bun", 1.0), AtMost("ws", 1.0)]),
    losses(parked::LONG_POLL),
    losses(parked::STREAM),
    losses(parked::SOCKET),
];

/// One row of the table of targets for everything that was measured.
pub fn rows(results: &Results) -> Vec<String> {
    let mut rows = Vec::new();
    for target in TARGETS {
        for connections in target.connections {
            let point = Point {
                load: target.load.to_owned(),
                connections: *connections,
                bytes: target.bytes,
                outstanding: target.outstanding,
            };
            for bound in target.bounds {
                rows.extend(target.row(results, &point, bound));
            }
        }
    }
    rows
}

impl Target {
    fn row(&self, results: &Results, point: &Point, bound: &Bound) -> Option<String> {
        let ratio = |peer: &str| results.ratio(point, OURS, peer, self.figure);
        let (wanted, reached, met) = match *bound {
            AtLeast(peer, least) => {
                let reached = ratio(peer)?;
                (format!("≥ {least} × {peer}"), reached, reached >= least)
            }
            AtMost(peer, most) => {
                let reached = ratio(peer)?;
                (format!("≤ {most} × {peer}"), reached, reached <= most)
            }
            Absolute(most) => {
                let reached = results.summary(point, OURS, self.figure)?.median;
                (format!("≤ {most}"), reached, reached <= most)
            }
        };
        let verdict = if met { "yes" } else { "**no**" };
        Some(format!(
            "| {} | {} | {wanted} | {reached:.2} | {verdict} |",
            point.describe(),
            self.figure
        ))
    }
}
