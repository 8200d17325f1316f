//! The numbered log that every technique reads.
//!
//! Comes after `clock`, and knows no socket. One lock, one condition variable.
//!
//! ```text
//!              oldest                newest
//!   … 4 5 6  | 7 8 9 10 11 12 13 14 15 |    publish adds at the right,
//!       ▲            ▲              ▲             the bound drops at the left
//!       reader A     reader B       reader C    a reader is a number: the last id it has seen
//! ```
//!
//! Polling asks what is [`after`](Feed::after) its number. Long polling, the streams and the
//! WebSocket [`wait_after`](Feed::wait_after) it. There is no queue per reader: a slow reader holds
//! nobody up and costs nothing, and one that comes back after a cut asks from where it was. One
//! that stays away so long that the log has moved on is told how many messages it missed.
//!
//! Left out: the log lives in memory and ends with the process. The hub can keep it elsewhere, and
//! then this is a window of it, filled by [`append`](Feed::append).

use crate::clock;
use std::collections::VecDeque;
use std::fmt;
use std::str::FromStr;
use std::sync::{Arc, Condvar, Mutex, MutexGuard};
use std::time::Instant;

/// The name of one message: which run of the server, and which message of that run, counted from 1.
///
/// On the wire `1763700000000-42`. The run is part of it so that a client that comes back after a
/// restart cannot take the new run's message 43 for the one it was waiting for. Digits and a dash
/// only: it also travels in `Last-Event-ID`, where browsers may one day want nothing that CORS
/// calls unsafe (Fetch, "CORS-safelisted request-header").
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Id {
    /// The run: when it began, in milliseconds since the Unix epoch.
    pub epoch: u64,
    /// The message. 0 stands before the first.
    pub seq: u64,
}

/// One message of the log.
#[derive(Debug, PartialEq, Eq)]
pub struct Message {
    /// Its name.
    pub id: Id,
    /// When it was published, in milliseconds since the Unix epoch.
    pub time: u64,
    /// Its event type; `message` unless said otherwise.
    pub event: String,
    /// Its text.
    pub data: String,
    /// What readers are sent of it: written once, when it is published, and shared by all of them.
    /// Empty in a feed that was not told how to write.
    pub written: String,
}

impl Message {
    /// What it takes of the log's bytes.
    fn size(&self) -> usize {
        self.data.len() + self.written.len()
    }
}

/// The most that a reader is given at once, in bytes as they are kept (the text, and what is
/// written of it); one message always fits. A reader that does not take what it is sent holds no
/// more than this, however long the log is.
pub const MAX_NEWS: usize = 32 * 1024;
/// About how many bytes are written around a message: ten thousand empty ones take room, too.
const FRAMING: usize = 64;

/// What a reader gets.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct News {
    /// The messages after the reader's number, oldest first; of many, the first [`MAX_NEWS`]
    /// bytes. Shared, not copied.
    pub messages: Vec<Arc<Message>>,
    /// What lay between the reader's number and the first of these.
    pub gap: Gap,
    /// The reader's next number, after which the rest comes.
    pub last: Id,
}

/// What a reader has missed for good.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Gap {
    /// Nothing.
    #[default]
    None,
    /// So many messages: the log had dropped them before the reader came.
    Missed(u64),
    /// Nobody can say how many: the reader's number is from another run of the server.
    OtherRun,
}

/// The log.
pub struct Feed {
    max_messages: usize,
    max_bytes: usize,
    log: Mutex<Log>,
    published: Condvar,
    /// How a message is written for its readers.
    write: fn(&Message) -> String,
}

struct Log {
    epoch: u64,
    messages: VecDeque<Arc<Message>>,
    bytes: usize,
    /// The number of the newest message ever published, kept or not.
    newest: u64,
}

impl Feed {
    /// An empty log that keeps the last `max_messages`, and of those no more than `max_bytes`
    /// together (but always the newest). `epoch` is when this run began, in milliseconds since the
    /// Unix epoch.
    pub fn new(epoch: u64, max_messages: usize, max_bytes: usize) -> Feed {
        Feed::writing(epoch, max_messages, max_bytes, |_| String::new())
    }

    /// The same, with each message [written](Message::written) when it is published: what a
    /// thousand readers are sent is then written once, and the bounds count it.
    pub fn writing(
        epoch: u64,
        max_messages: usize,
        max_bytes: usize,
        write: fn(&Message) -> String,
    ) -> Feed {
        let log = Mutex::new(Log { epoch, messages: VecDeque::new(), bytes: 0, newest: 0 });
        Feed { max_messages, max_bytes, log, published: Condvar::new(), write }
    }

    /// Adds a message and wakes everyone who waits. Never waits for a reader.
    ///
    /// ```
    /// use push_by_hand::feed::Feed;
    /// let feed = Feed::new(1763700000000, 100, 1 << 20);
    /// let before = feed.newest();
    /// assert_eq!(feed.publish("hello").to_string(), "1763700000000-1");
    /// assert_eq!(feed.after(before).messages[0].data, "hello");
    /// ```
    pub fn publish(&self, data: &str) -> Id {
        self.publish_event("message", data)
    }

    /// The same with an event type.
    pub fn publish_event(&self, event: &str, data: &str) -> Id {
        let mut log = self.lock();
        let id = Id { epoch: log.epoch, seq: log.newest + 1 };
        self.add(&mut log, id, clock::unix_millis(), event, data);
        drop(log);
        self.published.notify_all();
        id
    }

