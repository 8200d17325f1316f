//! Subscribers that never read, among subscribers that do.
//!
//! Measured: what the slow ones cost the server in memory, and whether the others wait for them.

use rustix::net::sockopt::set_socket_recv_buffer_size;

use crate::loads::parked::{Crowd, Publisher, subscribe};
use crate::machine::Span;
use crate::peers::Program;
use crate::results::{Run, median};
use crate::server::Server;

pub const STREAM: &str = "slow event streams";
pub const SOCKET: &str = "slow sockets";

/// As many that read as that do not.
const READERS: usize = 16;

pub fn run(
    server: &Server,
    program: &Program,
    publishes: usize,
    run: &mut Run,
) -> Result<(), String> {
    let slow = run.point.connections;
    let mut publisher = Publisher::new(server, program)?;
    let mut readers = Crowd::gather(server, program, &publisher, READERS)?;
    let stuck = (0..slow)
        .map(|_| {
            let stream = subscribe(server, program, &publisher)?;
            // The kernel would otherwise take megabytes on the slow reader's behalf.
            set_socket_recv_buffer_size(&stream, 4096)?;
            Ok(stream)
        })
        .collect::<std::io::Result<Vec<_>>>()
        .map_err(|error| error.to_string())?;
    server.settle();
    let before = server.resident();
    let filling = "x".repeat(run.point.bytes);
    let span = Span::begin(server);
    let (mut last, mut lost) = (Vec::new(), 0);
    for number in 0..publishes {
        let token = format!("news-{number:04}-of-the-day");
        let delays =
            readers.publish_to_all(&mut publisher, &format!("{filling}{token}"), &token)?;
        lost += READERS - delays.len();
        last.extend(delays.last().copied());
    }
    let cost = span.end(server);
    run.note(&cost);
    run.set("KiB/slow reader", (server.resident() - before) / slow as f64);
    run.set("slowest publish ms", last.iter().copied().fold(0.0, f64::max));
    run.set("last delivery ms", median(&mut last).ok_or("nobody heard anything")?);
    run.set("server µs/delivery", cost.server * 1e6 / (READERS * publishes) as f64);
    run.set("lost", lost as f64);
    drop(stuck);
    Ok(())
}
