//! How long a client waits before it comes back.
//!
//! A server that starts again has lost all its clients in the same moment. If each of them waited
//! the same time, all would be back in the same moment, too, and whoever found it still away would
//! come again together with everybody else. Only chance spreads them, and waiting longer after each
//! failure spreads them further and asks less often. Both only add to what the server asks for: it
//! named the least time (HTML, "Server-sent events": a browser may wait longer, and longer each
//! time).

use std::collections::hash_map::RandomState;
use std::hash::BuildHasher;
use std::time::Duration;

/// How long to wait where the server does not say.
pub const DEFAULT: Duration = Duration::from_secs(3);
/// How long at least, whatever it says.
pub const SHORTEST: Duration = Duration::from_millis(100);
/// What waiting longer each time stops at, unless the server asks for more.
pub const LONGEST: Duration = Duration::from_secs(30);

/// How long to wait where the server asks for `time`, and so many attempts in a row have failed.
/// After a connection that was open, that is the time and by chance up to a quarter of it more.
/// Each failure doubles the time, and adds up to the whole of it by chance.
///
/// ```
/// use push_by_hand::retry::wait;
/// use std::time::Duration;
/// let milliseconds = |failures| wait(Duration::from_secs(1), failures).as_millis();
/// assert!((1000..1250).contains(&milliseconds(0)));
/// assert!((4000..8000).contains(&milliseconds(2)));
/// ```
pub fn wait(time: Duration, failures: u32) -> Duration {
    let time = time.max(SHORTEST);
    let longer = time.saturating_mul(2u32.saturating_pow(failures)).min(LONGEST.max(time));
    longer + up_to(if failures == 0 { time / 4 } else { longer })
}

/// Some time below this, by chance.
fn up_to(most: Duration) -> Duration {
    // The seed of a hash map comes from the operating system.
    let chance = RandomState::new().hash_one(()) % 1000;
    most * u32::try_from(chance).unwrap_or(0) / 1000
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn whoever_waits_waits_as_long_as_was_asked_and_not_as_long_as_all_others() {
        let second = Duration::from_secs(1);
        let mut waits: Vec<_> = (0..100).map(|_| wait(second, 0)).collect();
        assert!(waits.iter().all(|wait| (second..second * 5 / 4).contains(wait)), "{waits:?}");
        waits.sort();
        waits.dedup();
        assert!(waits.len() > 50, "{waits:?}");
    }

    #[test]
    fn each_failure_doubles_the_wait_up_to_half_a_minute() {
        for (asked, failures, least) in [
            (1000, 0, 1000),
            (1000, 1, 2000),
            (1000, 4, 16_000),
            (1000, 5, 30_000),
            (1000, u32::MAX, 30_000),
            (45_000, 3, 45_000),
            (0, 0, 100),
        ] {
            let least = Duration::from_millis(least);
            let wait = wait(Duration::from_millis(asked), failures);
            assert!(least <= wait && wait < 2 * least, "{asked} {failures}: {wait:?}");
        }
    }
}
