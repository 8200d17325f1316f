//! Twice as long each time, but not for ever, and half of it is chance.

pub fn wait(failures: u32, chance: f64) -> u64 {
    let most = 1000 * 2u64.pow(failures.min(5));
    let half = most.min(30_000) / 2;
    half + (chance * half as f64) as u64
}
