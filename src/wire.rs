//! The wire view: what crosses a socket, in both directions.

use std::net::SocketAddr;
use std::sync::Arc;

/// Something that happened on a connection, as its tap sees it.
#[derive(Clone, Copy, Debug)]
pub enum Crossing<'a> {
    /// The connection began; this is the peer.
    Opened(SocketAddr),
    /// These octets came, in one read.
    Received(&'a [u8]),
    /// These octets leave, in one write.
    Sent(&'a [u8]),
    /// The connection is over.
    Closed,
}

/// Who watches a connection: called with its number and with each crossing, on the thread where it happens.
pub type Tap = Arc<dyn Fn(u64, Crossing<'_>) + Send + Sync>;

/// Shows what crosses on the terminal.
pub fn to_terminal() -> Tap {
    Arc::new(|number, crossing| crate::lesson::print(&format!("{number} {crossing:?}\n")))
}