    /// Adds a message that was numbered elsewhere, for a log that is a window of another. Numbers
    /// only go up: one that we have is passed over. Where numbers are left out, the log begins anew
    /// behind the hole, as if the bound had dropped what is before it. Another epoch is another
    /// run.
    pub fn append(&self, id: Id, time: u64, event: &str, data: &str) {
        let mut log = self.lock();
        if id.epoch != log.epoch {
            log.begin(id.epoch, id.seq.saturating_sub(1));
        }
        if id.seq <= log.newest {
            return;
        }
        if id.seq - log.newest > 1 {
            log.begin(id.epoch, id.seq - 1);
        }
        self.add(&mut log, id, time, event, data);
        drop(log);
        self.published.notify_all();
    }

    /// Empties the log: from here on it is that of another run, and its readers are told so.
    pub fn restart(&self, epoch: u64) {
        self.lock().begin(epoch, 0);
        self.published.notify_all();
    }

    /// Adds the message that comes next, and drops those that are too many.
    fn add(&self, log: &mut Log, id: Id, time: u64, event: &str, data: &str) {
        let (event, data) = (event.to_owned(), data.to_owned());
        let mut message = Message { id, time, event, data, written: String::new() };
        message.written = (self.write)(&message);
        log.newest = id.seq;
        log.bytes += message.size();
        log.messages.push_back(Arc::new(message));
        while log.messages.len() > 1
            && (log.messages.len() > self.max_messages || log.bytes > self.max_bytes)
        {
            log.bytes -= log.messages.pop_front().map_or(0, |oldest| oldest.size());
        }
    }

    /// What comes after `id`, at once; nothing new is an empty answer.
    pub fn after(&self, id: Id) -> News {
        self.news(&self.lock(), id)
    }

    /// What comes after `id`; where there is nothing yet, waits until there is, or until
    /// `deadline`.
    ///
    /// Looking and going to sleep happen under the one lock that `publish` needs, so that no
    /// message can fall between the two.
    pub fn wait_after(&self, id: Id, deadline: Instant) -> News {
        let mut log = self.lock();
        loop {
            let news = self.news(&log, id);
            let left = deadline.saturating_duration_since(Instant::now());
            if !news.is_empty() || left.is_zero() {
                return news;
            }
            (log, _) = self
                .published
                .wait_timeout(log, left)
                .expect("nothing panics under this lock because it only counts");
        }
    }

    /// The id of the newest message: whoever begins here gets only what is to come.
    pub fn newest(&self) -> Id {
        self.lock().newest_id()
    }

    /// The id before the newest message: whoever begins here gets that one at once, and then
    /// what is to come.
    pub fn before_newest(&self) -> Id {
        let newest = self.newest();
        Id { seq: newest.seq.saturating_sub(1), ..newest }
    }

    /// The id before the first message: whoever begins here gets all that is kept.
    pub fn start(&self) -> Id {
        Id { epoch: self.lock().epoch, seq: 0 }
    }

    /// How many messages the log keeps at present, and how many bytes they take together.
    pub fn size(&self) -> (usize, usize) {
        let log = self.lock();
        (log.messages.len(), log.bytes)
    }

    fn lock(&self) -> MutexGuard<'_, Log> {
        self.log.lock().expect("nothing panics under this lock because it only counts")
    }

    fn news(&self, log: &Log, id: Id) -> News {
        // The number before the oldest message that is kept.
        let dropped = log.newest - log.messages.len() as u64;
        // An id of another run, or one that we have yet to give out, says nothing about this log.
        let (seq, gap) = if id != Id::START && id.epoch != log.epoch || id.seq > log.newest {
            (0, Gap::OtherRun)
        } else {
            let missed = dropped.saturating_sub(id.seq);
            (id.seq, if missed > 0 { Gap::Missed(missed) } else { Gap::None })
        };
        let skip = usize::try_from(seq.saturating_sub(dropped)).unwrap_or(usize::MAX);
        let mut bytes = 0;
        let fits = |message: &&Arc<Message>| {
            let before = bytes;
            bytes += message.size() + FRAMING;
            before == 0 || bytes <= MAX_NEWS
        };
        let messages: Vec<_> = log.messages.iter().skip(skip).take_while(fits).cloned().collect();
        let last = messages.last().map_or(log.newest_id(), |message| message.id);
        News { messages, gap, last }
    }
}

impl Log {
    fn newest_id(&self) -> Id {
        Id { epoch: self.epoch, seq: self.newest }
    }

    /// Empties it, so that `newest` is the last number that has passed.
    fn begin(&mut self, epoch: u64, newest: u64) {
        self.messages.clear();
        (self.epoch, self.newest, self.bytes) = (epoch, newest, 0);
    }
}

impl Id {
    /// Before the first message of any run: for a reader that comes when there is no run yet. It
    /// has missed nothing.
    pub const START: Id = Id { epoch: 0, seq: 0 };
    /// An id of no run: for a reader that brings the id of another server.
    pub const FOREIGN: Id = Id { epoch: 0, seq: u64::MAX };
}

impl News {
    /// Whether there is nothing to tell.
    pub fn is_empty(&self) -> bool {
        self.messages.is_empty() && self.gap == Gap::None
    }
}

impl fmt::Display for Id {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", self.epoch, self.seq)
    }
}

/// Reads `epoch-seq`, digits only.
impl FromStr for Id {
    type Err = String;

    fn from_str(text: &str) -> Result<Id, String> {
        let number = |digits: &str| {
            if digits.bytes().all(|byte| byte.is_ascii_digit()) {
                digits.parse().ok()
            } else {
                None
            }
        };
        text.split_once('-')
            .and_then(|(epoch, seq)| Some(Id { epoch: number(epoch)?, seq: number(seq)? }))
            .ok_or_else(|| {
                format!("expected an id as in 1763700000000-42; came \"{}\"", text.escape_debug())
            })
    }
}

#[cfg(test)]
mod tests;
