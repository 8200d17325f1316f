//! Publishing to Redis: `XADD`, from one thread, in batches, so that a hundred publishers wait for
//! one answer's time and not for a hundred.
//!
//! What was sent and not answered when the connection ends may be in the stream or not. Its
//! publishers are told 503, and nothing is sent again: twice is worse than not known.

use super::link::{Failure, Link};
use super::resp::Reply;
use super::{Redis, key};
use push_by_hand::clock;
use push_by_hand::feed::Id;
use std::collections::VecDeque;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, SyncSender};
use std::time::{Duration, Instant};

/// How many messages Redis keeps of each channel, or a few more: with `~` it drops whole blocks.
const KEPT: &str = "10000";
/// How many commands leave together.
const BATCH: usize = 64;
/// For how long after a failure publishers are refused at once.
const CLOSED: Duration = Duration::from_millis(100);

/// Adds a message to a stream that has none yet, or whose epoch this hub does not know: one step
/// of Redis', which no other hub can come between. The first message of an epoch is number 1.
const BEGIN: &str = "\
local last = redis.call('XREVRANGE', KEYS[1], '+', '-', 'COUNT', 1)[1]
local id
if last then
  id = string.match(last[1], '%d+') .. '-*'
else
  local now = redis.call('TIME')
  id = now[1] * 1000 + math.floor(now[2] / 1000) .. '-1'
end
return redis.call('XADD', KEYS[1], 'MAXLEN', '~', ARGV[1], id, unpack(ARGV, 2))";

/// What the publishing thread is asked to do.
pub enum Task {
    /// Publish this, and tell the one who waits.
    Publish(Publication),
    /// End the `XREAD` that waits: the channels have changed.
    Wake,
}

pub struct Publication {
    pub channel: String,
    /// The stream's epoch, if it is known; 0 otherwise.
    pub epoch: u64,
    pub event: String,
    pub data: String,
    /// Whether the script has had its turn: it has the last word.
    pub begun: bool,
    /// When its publisher gives up waiting.
    pub until: Instant,
    pub done: SyncSender<Result<Id, String>>,
}

impl Redis {
    /// The life of the publishing thread.
    pub(super) fn publish_all(&self, tasks: &Receiver<Task>) {
        let mut link = None;
        let mut closed_until = Instant::now();
        while let Ok(first) = tasks.recv() {
            let mut batch: VecDeque<Task> = [first].into();
            batch.extend(tasks.try_iter().take(BATCH - 1));
            // Whoever was told that it took too long may have published it again.
            let now = Instant::now();
            batch.retain(|task| !matches!(task, Task::Publish(late) if late.until <= now));
            let outcome = self.publish_batch(&mut link, closed_until, &mut batch);
            let Err(failure) = outcome else { continue };
            link = None;
            // Not by those who are refused meanwhile, or whoever asks often enough would keep it
            // closed for ever.
            if Instant::now() >= closed_until {
                closed_until = Instant::now() + CLOSED;
            }
            for task in batch {
                if let Task::Publish(publication) = task {
                    // Whoever has given up waiting needs no answer.
                    let _ = publication.done.send(Err(format!("Redis is away: {failure}")));
                }
            }
        }
    }

    /// Sends all commands of a batch and reads all replies. What has been answered leaves it.
    fn publish_batch(
        &self,
        link: &mut Option<Link>,
        closed_until: Instant,
        batch: &mut VecDeque<Task>,
    ) -> Result<(), Failure> {
        // A connection that died while nothing was published says so before anything is lost on it.
        if link.as_mut().is_some_and(Link::has_ended) {
            *link = None;
        }
        if link.is_none() && Instant::now() < closed_until {
            return Err(Failure::Away("it was away a moment ago".into()));
        }
        let link = match link {
            Some(link) => link,
            none => none.insert(Link::open(&self.address, self.tap.clone())?),
        };
        for task in batch.iter_mut() {
            match task {
                Task::Publish(publication) if publication.epoch == 0 => publication.begin(link)?,
                Task::Publish(publication) => publication.add(link)?,
                Task::Wake => {
                    let id = self.waiting.load(Ordering::Relaxed).to_string();
                    link.send(&[b"CLIENT", b"UNBLOCK", id.as_bytes()])?;
                }
            }
        }
        while !batch.is_empty() {
            let reply = link.receive(Duration::ZERO)?;
            // It was the first of several servers, and another is now: the next connection asks
            // anew who has the name.
            if let Reply::Error(said) = &reply
                && said.starts_with("READONLY")
            {
                return Err(Failure::Away(format!("Redis said: {said}")));
            }
            // The script goes behind the commands that have left, and its reply behind theirs.
            if let Some(Task::Publish(publication)) = batch.front_mut()
                && publication.needs_begin(&reply)
            {
                publication.begin(link)?;
                batch.rotate_left(1);
                continue;
            }
            if let Some(Task::Publish(publication)) = batch.pop_front() {
                let _ = publication.done.send(id_in(&reply));
            }
        }
        Ok(())
    }
}

/// The id that Redis gave a message.
fn id_in(reply: &Reply) -> Result<Id, String> {
    if let Reply::Error(said) = reply {
        return Err(format!("Redis said: {said}"));
    }
    let id = reply.text().and_then(|id| id.parse().ok());
    id.ok_or_else(|| format!("expected an id from Redis; came {reply:?}"))
}

impl Publication {
    /// `XADD`, to a stream that is there and has our epoch.
    fn add(&self, link: &mut Link) -> Result<(), Failure> {
        let (key, id) = (key(&self.channel), format!("{}-*", self.epoch));
        let time = clock::unix_millis().to_string();
        link.send(&[
            b"XADD",
            key.as_bytes(),
            b"NOMKSTREAM",
            b"MAXLEN",
            b"~",
            KEPT.as_bytes(),
            id.as_bytes(),
            b"time",
            time.as_bytes(),
            b"event",
            self.event.as_bytes(),
            b"data",
            self.data.as_bytes(),
        ])
    }

    /// Whether `XADD` has added nothing, because there is no stream, or one that has gone on from
    /// our epoch.
    fn needs_begin(&self, reply: &Reply) -> bool {
        match reply {
            _ if self.begun => false,
            Reply::Null => true,
            Reply::Error(said) => said.contains("equal or smaller"),
            _ => false,
        }
    }

    fn begin(&mut self, link: &mut Link) -> Result<(), Failure> {
        self.begun = true;
        let (key, time) = (key(&self.channel), clock::unix_millis().to_string());
        link.send(&[
            b"EVAL",
            BEGIN.as_bytes(),
            b"1",
            key.as_bytes(),
            KEPT.as_bytes(),
            b"time",
            time.as_bytes(),
            b"event",
            self.event.as_bytes(),
            b"data",
            self.data.as_bytes(),
        ])
    }
}
