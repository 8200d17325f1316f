//! A thousand clients lose their server in the same moment, and come back.

use crate::plot::{Panel, drawing};
use crate::support::{Program, eventually};
use push_by_hand::connection::Connection;
use push_by_hand::event_stream::EventReader;
use push_by_hand::http::body::Body;
use push_by_hand::http::{Response, Status};
use push_by_hand::retry;
use std::fs::File;
use std::io;
use std::net::Ipv4Addr;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};
use std::thread;
use std::time::{Duration, Instant};

const CLIENTS: usize = 1000;
/// What the server asks its clients to wait at least, and how long it is away: two attempts are in
/// vain.
const RETRY: Duration = Duration::from_millis(1000);
const AWAY: Duration = Duration::from_millis(2500);
/// The stack of a client, in bytes: it has no more to do than to read.
const STACK: usize = 128 * 1024;
/// What is counted together, in milliseconds.
const SLICE: u128 = 100;
/// Where the plot goes, if nothing else is said.
const PLOT: &str = "target/storm.svg";

/// How long a client waits, where the server has told it this time and so many attempts in a row
/// have failed.
type Policy = fn(Duration, u32) -> Duration;

const POLICIES: [(&str, Policy); 4] = [
    ("one time for all", |_, _| RETRY),
    ("a quarter more, as the server says", |told, _| told),
    ("a quarter more, by chance", |_, _| retry::wait(RETRY, 0)),
    ("by chance, and longer each time", |_, failures| retry::wait(RETRY, failures)),
];

/// What a crowd of clients did.
#[derive(Default)]
struct Crowd {
    /// When each stream was asked for, and when it began.
    open: Mutex<Vec<(Instant, Instant)>>,
    /// How many streams have brought an event, and with it the time to wait.
    told: AtomicUsize,
    refused: AtomicUsize,
    busy: AtomicUsize,
    over: AtomicBool,
}

impl Crowd {
    /// One client, for as long as it lasts.
    fn client(&self, port: u16, policy: Policy) {
        let (mut time, mut failures) = (retry::DEFAULT, 0);
        while !self.over.load(Ordering::Relaxed) {
            if self.read(port, &mut time).is_ok() {
                failures = 0;
            }
            thread::sleep(policy(time, failures));
            failures += 1;
        }
    }

    /// One connection, until its server is gone. An error is one that never was a stream.
    fn read(&self, port: u16, time: &mut Duration) -> io::Result<()> {
        let (asked, limit) = (Instant::now(), Duration::from_secs(10));
        let connection = Connection::connect((Ipv4Addr::LOCALHOST, port), limit, None);
        let mut connection = connection.inspect_err(|error| {
            if error.kind() == io::ErrorKind::ConnectionRefused {
                self.refused.fetch_add(1, Ordering::Relaxed);
            }
        })?;
        let head = b"GET /eventSource HTTP/1.1\r\nHost: localhost\r\n\r\n";
        connection.writer().append(|out| out.extend_from_slice(head))?;
        let (response, framing) = Response::read_head_from(&mut connection, false)?;
        if response.status != Status::OK {
            self.busy.fetch_add(1, Ordering::Relaxed);
            return Err(io::ErrorKind::ConnectionRefused.into());
        }
        self.open.lock().unwrap().push((asked, Instant::now()));
        let mut events = EventReader::new(Body::new(connection, framing), "");
        // What ends a stream here is the server's death.
        let mut first = true;
        while let Ok(Some(_)) = events.next_event() {
            *time = events.retry.unwrap_or(*time);
            self.told.fetch_add(usize::from(std::mem::take(&mut first)), Ordering::Relaxed);
        }
        Ok(())
    }
}

/// How many asked in each slice of time after the server's return, and how many were served.
struct Storm {
    asked: Vec<usize>,
    served: Vec<usize>,
    last: Duration,
    refused: usize,
    busy: usize,
}

/// Tells the crowd that it is over, also where something failed: nobody would end otherwise.
struct Over<'a>(&'a AtomicBool);

impl Drop for Over<'_> {
    fn drop(&mut self) {
        self.0.store(true, Ordering::Relaxed);
    }
}

fn storm(policy: Policy) -> Storm {
    let start = |port: &str| {
        let retry = RETRY.as_millis().to_string();
        let flags = ["--port", port, "--retry-ms", &retry];
        Program::start(env!("CARGO_BIN_EXE_sse_stream"), &flags)
    };
    let server = start("0");
    let port = server.port("page");
    let crowd = Crowd::default();
    let open = || crowd.open.lock().unwrap().len();
    thread::scope(|scope| {
        let over = Over(&crowd.over);
        for _ in 0..CLIENTS {
            let small = thread::Builder::new().stack_size(STACK);
            small.spawn_scoped(scope, || crowd.client(port, policy)).unwrap();
        }
        let told = || crowd.told.load(Ordering::Relaxed);
        eventually("everybody knows how long to wait", || told() == CLIENTS);
        drop(server);
        thread::sleep(AWAY);
        let server = start(&port.to_string());
        server.port("page");
        let back = Instant::now();
        eventually("everybody is back", || open() == 2 * CLIENTS);
        drop(over);
        drop(server);
        let open = crowd.open.lock().unwrap();
        let after = |moment: &Instant| moment.saturating_duration_since(back);
        let (asked, served): (Vec<_>, Vec<_>) =
            open[CLIENTS..].iter().map(|(asked, served)| (after(asked), after(served))).unzip();
        let last = served.iter().max().copied().unwrap();
        let count = |counter: &AtomicUsize| counter.load(Ordering::Relaxed);
        Storm {
            asked: slices(&asked),
            served: slices(&served),
            last,
            refused: count(&crowd.refused),
            busy: count(&crowd.busy),
        }
    })
}

/// How many of these times are in each slice.
fn slices(times: &[Duration]) -> Vec<usize> {
    let mut slices = Vec::new();
    for time in times {
        let slice = usize::try_from(time.as_millis() / SLICE).unwrap();
        slices.resize(slices.len().max(slice + 1), 0);
        slices[slice] += 1;
    }
    slices
}

#[test]
#[ignore = "heavy: half a minute with a thousand threads; cargo test --release"]
fn a_thousand_clients_come_back_more_evenly_the_more_chance_has_a_part_in_it() {
    let files: Result<Vec<_>, _> = (0..CLIENTS + 100).map(|_| File::open("/dev/null")).collect();
    drop(files.expect("expected room for a file a client (see ulimit -n)"));
    println!("{CLIENTS} clients come back after {RETRY:?}; the server is away for {AWAY:?}");
    println!("{:36}at most in 100 ms     all back   refused  503", "");
    println!("{:36}asked      served", "");
    let (mut panels, mut peaks) = (Vec::new(), Vec::new());
    for (name, policy) in POLICIES {
        let Storm { asked, served, last, refused, busy } = storm(policy);
        let [most_asked, most] = [&asked, &served].map(|slices| *slices.iter().max().unwrap());
        let last = format!("{:.1} s", last.as_secs_f64());
        println!("{name:34}{most_asked:>7}{most:>12}{last:>13}{refused:>10}{busy:>5}");
        peaks.push(most_asked);
        panels.push(Panel { title: name, asked, served });
    }
    let path = std::env::var("STORM_PLOT").unwrap_or_else(|_| PLOT.to_owned());
    std::fs::write(&path, drawing(&panels)).unwrap();
    println!("drawn in {path}");
    let [all, told, chance, longer] = peaks[..] else { panic!("four policies") };
    assert!(2 * told < all && 2 * chance < all && longer < chance, "{peaks:?}");
}
