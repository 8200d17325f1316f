//! Which loads, in which sizes, for how long, and in which order.
//!
//! Servers take turns (A B A B): a disturbance that lasts hits them all, and a ratio is taken
//! within a round.

use std::path::Path;
use std::time::Duration;

use crate::loads::{Pace, connection_per_request, echo, idle, keep_alive, parked, slow_readers};
use crate::peers::{Family, OURS, PEERS, PROGRAMS, Paths, Program};
use crate::protocol::{connect, get, read_head, shape};
use crate::results::{Point, Results, Run};
use crate::server::Server;

/// For ten thousand parked connections and a few more.
pub const OPEN_FILES: u64 = 10_200;

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Effort {
    Quick,
    Usual,
    Full,
}

impl Effort {
    pub fn name(self) -> &'static str {
        match self {
            Effort::Quick => "quick",
            Effort::Usual => "usual",
            Effort::Full => "full",
        }
    }

    fn pick<T>(self, quick: T, usual: T, full: T) -> T {
        match self {
            Effort::Quick => quick,
            Effort::Usual => usual,
            Effort::Full => full,
        }
    }

    fn pace(self) -> Pace {
        let (warm_up, length) = self.pick((50, 250), (150, 1000), (300, 1000));
        Pace { warm_up: Duration::from_millis(warm_up), length: Duration::from_millis(length) }
    }
}

const LOADS: &[&str] = &[
    keep_alive::NAME,
    connection_per_request::NAME,
    echo::NAME,
    idle::NAME,
    parked::LONG_POLL,
    parked::STREAM,
    parked::SOCKET,
    slow_readers::STREAM,
    slow_readers::SOCKET,
];

/// A peer's or a load's name, as `--only` takes it.
pub fn known_name(name: &str) -> Result<&'static str, String> {
    let mut names = PEERS.iter().map(|peer| peer.name).chain(LOADS.iter().copied());
    names.find(|known| *known == name).ok_or_else(|| {
        let peers: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
        format!(
            "no peer and no load is called {name}\npeers: {}\nloads: {}",
            peers.join(", "),
            LOADS.join(", ")
        )
    })
}

struct Plan<'a> {
    effort: Effort,
    only: &'a [&'static str],
    paths: Paths,
    /// How many bytes our answer to `GET /` has, for the yardsticks.
    answer: Option<usize>,
    results: &'a mut Results,
}

