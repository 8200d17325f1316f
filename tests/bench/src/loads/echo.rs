//! WebSocket messages that come back, with one or more outstanding on each connection.

use crate::closed_loop;
use crate::loads::{Pace, note_throughput};
use crate::protocol::{Echoes, Frames, open_socket};
use crate::results::Run;
use crate::server::Server;

pub const NAME: &str = "echo";

pub fn run(
    server: &Server,
    target: &str,
    verbatim: bool,
    pace: Pace,
    run: &mut Run,
) -> Result<(), String> {
    let frames = Frames::new(run.point.bytes, verbatim);
    let connections = (0..run.point.connections)
        .map(|_| open_socket(server.address, target).map(|stream| (stream, Echoes::new(&frames))));
    let (done, cost, resident) =
        closed_loop::run(server, connections, &frames, run.point.outstanding, pace)?;
    note_throughput(run, done, &cost, resident);
    Ok(())
}
