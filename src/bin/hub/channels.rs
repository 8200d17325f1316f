//! Feeds by name: a channel begins when somebody first uses it, and all of them together stay
//! within bounds.
//!
//! Left out: an end. A channel that nobody uses keeps its place until the program ends; a
//! production server would let it expire.

use push_by_hand::feed::Feed;
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

/// How many channels there may be beside the unnamed one.
pub const MAX_CHANNELS: usize = 32;
/// The longest name, in bytes.
pub const MAX_NAME: usize = 64;
/// What each channel's log keeps: so many messages, of so many bytes of text together. 33 full
/// logs are half a gibibyte.
pub const KEPT: usize = 10_000;
/// See [`KEPT`].
pub const KEPT_BYTES: usize = 16 << 20;

/// All channels of a program. They share one run, so that an id of any of them shows a restart.
pub struct Channels {
    epoch: u64,
    unnamed: Arc<Feed>,
    named: Mutex<HashMap<String, Arc<Feed>>>,
}

impl Channels {
    /// None but the unnamed one. `epoch` is when this run began, in milliseconds since the Unix
    /// epoch.
    pub fn new(epoch: u64) -> Channels {
        Channels { epoch, unnamed: Arc::new(Channels::log(epoch)), named: Mutex::default() }
    }

    fn log(epoch: u64) -> Feed {
        Feed::new(epoch, KEPT, KEPT_BYTES)
    }

    /// The channel of this name, which begins now if there was none; the empty name is the unnamed
    /// one.
    ///
    /// # Errors
    /// What was expected and what came: the name is no name, or there are too many already.
    pub fn get(&self, name: &str) -> Result<Arc<Feed>, String> {
        if name.is_empty() {
            return Ok(Arc::clone(&self.unnamed));
        }
        let plain = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'-' | b'_' | b'.');
        if name.len() > MAX_NAME || !name.bytes().all(plain) || name.starts_with('.') {
            return Err(format!(
                "expected a channel name of 1 to {MAX_NAME} letters, digits, dashes, dots or underscores; came \"{}\"",
                name.escape_debug()
            ));
        }
        let mut named = self.lock();
        if !named.contains_key(name) && named.len() == MAX_CHANNELS {
            return Err(format!(
                "expected at most {MAX_CHANNELS} channels; came \"{name}\", one more"
            ));
        }
        let begin = || Arc::new(Channels::log(self.epoch));
        Ok(Arc::clone(named.entry(name.to_owned()).or_insert_with(begin)))
    }

    /// Every channel with its name, in the order of names; the unnamed one first.
    pub fn all(&self) -> Vec<(String, Arc<Feed>)> {
        let mut all: Vec<_> =
            self.lock().iter().map(|(name, feed)| (name.clone(), Arc::clone(feed))).collect();
        all.push((String::new(), Arc::clone(&self.unnamed)));
        all.sort_by(|(one, _), (other, _)| one.cmp(other));
        all
    }

    fn lock(&self) -> MutexGuard<'_, HashMap<String, Arc<Feed>>> {
        self.named.lock().expect("nothing panics under this lock because it only looks up")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_is_always_the_same_channel() {
        let channels = Channels::new(1);
        channels.get("news").unwrap().publish("a");
        assert_eq!(channels.get("news").unwrap().size(), (1, 1));
        assert_eq!(channels.get("").unwrap().size(), (0, 0));
        let names: Vec<_> = channels.all().into_iter().map(|(name, _)| name).collect();
        assert_eq!(names, ["", "news"]);
    }

    #[test]
    fn what_is_no_name_and_what_is_one_too_many_is_refused() {
        let channels = Channels::new(1);
        let long = "x".repeat(MAX_NAME + 1);
        for name in ["a b", "..", ".hidden", "a/b", "中", "a\"b", long.as_str()] {
            assert!(
                channels.get(name).err().unwrap().contains("expected a channel name"),
                "{name}"
            );
        }
        for n in 0..MAX_CHANNELS {
            channels.get(&format!("c{n}")).unwrap();
        }
        assert!(channels.get("one-more").is_err());
        assert!(channels.get("c0").is_ok() && channels.get("").is_ok());
    }
}
