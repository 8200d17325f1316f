//! The tests that start a program or a server and talk with it, a module for each, in one program:
//! the library is linked once, and while one test waits, others run.
//!
//! `cargo test polling::` runs those of a lesson.

#![allow(clippy::unwrap_used)] // A test that panics has found something.

mod support;

mod accept_key;
mod claims;
mod client;
mod event_source;
mod exercises;
mod fetch_stream;
mod http;
mod hub;
mod iframe_stream;
mod lesson;
mod long_polling;
mod pages;
mod polling;
mod proxy;
mod raw_websocket;
mod redis;
mod server;
mod sse_stream;
mod websocket;
mod wire;
