//! A network that falls silent without a word: how long the hub believes in its reader, and how
//! long a client in its connection.

use crate::support::{self, Client, PATIENCE, Program, get, request, text, values};
use std::thread;
use std::time::{Duration, Instant};

/// When we stop to look.
const ENOUGH: Duration = Duration::from_secs(150);
const LOOK: Duration = Duration::from_millis(100);
/// Whoever takes nothing for so long takes no more.
const FULL: Duration = Duration::from_secs(2);

/// A hub behind a proxy of its own, with one reader.
struct Pair {
    hub: Program,
    proxy: Program,
}

impl Pair {
    fn start() -> Pair {
        let hub = Program::start(env!("CARGO_BIN_EXE_hub"), &["--port", "0"]);
        let to = format!("localhost:{}", hub.port("page"));
        let flags = ["--port", "0", "--page-port", "0", "--to", &to];
        let proxy = Program::start(env!("CARGO_BIN_EXE_proxy"), &flags);
        Pair { hub, proxy }
    }

    /// How many read, and how many bytes the hub has sent.
    fn status(&self) -> (u64, u64) {
        let status = get(self.hub.port("page"), "/status");
        let (_, reading) = text(&status).split_once("\"reading\":{").unwrap();
        let (reading, _) = reading.split_once('}').unwrap();
        let each = reading.split(',').map(|one| one.rsplit_once(':').unwrap().1);
        let (_, sent) = text(&status).split_once("\"sent\":").unwrap();
        let sent = sent.split(',').next().unwrap().parse().unwrap();
        (each.map(|number| number.parse::<u64>().unwrap()).sum(), sent)
    }

    fn publish(&self, message: &str) {
        request(self.hub.port("page"), "POST", "/publish", "", message);
    }

    fn fall_silent(&self) -> Instant {
        request(self.proxy.port("page"), "POST", "/set", "", "silence=1");
        Instant::now()
    }

    /// Until nobody reads any more, as the hub sees it.
    fn noticed(&self, silent: Instant, mut meanwhile: impl FnMut()) -> Option<Duration> {
        while silent.elapsed() < ENOUGH {
            meanwhile();
            if self.status().0 == 0 {
                return Some(silent.elapsed());
            }
            thread::sleep(LOOK);
        }
        None
    }
}

fn say(who: &str, what: &str, after: Option<Duration>) {
    let never = format!("not in {} s", ENOUGH.as_secs());
    let after = after.map_or(never, |after| format!("{:.0} s", after.as_secs_f64()));
    println!("{who:9}{what:58}{after:>12}");
}

/// The connection stays open as long as the value that is returned.
fn reader(pair: &Pair, target: &str, fields: &str) -> Client {
    let mut client = Client::connect(pair.proxy.port("proxy"));
    client.ask("GET", target, fields);
    client
}

fn socket() -> Option<Duration> {
    let pair = Pair::start();
    let _open = support::frames::open(pair.proxy.port("proxy"), "/ws");
    let noticed = pair.noticed(pair.fall_silent(), || {});
    say("server", "WebSocket: a Ping after 30 s, and 30 s without its Pong", noticed);
    noticed
}

fn long_poll() -> Option<Duration> {
    let pair = Pair::start();
    let newest = values(text(&get(pair.hub.port("page"), "/poll?after=")), "id")[0].to_owned();
    let _held = reader(&pair, &format!("/long-poll?after={newest}"), "");
    support::eventually("it is held", || pair.status().0 == 1);
    let noticed = pair.noticed(pair.fall_silent(), || {});
    say("server", "long poll: 204 after 25 s, which ends the request", noticed);
    noticed
}

fn quiet_stream() -> Option<Duration> {
    let pair = Pair::start();
    let mut open = reader(&pair, "/events", "");
    open.read_through(": ok");
    let noticed = pair.noticed(pair.fall_silent(), || {});
    say("server", "event stream, 20 bytes in 15 s: the kernel takes them", noticed);
    noticed
}

fn busy_stream() -> Option<Duration> {
    let pair = Pair::start();
    let mut open = reader(&pair, "/events", "");
    open.read_through(": ok");
    let long = "x".repeat(60_000);
    let silent = pair.fall_silent();
    let (mut most, mut grew) = (pair.status().1, Instant::now());
    let noticed = pair.noticed(silent, || {
        // Until the kernels have taken what they can.
        if grew.elapsed() < FULL {
            pair.publish(&long);
            let (_, now) = pair.status();
            // The answers to our own questions are some hundred bytes.
            if now > most + long.len() as u64 {
                (most, grew) = (now, Instant::now());
            }
        }
    });
    let (when, bytes) = ((grew - silent).as_secs_f64(), most / 1000);
    let what = format!("event stream, {bytes} kB in {when:.0} s, then a write of 30 s");
    say("server", &what, noticed);
    noticed
}

fn terminal() -> Option<Duration> {
    let pair = Pair::start();
    let url = format!("{}events", pair.proxy.url("proxy"));
    let client = Program::start(env!("CARGO_BIN_EXE_client"), &[&url]);
    client.log_line("open");
    let silent = pair.fall_silent();
    let mut noticed = None;
    while noticed.is_none() && silent.elapsed() < ENOUGH {
        thread::sleep(LOOK);
        let gave_up = client.log().iter().any(|line| line.contains("again after"));
        noticed = gave_up.then(|| silent.elapsed());
    }
    say("client", "event stream: `client` waits three heartbeats", noticed);
    noticed
}

#[test]
#[ignore = "heavy: two and a half minutes of silence; cargo test --release"]
fn a_silent_network_is_noticed_by_whoever_waits_for_an_answer_and_no_one_else() {
    println!("who notices that the network is silent, and how long after");
    let [socket, long_poll, quiet, busy, terminal] = thread::scope(|scope| {
        [socket, long_poll, quiet_stream, busy_stream, terminal]
            .map(|who| scope.spawn(who))
            .map(|who| who.join().unwrap())
    });
    assert!(quiet.is_none() && [socket, long_poll, busy, terminal].iter().all(Option::is_some));
    assert!(socket > Some(2 * PATIENCE - LOOK), "a Ping is answered by a peer that is there");
}
