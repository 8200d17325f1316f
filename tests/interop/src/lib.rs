//! Helpers for the tests of this package, in which other people's software checks ours.
//!
//! [`program`] starts a lesson's binary and knows its URLs, [`client`] is our own end of a test, [`autobahn`] runs the Autobahn
//! test suite and judges its report, [`browser`] drives a headless Chromium, [`streams`] and [`messages`] make up what is sent.

pub mod autobahn;
pub mod browser;
pub mod client;
pub mod messages;
pub mod program;
pub mod streams;

use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

/// The folder of this package.
pub fn here() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR"))
}

/// The folder of the course.
pub fn root() -> PathBuf {
    here().ancestors().nth(2).expect("this package lies two folders below the course").to_path_buf()
}

/// Where a person looks at what a test has seen. Not committed.
pub fn report(name: &str) -> PathBuf {
    let folder = here().join("report").join(name);
    std::fs::create_dir_all(&folder).expect("the report folder can be made");
    folder
}

/// A port nobody listens on at the moment, for a program that cannot choose one itself.
pub fn free_port() -> u16 {
    let listener = std::net::TcpListener::bind("127.0.0.1:0").expect("a free port");
    listener.local_addr().expect("a bound listener has an address").port()
}

/// Looks again and again until `look` finds something; for what can only be seen by looking, such as a page.
///
/// The limit is there to fail with a sentence where a test would hang. It decides nothing else.
pub fn wait_for<T>(what: &str, limit: Duration, mut look: impl FnMut() -> Option<T>) -> T {
    let deadline = Instant::now() + limit;
    loop {
        if let Some(found) = look() {
            return found;
        }
        assert!(Instant::now() < deadline, "{what}: not within {limit:?}");
        std::thread::sleep(Duration::from_millis(10));
    }
}
