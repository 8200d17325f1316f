//! The log keeps 300 messages, one a second. A laptop saw message 100, was closed for ten minutes,
//! and its browser comes back. What does `reset` say was missed, and which number has the first
//! message after it?

pub const MISSED: Option<u64> = None;
pub const FIRST: Option<u64> = None;

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. How many messages have been published when it comes back?
// 2. Which of them does the log still have?
