//! How often the hub itself says something.

use std::sync::{Condvar, Mutex, MutexGuard};
use std::time::{Duration, Instant};

/// As often as the page that spoke last wants, and not at all while no page is open.
pub struct Pace {
    state: Mutex<PaceState>,
    changed: Condvar,
}

struct PaceState {
    pages: usize,
    interval: Option<Duration>,
}

impl Default for Pace {
    fn default() -> Pace {
        Pace {
            state: Mutex::new(PaceState { pages: 0, interval: Some(Duration::from_secs(1)) }),
            changed: Condvar::new(),
        }
    }
}

impl Pace {
    fn lock(&self) -> MutexGuard<'_, PaceState> {
        self.state.lock().expect("nothing panics under this lock because it only counts")
    }

    pub fn set(&self, interval: Option<Duration>) {
        self.lock().interval = interval;
        self.changed.notify_all();
    }

    /// As the page reads it: milliseconds, or `null`.
    pub fn milliseconds(&self) -> String {
        self.lock().interval.map_or("null".into(), |interval| interval.as_millis().to_string())
    }

    /// Counts a page in until the guard is dropped.
    pub fn count_page(&self) -> OpenPage<'_> {
        self.lock().pages += 1;
        self.changed.notify_all();
        OpenPage(self)
    }

    /// Calls `tick` at this pace, for ever.
    pub fn tick<T>(&self, tick: impl Fn() -> T) {
        let mut due = Instant::now();
        let mut state = self.lock();
        loop {
            let poisoned = "nothing panics under this lock because it only counts";
            let Some(interval) = state.interval.filter(|_| state.pages > 0) else {
                state = self.changed.wait(state).expect(poisoned);
                due = Instant::now();
                continue;
            };
            // A pace that has been changed counts from the last tick; one that was missed is not
            // made up for.
            let next = due + interval;
            let left = next.saturating_duration_since(Instant::now());
            if left.is_zero() {
                due = next.max(Instant::now() - interval);
                drop(state);
                tick();
                state = self.lock();
            } else {
                (state, _) = self.changed.wait_timeout(state, left).expect(poisoned);
            }
        }
    }
}

/// One open page.
pub struct OpenPage<'a>(&'a Pace);

impl Drop for OpenPage<'_> {
    fn drop(&mut self) {
        self.0.lock().pages -= 1;
    }
}
