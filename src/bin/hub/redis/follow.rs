//! Following Redis: `XREAD`, on one connection for all channels, which fills their windows.

use super::link::{Failure, Link};
use super::resp::Reply;
use super::{Redis, Watched, Window, key};
use push_by_hand::clock;
use push_by_hand::feed::{Feed, Id};
use push_by_hand::server::log;
use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher};
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// How long `XREAD` waits at most. It is also how soon a Redis that has gone silent is noticed.
const BLOCK: Duration = Duration::from_secs(1);
/// How many entries one `XREAD` brings of all channels together. Of 64 KiB each they are less than
/// what a reply may hold.
const ENTRIES: usize = 200;
/// The pause after the first failure. It doubles with each further one.
const FIRST_PAUSE: Duration = Duration::from_millis(100);
/// The longest pause.
const LAST_PAUSE: Duration = Duration::from_secs(5);

impl Redis {
    /// The life of the following thread: when Redis is lost, it comes back after a pause that
    /// doubles, and differs from hub to hub, or all hubs would come back in the same moment.
    pub(super) fn follow_for_ever(&self, first: Link) -> ! {
        let mut link = Ok(first);
        let mut failures = 0;
        loop {
            let Err(failure) = link.and_then(|link| {
                if failures > 0 {
                    log(&format!("{}: there again", self.address));
                }
                failures = 0;
                self.follow_on(link)
            });
            if failures == 0 {
                log(&format!("{}: {failure}; what is published is refused", self.address));
                self.reconnects.fetch_add(1, Ordering::Relaxed);
            }
            self.waiting.store(-1, Ordering::Relaxed);
            thread::sleep(pause(failures));
            failures += 1;
            link = Link::open(&self.address, self.tap.clone());
        }
    }

    /// Fills the windows until the connection ends.
    fn follow_on(&self, mut link: Link) -> Result<Infallible, Failure> {
        self.waiting.store(client_number(&mut link)?, Ordering::Relaxed);
        // While nobody looked, the streams may have gone on, or gone.
        self.lock().values_mut().for_each(|watched| watched.state = Window::Unknown);
        loop {
            let channels = self.channels();
            for (channel, feed, state) in &channels {
                if *state == Window::Unknown {
                    let state = compare(&mut link, channel, feed)?;
                    self.set_state(channel, state);
                }
            }
            let channels = self.channels();
            self.read(&mut link, &channels)?;
            for (channel, feed, state) in &channels {
                let Window::Until(last) = state else { continue };
                if feed.newest().epoch != last.epoch || feed.newest().seq >= last.seq {
                    self.set_state(channel, Window::Filled);
                }
            }
            self.in_step.store(clock::unix_millis(), Ordering::Relaxed);
        }
    }

    /// The channels to follow; waits until there is one.
    fn channels(&self) -> Vec<(String, Arc<Feed>, Window)> {
        let none = |watched: &mut BTreeMap<String, Watched>| {
            watched.retain(|_, watched| watched.feed.strong_count() > 0);
            watched.is_empty()
        };
        let watched = self
            .changed
            .wait_while(self.lock(), none)
            .expect("nothing panics under this lock because it only looks up");
        let copy = |(name, watched): (&String, &Watched)| {
            Some((name.clone(), watched.feed.upgrade()?, watched.state.clone()))
        };
        watched.iter().filter_map(copy).collect()
    }

    fn set_state(&self, channel: &str, state: Window) {
        if let Some(watched) = self.lock().get_mut(channel) {
            watched.state = state;
        }
        self.changed.notify_all();
    }

