//! `GET` of the time, again and again on the same connections.

use crate::closed_loop;
use crate::loads::{Pace, note_throughput};
use crate::protocol::{Times, connect, get};
use crate::results::Run;
use crate::server::Server;

pub const NAME: &str = "keep-alive";

pub fn run(server: &Server, target: &str, pace: Pace, run: &mut Run) -> Result<(), String> {
    let request = get(server.address, target, false);
    let connections = (0..run.point.connections)
        .map(|_| connect(server.address).map(|stream| (stream, Times::default())));
    let (done, cost, resident) = closed_loop::run(server, connections, &request, 1, pace)?;
    note_throughput(run, done, &cost, resident);
    Ok(())
}
