//! What an outage looks like, measured: a thousand clients that lose their server, and who notices
//! that nobody is there any more. Both take minutes, and print what chapter 13 shows:
//! `cargo test --release --test outage -- --ignored --nocapture`.

#![allow(clippy::unwrap_used)] // A test that panics has found something.

mod notice;
mod plot;
mod storm;
#[path = "../support/mod.rs"]
mod support;