pub fn carry_out(package: &Path, effort: Effort, only: &[&'static str], results: &mut Results) {
    let mut plan = Plan { effort, only, paths: Paths::new(package), answer: None, results };
    plan.answer = plan.our_answer();
    plan.throughput(Family::Time, &plan.sizes(keep_alive::NAME), |server, program, pace, run| {
        keep_alive::run(server, program.target, pace, run)
    });
    plan.throughput(
        Family::Time,
        &plan.sizes(connection_per_request::NAME),
        |server, program, pace, run| connection_per_request::run(server, program.target, pace, run),
    );
    plan.throughput(Family::Echo, &plan.sizes(echo::NAME), |server, program, pace, run| {
        echo::run(server, program.target, program.is_verbatim(), pace, run)
    });
    plan.fresh_servers(Family::Echo, &plan.sizes(idle::NAME), |server, program, run| {
        idle::run(server, program.target, program.is_verbatim(), run)
    });
    let publishes = effort.pick(3, 5, 5);
    for (load, family) in [
        (parked::LONG_POLL, Family::Poll),
        (parked::STREAM, Family::Stream),
        (parked::SOCKET, Family::Socket),
    ] {
        plan.fresh_servers(family, &plan.sizes(load), |server, program, run| {
            parked::run(server, program, publishes, run)
        });
    }
    for (load, family) in
        [(slow_readers::STREAM, Family::Stream), (slow_readers::SOCKET, Family::Socket)]
    {
        plan.fresh_servers(family, &plan.sizes(load), |server, program, run| {
            // More than the kernel takes on a slow reader's behalf (tcp_wmem), so that the server
            // has to decide.
            slow_readers::run(server, program, 600, run)
        });
    }
}

impl Plan<'_> {
    /// The sizes of a load; none if it is not wanted.
    fn sizes(&self, load: &str) -> Vec<Point> {
        if !self.is_wanted(load, LOADS) {
            return Vec::new();
        }
        let effort = self.effort;
        let point = |connections, bytes, outstanding| Point {
            load: load.to_owned(),
            connections,
            bytes,
            outstanding,
        };
        let crowd =
            |connections: &[usize]| connections.iter().map(|count| point(*count, 0, 1)).collect();
        match load {
            keep_alive::NAME => crowd(effort.pick(&[64], &[1, 64, 512], &[1, 64, 512])),
            connection_per_request::NAME => crowd(&[64]),
            echo::NAME => {
                let kinds = [(32, 1), (32, 16), (16 * 1024, 1), (16 * 1024, 16)];
                // Sixteen long messages at a time are many bytes and little news.
                let kinds = &kinds[..effort.pick(3, 3, 4)];
                let counts: &[usize] = effort.pick(&[64], &[1, 64, 512], &[1, 64, 512]);
                let of = |&(bytes, outstanding)| {
                    counts.iter().map(move |count| point(*count, bytes, outstanding))
                };
                kinds.iter().flat_map(of).collect()
            }
            slow_readers::SOCKET if effort == Effort::Quick => Vec::new(),
            slow_readers::STREAM | slow_readers::SOCKET => vec![point(16, 16 * 1024, 1)],
            _ => crowd(effort.pick(&[2_000], &[2_000, 10_000], &[2_000, 10_000])),
        }
    }

    fn is_wanted(&self, name: &str, among: &[&str]) -> bool {
        let named: Vec<_> = self.only.iter().filter(|only| among.contains(only)).collect();
        named.is_empty() || named.iter().any(|only| **only == name)
    }

    fn programs(&self, family: Family) -> Vec<&'static Program> {
        let peers: Vec<_> = PEERS.iter().map(|peer| peer.name).collect();
        PROGRAMS
            .iter()
            .filter(|program| program.family == family && self.is_wanted(program.peer, &peers))
            .collect()
    }

    fn start(&self, program: &Program) -> Result<Server, String> {
        Server::start(&mut program.command(&self.paths, self.answer)?, program.label)
    }

    /// Asks our own server once, so that the yardsticks can send as many bytes.
    fn our_answer(&self) -> Option<usize> {
        let program = PROGRAMS
            .iter()
            .find(|program| program.peer == OURS && program.family == Family::Time)?;
        let server = self.start(program).ok()?;
        let mut stream = connect(server.address).ok()?;
        std::io::Write::write_all(&mut stream, &get(server.address, program.target, false)).ok()?;
        let mut answer = read_head(&mut stream).ok()?;
        let mut byte = [0];
        while shape(&answer).ok()?.is_none()
            && std::io::Read::read(&mut stream, &mut byte).ok()? == 1
        {
            answer.push(byte[0]);
        }
        Some(answer.len())
    }

    /// All servers run at once, idle but for the one whose turn it is, so that a just-in-time
    /// compiler stays warm.
    fn throughput(
        &mut self,
        family: Family,
        points: &[Point],
        measure: impl Fn(&Server, &Program, Pace, &mut Run) -> Result<(), String>,
    ) {
        if points.is_empty() {
            return;
        }
        let servers: Vec<_> = self
            .programs(family)
            .into_iter()
            .map(|program| (program, self.start(program)))
            .collect();
        let pace = self.effort.pace();
        for point in points {
            let mut able = Vec::new();
            for (program, server) in &servers {
                let mut run = Run::new(point, program.peer, 0);
                // Unmeasured: a first turn for every server.
                let warm = Pace {
                    warm_up: Duration::ZERO,
                    length: self.effort.pick(pace.length / 2, pace.length, pace.length),
                };
                let tried = server.as_ref().map_err(Clone::clone).and_then(|server| {
                    measure(server, program, warm, &mut run)?;
                    Ok(server)
                });
                match tried {
                    Ok(server) => able.push((program, server)),
                    Err(error) => self.note_failure(run, error),
                }
            }
            let first = self.results.rounds(point);
            for round in first..first + self.effort.pick(2, 3, 5) {
                for (program, server) in &able {
                    self.try_run(point, program, round, |_, run| {
                        measure(server, program, pace, run)
                    });
                }
            }
        }
    }

    /// A new server for every run, so that its memory is what this load made of it.
    fn fresh_servers(
        &mut self,
        family: Family,
        points: &[Point],
        measure: impl Fn(&Server, &Program, &mut Run) -> Result<(), String>,
    ) {
        for point in points {
            let first = self.results.rounds(point);
            // The largest crowds take long to gather.
            let rounds = if point.connections > 2_000 {
                self.effort.pick(1, 1, 2)
            } else {
                self.effort.pick(1, 2, 3)
            };
            for round in first..first + rounds {
                for program in self.programs(family) {
                    let failed = self.results.failure(point, program.peer).is_some();
                    if failed {
                        continue;
                    }
                    self.try_run(point, program, round, |plan, run| {
                        measure(&plan.start(program)?, program, run)
                    });
                }
            }
        }
    }

    /// A spoiled run is repeated where there is time for it.
    fn try_run(
        &mut self,
        point: &Point,
        program: &Program,
        round: usize,
        measure: impl Fn(&Self, &mut Run) -> Result<(), String>,
    ) {
        let tries = self.effort.pick(1, 2, 3);
        let mut run = Run::new(point, program.peer, round);
        for _ in 0..tries {
            run = Run::new(point, program.peer, round);
            if let Err(error) = measure(self, &mut run) {
                return self.note_failure(run, error);
            }
            if !run.spoiled {
                break;
            }
        }
        let figures: Vec<_> =
            run.figures.iter().map(|(name, value)| format!("{name} {value:.1}")).collect();
        let spoiled = if run.spoiled { " (other load)" } else { "" };
        eprintln!("{}: {}: {}{spoiled}", point.describe(), run.peer, figures.join(", "));
        self.results.runs.push(run);
    }

    fn note_failure(&mut self, mut run: Run, error: String) {
        eprintln!("{}: {}: {error}", run.point.describe(), run.peer);
        run.failure = Some(error);
        self.results.runs.push(run);
    }
}
