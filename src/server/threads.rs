//! The threads that serve connections: how many there may be, and how they are used again.

use super::log::note;
use super::refusal::{self, Refusals};
use super::responder::Accepted;
use std::collections::VecDeque;
use std::fs;
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Duration;
use std::{io, thread};

/// The stack of a connection's thread, in bytes. It is address space; only what is touched becomes
/// memory.
const STACK: usize = 256 * 1024;
/// How long a thread without a connection waits for the next one before it ends. Waiting costs less
/// than starting another.
const IDLE: Duration = Duration::from_secs(1);

/// The open files that are no connections: listeners, pages, standard streams.
const OTHER_FILES: usize = 64;
/// The address space for one thread, in bytes, where it is limited: the stack, and a share of the
/// heaps, for which the C library claims 64 MiB at a time.
const SPACE: usize = 4 * 1024 * 1024;

/// The threads that serve the connections of all ports of a server. One that has finished waits a
/// moment for the next connection, so that a client that opens one for every request does not pay
/// for a new thread each time.
pub struct Threads {
    max: usize,
    pool: Mutex<Pool>,
    arrived: Condvar,
    /// Asks for one more thread, whose place is taken already.
    wanted: Sender<()>,
    refusals: Refusals,
}

#[derive(Default)]
struct Pool {
    live: usize,
    idle: usize,
    refused: u64,
    waiting: VecDeque<Accepted>,
}

impl Threads {
    /// At most `max` of them, and the thread that starts them.
    pub(super) fn start(max: usize) -> io::Result<Arc<Threads>> {
        let (wanted, orders) = channel();
        let threads = Arc::new(Threads {
            max: max.min(bearable()),
            pool: Mutex::default(),
            arrived: Condvar::new(),
            wanted,
            refusals: Refusals::start()?,
        });
        let starting = Arc::clone(&threads);
        thread::Builder::new().name("starter".into()).spawn(move || starting.fill(&orders))?;
        Ok(threads)
    }

    /// How many threads there are: those that serve a connection, those that wait a moment for the
    /// next, and those taken for something else.
    pub fn live(&self) -> usize {
        self.lock().live
    }

    /// How many there may be.
    pub fn max(&self) -> usize {
        self.max
    }

    /// How many more connections to accept before a thread is woken for the first: none as long as
    /// threads are free, otherwise as many as there may be threads.
    pub(super) fn room(&self) -> usize {
        let pool = self.lock();
        if pool.idle > pool.waiting.len() { 0 } else { self.max - pool.live }
    }

    /// How many connections were refused for want of a thread.
    pub fn refused(&self) -> u64 {
        self.lock().refused
    }

    /// Takes the place of one thread for something else than a connection, until the guard is
    /// dropped; `None` if there is none left.
    pub fn reserve(self: &Arc<Self>) -> Option<Reserved> {
        let mut pool = self.lock();
        if pool.live >= self.max {
            return None;
        }
        pool.live += 1;
        Some(Reserved(Arc::clone(self)))
    }

    fn lock(&self) -> MutexGuard<'_, Pool> {
        self.pool.lock().expect("nothing panics under this lock because it only counts")
    }

    /// Hands the connection to a thread, or refuses it if there is none to be had. Neither takes
    /// long: meanwhile nobody accepts.
    pub(super) fn take(&self, accepted: Accepted) {
        let mut pool = self.lock();
        if pool.idle > pool.waiting.len() {
            pool.waiting.push_back(accepted);
            drop(pool);
            self.arrived.notify_one();
        } else if pool.live < self.max {
            pool.live += 1;
            pool.waiting.push_back(accepted);
            drop(pool);
            self.wanted.send(()).expect("the starter is there because it never ends");
        } else {
            pool.refused += 1;
            drop(pool);
            accepted.refuse(&self.refusals, self.max);
        }
    }

    /// Starts the threads that are wanted, away from the accept loop: it is what costs most.
    fn fill(self: &Arc<Self>, orders: &Receiver<()>) {
        for () in orders {
            let threads = Arc::clone(self);
            let begin = thread::Builder::new().name("connection".into()).stack_size(STACK);
            if let Err(error) = begin.spawn(move || threads.work()) {
                note(format!("no thread to be had: {error}"));
                let mut pool = self.lock();
                pool.live -= 1;
                pool.refused += 1;
                let (held, refused) = (pool.live, pool.waiting.pop_back());
                drop(pool);
                if let Some(accepted) = refused {
                    accepted.refuse(&self.refusals, held);
                }
            }
        }
    }

    /// The life of a thread: a connection, and another, until none comes for a while.
    fn work(&self) {
        let mut pool = self.lock();
        loop {
            if let Some(accepted) = pool.waiting.pop_front() {
                drop(pool);
                // A bug outside the handler (in a tap, say) ends the connection and not the thread,
                // whose place would be lost.
                let _ = catch_unwind(AssertUnwindSafe(|| accepted.serve()));
                pool = self.lock();
                continue;
            }
            pool.idle += 1;
            let (woken, timeout) = self
                .arrived
                .wait_timeout(pool, IDLE)
                .expect("nothing panics under this lock because it only counts");
            pool = woken;
            pool.idle -= 1;
            if timeout.timed_out() && pool.waiting.is_empty() {
                pool.live -= 1;
                return;
            }
        }
    }
}

/// The place of a thread among those a server may have.
pub struct Reserved(Arc<Threads>);

impl Drop for Reserved {
    fn drop(&mut self) {
        self.0.lock().live -= 1;
    }
}

/// The most threads this process can bear. On Linux each maps four regions (its stack, its signal
/// stack, a guard page for each), and the process is not refused but aborted when it runs out of
/// them, or of address space; and each connection is a file.
fn bearable() -> usize {
    let maps = fs::read_to_string("/proc/sys/vm/max_map_count")
        .ok()
        .and_then(|text| text.trim().parse::<usize>().ok());
    let limits = fs::read_to_string("/proc/self/limits").unwrap_or_default();
    let limit = |name| -> Option<usize> {
        let values = limits.lines().find_map(|line| line.strip_prefix(name))?;
        values.split_whitespace().next()?.parse().ok()
    };
    // What the rest of the process needs: libraries and heaps; listeners, pages, standard streams,
    // connections being refused.
    let by_maps = maps.map_or(usize::MAX, |maps| maps.saturating_sub(2_000) / 4);
    let by_files = limit("Max open files")
        .map_or(usize::MAX, |files| files - (files / 2).min(refusal::KEPT + OTHER_FILES));
    let by_space = limit("Max address space").map_or(usize::MAX, |space| space / SPACE);
    by_maps.min(by_files).min(by_space).max(1)
}
