//! Following Redis: `XREAD`, on one connection for all channels, which fills their windows.

use super::link::{Failure, Link};
use super::resp::Reply;
use super::{MOST_FOLLOWED, Redis, Watched, Window, key};
use push_by_hand::clock;
use push_by_hand::feed::{Feed, Id};
use push_by_hand::server::log;
use std::collections::BTreeMap;
use std::collections::hash_map::RandomState;
use std::convert::Infallible;
use std::hash::{BuildHasher, Hasher};
use std::mem;
use std::sync::Weak;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::Duration;

/// How long `XREAD` waits at most. It is also how soon a Redis that has gone silent is noticed.
pub(super) const BLOCK: Duration = Duration::from_secs(1);
/// How many entries one `XREAD` brings of all channels together. Of 64 KiB each they are less than
/// what a reply may hold.
const ENTRIES: usize = MOST_FOLLOWED;
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
            let Err(failure) = link.and_then(|link| self.follow_on(link, &mut failures));
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

    /// Fills the windows until the connection ends. The first answer ends the row of failures.
    fn follow_on(&self, mut link: Link, failures: &mut u32) -> Result<Infallible, Failure> {
        self.waiting.store(client_number(&mut link)?, Ordering::Relaxed);
        // While nobody looked, the streams may have gone on, or gone.
        self.lock().values_mut().for_each(|watched| watched.state = Window::Unknown);
        loop {
            for followed in self.channels() {
                // A key that held something else may hold a stream by now.
                if let Window::Unknown | Window::Failed(_) = followed.state {
                    let state = compare(&mut link, &followed)?;
                    self.set_state(&followed, state);
                }
            }
            let mut channels = self.channels();
            channels.retain(|followed| !matches!(followed.state, Window::Failed(_)));
            read(&mut link, &channels)?;
            for followed in &channels {
                if let (Window::Until(last), Some(feed)) =
                    (&followed.state, followed.feed.upgrade())
                    && (feed.newest().epoch != last.epoch || feed.newest().seq >= last.seq)
                {
                    self.set_state(followed, Window::Filled);
                }
            }
            if channels.iter().all(|followed| followed.state == Window::Filled) {
                self.in_step.store(clock::unix_millis(), Ordering::Relaxed);
            }
            if mem::take(failures) > 0 {
                log(&format!("{}: there again", self.address));
            }
        }
    }

    /// The channels to follow; waits until there is one.
    fn channels(&self) -> Vec<Followed> {
        let none = |watched: &mut BTreeMap<String, Watched>| {
            watched.retain(|_, watched| watched.feed.strong_count() > 0);
            watched.is_empty()
        };
        let watched = self
            .changed
            .wait_while(self.lock(), none)
            .expect("nothing panics under this lock because it only looks up");
        let copy = |(name, watched): (&String, &Watched)| Followed {
            key: key(name),
            channel: name.clone(),
            feed: watched.feed.clone(),
            state: watched.state.clone(),
        };
        watched.iter().map(copy).collect()
    }

    /// Unless the channel has another window by now, or is to be compared anew.
    fn set_state(&self, followed: &Followed, state: Window) {
        if let Some(watched) = self.lock().get_mut(&followed.channel)
            && watched.feed.ptr_eq(&followed.feed)
            && watched.state == followed.state
        {
            watched.state = state;
        }
        self.changed.notify_all();
    }
}

/// A channel as it was when the following thread looked. It holds no window: who holds one reads
/// it, or keeps it.
struct Followed {
    channel: String,
    key: String,
    feed: Weak<Feed>,
    state: Window,
}

/// One `XREAD`: what is new in all the channels. It waits where all windows are filled.
fn read(link: &mut Link, channels: &[Followed]) -> Result<(), Failure> {
    let channels: Vec<_> = channels
        .iter()
        .filter_map(|followed| Some((followed, followed.feed.upgrade()?.newest())))
        .collect();
    if channels.is_empty() {
        // Only keys that hold something else, or channels that nobody reads any more.
        thread::sleep(BLOCK);
        return Ok(());
    }
    let waits = channels.iter().all(|(followed, _)| followed.state == Window::Filled);
    let count = (ENTRIES / channels.len()).max(1).to_string();
    let block = BLOCK.as_millis().to_string();
    let after: Vec<_> = channels.iter().map(|(_, newest)| newest.to_string()).collect();
    let mut words: Vec<&[u8]> = vec![b"XREAD", b"COUNT", count.as_bytes()];
    if waits {
        words.extend([&b"BLOCK"[..], block.as_bytes()]);
    }
    words.push(b"STREAMS");
    words.extend(channels.iter().map(|(followed, _)| followed.key.as_bytes()));
    words.extend(after.iter().map(String::as_bytes));
    link.send(&words)?;
    let reply = link.receive(if waits { BLOCK } else { Duration::ZERO })?;
    let unexpected = || Failure::Away(format!("expected entries; {}", came(&reply)));
    for stream in reply.elements().ok_or_else(unexpected)? {
        let [key, entries] = stream.elements().unwrap_or_default() else {
            return Err(unexpected());
        };
        let found = channels.iter().find(|(ours, _)| Some(ours.key.as_str()) == key.text());
        let (followed, _) = found.ok_or_else(unexpected)?;
        let Some(feed) = followed.feed.upgrade() else { continue };
        for entry in entries.elements().ok_or_else(unexpected)? {
            append(&feed, entry).ok_or_else(unexpected)?;
        }
    }
    Ok(())
}

/// What came instead: Redis' own words, or else the kind of thing, which may be long.
fn came(reply: &Reply) -> String {
    match reply {
        Reply::Error(said) => format!("Redis said: {said}"),
        other => format!("came {:.60}", format!("{other:?}")),
    }
}

/// The number that Redis gave this connection.
pub(super) fn client_number(link: &mut Link) -> Result<i64, Failure> {
    match link.call(&[b"CLIENT", b"ID"])? {
        Reply::Integer(number) => Ok(number),
        other => Err(Failure::Wrong(format!("expected the number of a client; {}", came(&other)))),
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
fn compare(link: &mut Link, followed: &Followed) -> Result<Window, Failure> {
    let Some(feed) = followed.feed.upgrade() else { return Ok(Window::Unknown) };
    let key = &followed.key;
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
