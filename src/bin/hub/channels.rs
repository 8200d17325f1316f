//! Feeds by name: a channel begins with its first message, and all of them together stay within
//! bounds.
//!
//! Readers create nothing: whoever reads a channel that does not exist yet shares a feed with all
//! who wait for the same name, and it becomes the channel when somebody publishes to it. Where
//! there are too many channels, the one that was silent for longest gives way, if nobody reads it.

use crate::redis::{Redis, Standing};
use push_by_hand::feed::{Feed, Gap, Id};
use push_by_hand::http::{Response, Status};
use push_by_hand::json;
use std::collections::HashMap;
use std::fmt;
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use std::time::{Duration, Instant};

/// How many channels there may be beside the unnamed one.
pub const MAX_CHANNELS: usize = 32;
/// The longest name, in bytes.
const MAX_NAME: usize = 64;
/// What each channel's log keeps: so many messages, of so many bytes together, their text and what
/// is written of it. 33 full logs are half a gibibyte.
const KEPT_MESSAGES: usize = 10_000;
const KEPT_BYTES: usize = 16 << 20;
/// How long a channel must have been silent to give way to another.
const UNUSED: Duration = Duration::from_secs(600);

/// All channels of a program.
pub struct Channels {
    table: Mutex<Table>,
    /// Where Redis numbers and keeps the messages, the feeds are windows of its log.
    redis: Option<Arc<Redis>>,
}

struct Table {
    /// The run that new channels belong to. They share one, so that an id of any of them shows a
    /// restart; when one gives way, those that begin later are of another, so that nobody takes
    /// their messages for the old one's.
    epoch: u64,
    channels: HashMap<String, Channel>,
    /// What readers wait for and nobody has published to. Each is held by its readers alone.
    awaited: HashMap<String, Weak<Feed>>,
}

struct Channel {
    feed: Arc<Feed>,
    used: Instant,
}

/// Why there is no such channel.
#[derive(Debug, PartialEq, Eq)]
pub enum NoChannel {
    /// This is no name.
    Name(String),
    /// There are too many already.
    Full,
    /// Its log is elsewhere, and not to be had now: why.
    Away(String),
}

impl NoChannel {
    /// The answer: what was expected and what came.
    pub fn response(&self) -> Response {
        match self {
            NoChannel::Name(_) => Response::refusal(Status::BAD_REQUEST, &self.to_string()),
            NoChannel::Full => Response::refusal(Status::SERVICE_UNAVAILABLE, &self.to_string())
                .with("Retry-After", "60"),
            NoChannel::Away(_) => Response::refusal(Status::SERVICE_UNAVAILABLE, &self.to_string())
                .with("Retry-After", "1"),
        }
    }
}

impl fmt::Display for NoChannel {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            NoChannel::Name(name) => write!(
                f,
                "expected a channel name of 1 to {MAX_NAME} letters, digits, dashes, dots or \
                 underscores; came \"{}\"",
                name.escape_debug()
            ),
            NoChannel::Full => {
                write!(f, "expected at most {MAX_CHANNELS} channels in use; came one more")
            }
            NoChannel::Away(why) => f.write_str(why),
        }
    }
}

impl Channels {
    /// None but the unnamed one. `epoch` is when this run began, in milliseconds since the Unix
    /// epoch.
    pub fn new(epoch: u64, redis: Option<Arc<Redis>>) -> Channels {
        // A window has no run of its own until its stream says which.
        let epoch = if redis.is_some() { Id::START.epoch } else { epoch };
        let unnamed = Channel { feed: Arc::new(log(epoch)), used: Instant::now() };
        let channels = HashMap::from([(String::new(), unnamed)]);
        let table = Mutex::new(Table { epoch, channels, awaited: HashMap::new() });
        Channels { table, redis }
    }

    /// What a reader of this channel reads, whether there is anything yet or not. The empty name is
    /// the unnamed channel's.
    ///
    /// # Errors
    /// The name is no name; or the log that it names is not to be had now.
    pub fn feed(&self, name: &str) -> Result<Arc<Feed>, NoChannel> {
        let feed = self.lock().feed(name)?;
        if let Some(redis) = &self.redis {
            redis.follow(name, &feed).map_err(NoChannel::Away)?;
        }
        Ok(feed)
    }

    /// Sees to it that a reader which has come from another hub, with an id that this one does not
    /// know yet, is not told that its id is another run's. Twice, because the first answer may have
    /// been under way when it came.
    ///
    /// # Errors
    /// As [`feed`](Channels::feed).
    pub fn catch_up(&self, name: &str, feed: &Arc<Feed>, after: Id) -> Result<(), NoChannel> {
        let Some(redis) = &self.redis else { return Ok(()) };
        for _ in 0..2 {
            if feed.after(after).gap == Gap::OtherRun {
                redis.catch_up(name, feed).map_err(NoChannel::Away)?;
            }
        }
        Ok(())
    }

    /// Publishes to this channel, which begins now if there was none.
    ///
    /// # Errors
    /// As [`feed`](Channels::feed); or there are too many channels, all of them in use.
    pub fn publish(&self, name: &str, text: &str) -> Result<Id, NoChannel> {
        let Some(redis) = &self.redis else {
            let feed = self.lock().kept(name)?;
            return Ok(feed.publish(text));
        };
        let feed = self.lock().with_room(name)?.feed(name)?;
        let id = redis
            .follow(name, &feed)
            .and_then(|()| redis.publish(name, &feed, "message", text))
            .map_err(NoChannel::Away)?;
        // If another channel has taken the last place meanwhile, the message is in Redis all the
        // same.
        let _ = self.lock().kept(name);
        Ok(id)
    }

