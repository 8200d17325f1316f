//! The log of many hubs: Redis keeps it, and each hub holds a window of it.
//!
//! ```text
//! POST /publish ─▶ publish ─▶ XADD push:NAME        one connection, in batches
//! readers ◀─ Feed ◀─ follow ◀─ XREAD BLOCK push:…   one connection for all channels
//! ```
//!
//! A window is filled by what comes back from Redis and by nothing else, so all readers of all
//! hubs see one order: the one in which Redis numbered the messages. The ids are Redis' own, in
//! the form that ours have anyway: `epoch-seq`. The epoch is agreed on once a stream, by whichever
//! hub begins it.
//!
//! Left out: a cluster of Redis servers. A stream lives on one of them, and so would a hub's.

mod follow;
mod link;
mod publish;
mod resp;

pub use link::Address;

use follow::{BLOCK, client_number};
use link::Link;
use publish::{Publication, Task};
use push_by_hand::clock;
use push_by_hand::connection::Tap;
use push_by_hand::feed::{Feed, Id};
use std::collections::BTreeMap;
use std::sync::atomic::{AtomicI64, AtomicU64, Ordering};
use std::sync::mpsc::{SyncSender, sync_channel};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, Weak};
use std::thread;
use std::time::{Duration, Instant};

/// How many messages may wait for their turn: one for each publishing thread, within reason.
const WAITING: usize = 1024;
/// How long a publisher or a channel's first reader waits for Redis.
const PATIENCE: Duration = Duration::from_secs(5);
/// How many channels are followed at most, so that one entry of each fits into a reply.
const MOST_FOLLOWED: usize = 200;

/// The hub's end of Redis.
pub struct Redis {
    address: Address,
    tap: Option<Tap>,
    tasks: SyncSender<Task>,
    watched: Mutex<BTreeMap<String, Watched>>,
    changed: Condvar,
    /// The number that Redis gave the connection which follows, to wake it by; -1 without one.
    waiting: AtomicI64,
    reconnects: AtomicU64,
    /// When the windows were last known to hold all that Redis had, in milliseconds since the Unix
    /// epoch.
    in_step: AtomicU64,
}

/// A channel that this hub follows.
struct Watched {
    /// Held by the channel and its readers: without them it is followed no longer.
    feed: Weak<Feed>,
    state: Window,
}

/// Whether a window holds what Redis has.
#[derive(Clone, PartialEq, Eq)]
enum Window {
    /// It has not been compared since the connection began.
    Unknown,
    /// It will once this message has come.
    Until(Id),
    /// It does, up to what is on its way.
    Filled,
    /// It never will: the key holds something else.
    Failed(String),
}

/// How far the hub is behind Redis, for `/status`.
pub struct Standing {
    /// Where Redis is.
    pub address: String,
    /// For how long the windows may have missed something.
    pub behind: Duration,
    /// How often the connection that follows was lost.
    pub reconnects: u64,
}

impl Redis {
    /// Connects, and begins to publish and to follow.
    ///
    /// # Errors
    /// Redis is not there, or will not have us.
    pub fn start(address: Address, tap: Option<Tap>) -> Result<Arc<Redis>, String> {
        let at = |failure: link::Failure| format!("{address}: {failure}");
        let mut link = Link::open(&address, tap.clone()).map_err(at)?;
        let number = client_number(&mut link).map_err(at)?;
        let (tasks, to_do) = sync_channel(WAITING);
        let redis = Arc::new(Redis {
            address,
            tap,
            tasks,
            watched: Mutex::default(),
            changed: Condvar::new(),
            waiting: AtomicI64::new(number),
            reconnects: AtomicU64::new(0),
            in_step: AtomicU64::new(clock::unix_millis()),
        });
        let (publishing, following) = (Arc::clone(&redis), Arc::clone(&redis));
        let start = |name: &str, run: Box<dyn FnOnce() + Send>| {
            let thread = thread::Builder::new().name(name.into()).spawn(run);
            thread.map_err(|error| format!("no thread to be had: {error}"))
        };
        start("redis-publish", Box::new(move || publishing.publish_all(&to_do)))?;
        start("redis-follow", Box::new(move || following.follow_for_ever(link)))?;
        Ok(redis)
    }

