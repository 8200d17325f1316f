//! Helpers for the tests of this package, in which other people's software checks ours.
//!
//! [`program`] starts a lesson's binary and knows its URLs, [`client`] is our own end of a test,
//! [`engines`] drives all three browser engines, [`autobahn`] runs the Autobahn test suite and judges its report, [`browser`] drives a headless
//! Chromium, [`streams`] and [`messages`] make up what is sent.

pub mod autobahn;
pub mod browser;
pub mod client;
pub mod engines;
pub mod messages;
#[path = "../../support/process.rs"]
pub mod process;
pub mod program;
pub mod redis;
pub mod streams;

use std::io::{self, ErrorKind, Read, Write};
use std::net::TcpStream;
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

/// A socket with a limit for each read, which no signal cuts short.
///
/// Linux starts a read again after a signal, such as the one that lets a stopped process go on; but
/// not if it has a limit.
pub struct Patient(TcpStream);

impl Patient {
    pub fn new(stream: TcpStream, limit: Duration) -> Patient {
        stream.set_read_timeout(Some(limit)).expect("the limit is not zero");
        stream.set_nodelay(true).expect("a TCP option");
        Patient(stream)
    }
}

impl Read for Patient {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        loop {
            match self.0.read(buffer) {
                Err(error) if error.kind() == ErrorKind::Interrupted => {}
                result => return result,
            }
        }
    }
}

impl Write for Patient {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        self.0.flush()
    }
}

/// Looks again and again until `look` finds something; for what can only be seen by looking, such
/// as a page.
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