    /// Every channel with its name, in the order of names; the unnamed one first.
    pub fn all(&self) -> Vec<(String, Arc<Feed>)> {
        let table = self.lock();
        let pair = |(name, channel): (&String, &Channel)| (name.clone(), Arc::clone(&channel.feed));
        let mut all: Vec<_> = table.channels.iter().map(pair).collect();
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    /// How far we are behind Redis, where that keeps the log.
    pub fn engine(&self) -> Option<Standing> {
        Some(self.redis.as_ref()?.standing())
    }

    fn lock(&self) -> MutexGuard<'_, Table> {
        self.table.lock().expect("nothing panics under this lock because it only looks up")
    }
}

impl Table {
    /// The channel's feed, or the one that becomes it when somebody publishes.
    fn feed(&mut self, name: &str) -> Result<Arc<Feed>, NoChannel> {
        if let Some(channel) = self.channels.get(name) {
            return Ok(Arc::clone(&channel.feed));
        }
        check(name)?;
        if let Some(feed) = self.awaited.get(name).and_then(Weak::upgrade) {
            return Ok(feed);
        }
        let feed = Arc::new(log(self.epoch));
        self.awaited.retain(|_, feed| feed.strong_count() > 0);
        self.awaited.insert(name.to_owned(), Arc::downgrade(&feed));
        Ok(feed)
    }

    /// Makes room for a channel of this name, if there is none yet.
    fn with_room(&mut self, name: &str) -> Result<&mut Table, NoChannel> {
        if !self.channels.contains_key(name) {
            check(name)?;
            if self.channels.len() > MAX_CHANNELS {
                self.give_way(UNUSED)?;
            }
        }
        Ok(self)
    }

    /// The channel's feed, which is now kept if it was not before, and has been used.
    fn kept(&mut self, name: &str) -> Result<Arc<Feed>, NoChannel> {
        let feed = self.with_room(name)?.feed(name)?;
        self.awaited.remove(name);
        let channel = Channel { feed: Arc::clone(&feed), used: Instant::now() };
        self.channels.insert(name.to_owned(), channel);
        Ok(feed)
    }

    /// Drops the channel that was silent for longest, if it was for so long and nobody reads it.
    fn give_way(&mut self, unused: Duration) -> Result<(), NoChannel> {
        let free = |(name, channel): &(&String, &Channel)| {
            !name.is_empty()
                && Arc::strong_count(&channel.feed) == 1
                && channel.used.elapsed() >= unused
        };
        let oldest = self.channels.iter().filter(free).min_by_key(|(_, channel)| channel.used);
        let name = oldest.map(|(name, _)| name.clone()).ok_or(NoChannel::Full)?;
        self.channels.remove(&name);
        self.epoch += 1;
        Ok(())
    }
}

fn log(epoch: u64) -> Feed {
    Feed::writing(epoch, KEPT_MESSAGES, KEPT_BYTES, json::message)
}

fn check(name: &str) -> Result<(), NoChannel> {
    let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
    if name.len() > MAX_NAME || !name.bytes().all(plain) || name.starts_with('.') {
        return Err(NoChannel::Name(name.to_owned()));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_always_the_same_channel() {
        let channels = Channels::new(1, None);
        channels.publish("news", "a").unwrap();
        assert_eq!(channels.feed("news").unwrap().size().0, 1);
        assert_eq!(channels.feed("").unwrap().size().0, 0);
        let names: Vec<_> = channels.all().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["", "news"]);
    }

    #[test]
    fn readers_create_nothing_and_are_there_when_their_channel_begins() {
        let channels = Channels::new(1, None);
        let readers = [channels.feed("later").unwrap(), channels.feed("later").unwrap()];
        for n in 0..100 {
            channels.feed(&format!("evil{n}")).unwrap();
        }
        assert_eq!(channels.all().len(), 1);
        assert_eq!(channels.lock().awaited.len(), 2, "the last, and the one that is waited for");
        channels.publish("later", "first").unwrap();
        for reader in readers {
            assert_eq!(reader.after(reader.start()).messages[0].data, "first");
        }
        assert_eq!(channels.all().len(), 2);
    }

    #[test]
    fn what_is_no_name_and_what_is_one_too_many_is_refused() {
        let channels = Channels::new(1, None);
        let long = "x".repeat(MAX_NAME + 1);
        for name in ["a b", "..", ".hidden", "a/b", "中", "a\"b", long.as_str()] {
            let refused = Err(NoChannel::Name(name.to_owned()));
            assert_eq!(channels.publish(name, "x"), refused);
            assert_eq!(channels.feed(name).err(), refused.err());
        }
        for n in 0..MAX_CHANNELS {
            channels.publish(&format!("c{n}"), "x").unwrap();
        }
        assert_eq!(channels.publish("one-more", "x"), Err(NoChannel::Full));
        assert!(channels.publish("c0", "x").is_ok() && channels.publish("", "x").is_ok());
        assert!(channels.feed("one-more").is_ok(), "who only reads takes no place");
    }

    #[test]
    fn the_channel_that_was_silent_for_longest_gives_way_and_its_ids_do_not_come_back() {
        let channels = Channels::new(7, None);
        let old = channels.publish("old", "x").unwrap();
        let read = channels.feed("old").unwrap();
        channels.publish("new", "x").unwrap();
        let mut table = channels.lock();
        assert_eq!(table.give_way(UNUSED), Err(NoChannel::Full), "both have just spoken");
        table.give_way(Duration::ZERO).unwrap();
        assert!(table.channels.contains_key("old"), "somebody reads it");
        drop(read);
        table.give_way(Duration::ZERO).unwrap();
        assert_eq!(table.give_way(Duration::ZERO), Err(NoChannel::Full), "the unnamed one stays");
        drop(table);
        assert_ne!(channels.publish("old", "x").unwrap(), old);
    }
}
