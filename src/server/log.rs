//! What people may read, or not: the log on standard error, and what a conversation prints on
//! standard output.
//!
//! A terminal that stands still (Ctrl-S, a pager, a full pipe) blocks whoever writes to it. Here
//! that is a thread which does nothing else; everybody else puts a line into its queue and goes
//! on. What is too much for the queue is lost.

use crate::terminal::print;
use std::io::{self, Write};
use std::sync::OnceLock;
use std::sync::mpsc::{SyncSender, sync_channel};
use std::thread;

/// How many lines may wait for whoever reads them.
const QUEUE: usize = 1000;

type Queue = OnceLock<SyncSender<String>>;
static LOG: Queue = Queue::new();
static OUTPUT: Queue = Queue::new();

/// Writes one line to the log at once. If nobody can read it, nobody misses it.
pub fn log(line: &str) {
    let _ = writeln!(io::stderr(), "{line}");
}

/// The same for whoever must not wait for the reader of the log.
pub fn note(line: String) {
    match LOG.get() {
        Some(queue) => drop(queue.try_send(line)),
        None => log(&line),
    }
}

/// Prints text on standard output without waiting for its reader; for conversations.
pub fn say(text: String) {
    match OUTPUT.get() {
        Some(queue) => drop(queue.try_send(text)),
        None => print(&text),
    }
}

/// Starts the two threads that write, unless a server of this process has done so.
pub(super) fn start() -> io::Result<()> {
    start_queue(&LOG, "log", log)?;
    start_queue(&OUTPUT, "output", print)
}

fn start_queue(queue: &Queue, name: &str, write: fn(&str)) -> io::Result<()> {
    if queue.get().is_none() {
        let (sender, lines) = sync_channel::<String>(QUEUE);
        let write_all = move || lines.into_iter().for_each(|line| write(&line));
        thread::Builder::new().name(name.into()).spawn(write_all)?;
        // Where another server was quicker, this thread finds its queue dropped, and ends.
        let _ = queue.set(sender);
    }
    Ok(())
}