    /// Publishes a message and waits until Redis has it.
    ///
    /// # Errors
    /// Why it may not have it. It still may: a connection that ends leaves that open.
    pub fn publish(
        &self,
        channel: &str,
        feed: &Feed,
        event: &str,
        data: &str,
    ) -> Result<Id, String> {
        let (done, outcome) = sync_channel(1);
        let publication = Publication {
            channel: channel.to_owned(),
            epoch: feed.newest().epoch,
            event: event.to_owned(),
            data: data.to_owned(),
            begun: false,
            until: Instant::now() + PATIENCE,
            done,
        };
        let full = |_| format!("expected Redis to keep up; {WAITING} messages wait for it");
        self.tasks.try_send(Task::Publish(publication)).map_err(full)?;
        outcome.recv_timeout(PATIENCE).map_err(|_| "Redis did not answer in time".to_owned())?
    }

    /// Follows a channel for as long as somebody holds `feed`, and returns when that holds what
    /// Redis has of it.
    ///
    /// # Errors
    /// Redis is away; or the channel's key holds something else.
    pub fn follow(&self, channel: &str, feed: &Arc<Feed>) -> Result<(), String> {
        let mut watched = self.lock();
        watched.retain(|_, watched| watched.feed.strong_count() > 0);
        let weak = Arc::downgrade(feed);
        if watched.get(channel).is_none_or(|watched| !watched.feed.ptr_eq(&weak)) {
            if watched.len() >= MOST_FOLLOWED {
                return Err(format!("expected at most {MOST_FOLLOWED} channels; came one more"));
            }
            watched.insert(channel.to_owned(), Watched { feed: weak, state: Window::Unknown });
            self.wake();
        }
        let state = |watched: &BTreeMap<String, Watched>| {
            watched.get(channel).map_or(Window::Unknown, |watched| watched.state.clone())
        };
        let unfilled = |watched: &mut BTreeMap<String, Watched>| {
            matches!(state(watched), Window::Unknown | Window::Until(_))
        };
        let patience = if self.is_away() { Duration::ZERO } else { PATIENCE };
        let (watched, _) = self
            .changed
            .wait_timeout_while(watched, patience, unfilled)
            .expect("nothing panics under this lock because it only looks up");
        match state(&watched) {
            Window::Filled => Ok(()),
            Window::Failed(why) => Err(why),
            Window::Unknown | Window::Until(_) => Err(self.away()),
        }
    }

    /// Follows a channel, and asks Redis once more how far it is: returns when the window is there.
    ///
    /// # Errors
    /// As [`follow`](Redis::follow).
    pub fn catch_up(&self, channel: &str, feed: &Arc<Feed>) -> Result<(), String> {
        if self.is_away() {
            return Err(self.away());
        }
        if let Some(watched) = self.lock().get_mut(channel) {
            watched.state = Window::Unknown;
        }
        self.wake();
        self.follow(channel, feed)
    }

    /// Ends the `XREAD` that waits, because there is something else to do first.
    fn wake(&self) {
        self.changed.notify_all();
        // Where there is no room, the publishing thread is awake and busy, and the next XREAD comes
        // a moment later.
        let _ = self.tasks.try_send(Task::Wake);
    }

    fn is_away(&self) -> bool {
        self.waiting.load(Ordering::Relaxed) == -1
    }

    fn away(&self) -> String {
        format!("expected what {} has of this channel; it is away", self.address)
    }

    /// How it goes.
    pub fn standing(&self) -> Standing {
        let since = clock::unix_millis().saturating_sub(self.in_step.load(Ordering::Relaxed));
        // Where nothing is published, word comes once a `BLOCK`.
        let quiet = self.lock().is_empty() || u128::from(since) < 2 * BLOCK.as_millis();
        let behind = if quiet { 0 } else { since };
        Standing {
            address: self.address.to_string(),
            behind: Duration::from_millis(behind),
            reconnects: self.reconnects.load(Ordering::Relaxed),
        }
    }

    fn lock(&self) -> MutexGuard<'_, BTreeMap<String, Watched>> {
        self.watched.lock().expect("nothing panics under this lock because it only looks up")
    }
}

/// The stream of a channel.
fn key(channel: &str) -> String {
    format!("push:{channel}")
}