    /// One `XREAD`: what is new in all the channels. It waits where all windows are filled.
    fn read(
        &self,
        link: &mut Link,
        channels: &[(String, Arc<Feed>, Window)],
    ) -> Result<(), Failure> {
        let mut followed: Vec<_> = channels.to_vec();
        followed.retain(|(_, _, state)| !matches!(state, Window::Failed(_)));
        if followed.is_empty() {
            // Only keys that hold something else: nothing to read, until one is forgotten.
            thread::sleep(BLOCK);
            return Ok(());
        }
        let waits = followed.iter().all(|(_, _, state)| *state == Window::Filled);
        let count = (ENTRIES / followed.len()).max(1).to_string();
        let block = BLOCK.as_millis().to_string();
        let keys: Vec<_> = followed.iter().map(|(channel, _, _)| key(channel)).collect();
        let after: Vec<_> = followed.iter().map(|(_, feed, _)| feed.newest().to_string()).collect();
        let mut words: Vec<&[u8]> = vec![b"XREAD", b"COUNT", count.as_bytes()];
        if waits {
            words.extend([&b"BLOCK"[..], block.as_bytes()]);
        }
        words.push(b"STREAMS");
        words.extend(keys.iter().chain(&after).map(String::as_bytes));
        link.send(&words)?;
        let reply = link.receive(if waits { BLOCK } else { Duration::ZERO })?;
        let unexpected = || Failure::Away(format!("expected entries; came {reply:?}"));
        for stream in reply.elements().ok_or_else(unexpected)? {
            let [key, entries] = stream.elements().unwrap_or_default() else {
                return Err(unexpected());
            };
            let found = keys.iter().position(|ours| Some(ours.as_str()) == key.text());
            let feed = &followed[found.ok_or_else(unexpected)?].1;
            for entry in entries.elements().ok_or_else(unexpected)? {
                append(feed, entry).ok_or_else(unexpected)?;
            }
        }
        Ok(())
    }
}

/// The number that Redis gave this connection.
pub(super) fn client_number(link: &mut Link) -> Result<i64, Failure> {
    match link.call(&[b"CLIENT", b"ID"])? {
        Reply::Integer(number) => Ok(number),
        other => Err(Failure::Wrong(format!("expected the number of a client; came {other:?}"))),
    }
}

/// How long to wait after so many failures. Between half and all of it, by chance: hubs that lost
/// the same Redis do not come back to it in the same moment.
fn pause(failures: u32) -> Duration {
    let longest = FIRST_PAUSE.saturating_mul(1 << failures.min(10)).min(LAST_PAUSE);
    let chance = RandomState::new().build_hasher().finish() % 1024;
    longest / 2 + longest / 2 * u32::try_from(chance).unwrap_or(0) / 1024
}

/// Whether a window can go on from where it is. If not, it begins anew, and its readers are told.
fn compare(link: &mut Link, channel: &str, feed: &Feed) -> Result<Window, Failure> {
    let key = key(channel);
    let reply = link.call(&[b"XREVRANGE", key.as_bytes(), b"+", b"-", b"COUNT", b"1"])?;
    if let Reply::Error(said) = &reply {
        return Ok(Window::Failed(format!("expected a stream in {key}; Redis said: {said}")));
    }
    let last = reply.elements().and_then(|entries| id(entries.first()?));
    let ours = feed.newest();
    match last {
        None if ours.seq == 0 => Ok(Window::Filled),
        None => {
            feed.restart(0);
            Ok(Window::Filled)
        }
        Some(last) => {
            // Redis has begun anew, or has lost the end of what we had from it.
            if last.epoch != ours.epoch || last.seq < ours.seq {
                feed.restart(last.epoch);
            }
            Ok(Window::Until(last))
        }
    }
}

/// The id of an entry of a stream.
fn id(entry: &Reply) -> Option<Id> {
    entry.elements()?.first()?.text()?.parse().ok()
}

/// Adds an entry of a stream to its window: the id, and fields as names and values in turn. Whoever
/// else adds to the stream may leave out what is not the text.
fn append(feed: &Feed, entry: &Reply) -> Option<()> {
    let [_, fields] = entry.elements()? else { return None };
    let fields = fields.elements()?;
    let value = |name: &str| {
        let mut pairs = fields.chunks_exact(2);
        let pair = pairs.find(|pair| pair[0].text() == Some(name))?;
        Some(String::from_utf8_lossy(pair[1].bytes()?))
    };
    let time = value("time").and_then(|time| time.parse().ok()).unwrap_or_else(clock::unix_millis);
    let event = value("event").unwrap_or("message".into());
    feed.append(id(entry)?, time, &event, &value("data").unwrap_or_default());
    Some(())
}
