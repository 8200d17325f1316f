//! How a server reaches the browser, by hand.
pub mod clock;
pub mod connection;
pub mod cors;
pub mod event_stream;
pub mod feed;
pub mod http;
pub mod json;
pub mod lesson;
pub mod pages;
pub mod server;
pub mod wire;
