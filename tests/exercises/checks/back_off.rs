use super::exercise::wait;
use crate::checks::{Check, holds, same, say};

/// How many clients lose the same server, and how many it can take in each tenth of a second.
const CLIENTS: usize = 1000;
const ROOM: usize = 50;

pub fn check() -> Check {
    // Without chance each wait is half of the longest one, and with all of it nearly the whole.
    let longest = |failures| 2 * wait(failures, 0.0);
    same(say("first", &[]), 1000, longest(0))?;
    for failures in 1..=40 {
        let before = longest(failures - 1);
        let expected = (2 * before).min(30_000);
        same(say("again", &[&failures, &before]), expected, longest(failures))?;
        for percent in [25, 50, 99] {
            let most = longest(failures);
            let expected = most / 2 + most * percent / 200;
            let came = wait(failures, percent as f64 / 100.0);
            let is_near = came.abs_diff(expected) <= 1;
            holds(is_near, say("chance", &[&failures, &percent]), expected, came)?;
        }
    }
    // All of them are refused until there is room. How long does it take until all are in?
    let mut due: Vec<(u64, u32)> = (0..CLIENTS).map(|n| (wait(0, share(n, 0)), 0)).collect();
    let mut tenths = 0;
    while !due.is_empty() && tenths < 600 {
        tenths += 1;
        let mut room = ROOM;
        for (n, (at, failures)) in due.iter_mut().enumerate() {
            if *at > tenths * 100 {
                continue;
            }
            if room > 0 {
                room -= 1;
                *at = 0;
            } else {
                *failures += 1;
                *at += wait(*failures, share(n, *failures));
            }
        }
        due.retain(|(at, _)| *at > 0);
    }
    holds(due.is_empty(), say("crowd", &[&CLIENTS, &ROOM]), 0, due.len())
}

/// A chance that is the same in each run: the golden ratio's multiples lie evenly between 0 and 1.
fn share(client: usize, failures: u32) -> f64 {
    ((client as f64 + 1.0) * 0.618_033_988_75 * f64::from(failures + 1)).fract()
}
