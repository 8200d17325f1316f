//! The switches, and the connections that pass under them.

use push_by_hand::connection::Writer;
use push_by_hand::json;
use push_by_hand::websocket::Url;
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::net::SocketAddr;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::time::{Duration, Instant};

/// What can go wrong, each a number: 0 is a network that does not do it.
pub const SWITCHES: [&str; 9] =
    ["delay", "rate", "pieces", "hold", "idle", "upgrade", "refuse", "fail", "silence"];

/// How often a thread that is held looks whether it has been cut.
const LOOK: Duration = Duration::from_millis(50);

pub struct Network {
    /// The server behind.
    pub to: Url,
    /// How long it may take to answer.
    pub answer: Duration,
    switches: Mutex<BTreeMap<&'static str, u64>>,
    turned: Condvar,
    requests: AtomicU64,
    passages: Mutex<BTreeMap<u64, Arc<Passage>>>,
}

/// One request on its way, and its answer; after a 101, a tunnel.
pub struct Passage {
    number: u64,
    what: String,
    began: Instant,
    doing: Mutex<&'static str>,
    pub up: Flow,
    pub down: Flow,
    /// When a byte last came or left, in milliseconds since it began.
    last: AtomicU64,
    cut: AtomicBool,
    ends: Mutex<Vec<Writer>>,
}

/// What one direction has brought, in bytes.
#[derive(Default)]
pub struct Flow {
    pub taken: AtomicU64,
    pub passed: AtomicU64,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Network {
    pub fn new(to: Url, answer: Duration) -> Network {
        Network {
            to,
            answer,
            switches: Mutex::new(SWITCHES.map(|name| (name, 0)).into()),
            turned: Condvar::new(),
            requests: AtomicU64::new(0),
            passages: Mutex::default(),
        }
    }

    pub fn get(&self, name: &'static str) -> u64 {
        lock(&self.switches)[name]
    }

    pub fn set(&self, wanted: &[(&'static str, u64)]) {
        lock(&self.switches).extend(wanted.iter().copied());
        self.turned.notify_all();
    }

    /// A request that came, until the guard is dropped; and whether it is one that fails.
    pub fn begin(&self, what: String, client: Writer) -> (Guard<'_>, bool) {
        let number = self.requests.fetch_add(1, Ordering::Relaxed) + 1;
        let passage = Arc::new(Passage {
            number,
            what,
            began: Instant::now(),
            doing: Mutex::new("asking"),
            up: Flow::default(),
            down: Flow::default(),
            last: AtomicU64::new(0),
            cut: AtomicBool::new(false),
            ends: Mutex::new(vec![client]),
        });
        lock(&self.passages).insert(number, Arc::clone(&passage));
        let fails = self.get("fail");
        (Guard { network: self, passage }, fails > 0 && number.is_multiple_of(fails))
    }

    /// Waits until what came at `came` has been under way for as long as the network takes, by the
    /// switch as it stands then.
    ///
    /// # Errors
    /// The connection has been cut meanwhile.
    pub fn wait_out_the_delay(&self, passage: &Passage, came: Instant) -> io::Result<()> {
        self.wait(passage, |switches| {
            Duration::from_millis(switches["delay"]).saturating_sub(came.elapsed())
        })
    }

    /// Waits while the network is silent.
    ///
    /// # Errors
    /// The connection has been cut meanwhile.
    pub fn wait_out_the_silence(&self, passage: &Passage) -> io::Result<()> {
        self.wait(passage, |switches| {
            if switches["silence"] == 0 {
                return Duration::ZERO;
            }
            passage.doing("silent");
            LOOK
        })
    }

    /// Waits for as long as the switches say that something is `left` to wait for.
    fn wait(
        &self,
        passage: &Passage,
        left: impl Fn(&BTreeMap<&'static str, u64>) -> Duration,
    ) -> io::Result<()> {
        let mut switches = lock(&self.switches);
        loop {
            if passage.cut.load(Ordering::Relaxed) {
                return Err(io::ErrorKind::ConnectionReset.into());
            }
            let left = left(&switches);
            if left.is_zero() {
                return Ok(());
            }
            let waited = self.turned.wait_timeout(switches, left.min(LOOK));
            switches = waited.unwrap_or_else(PoisonError::into_inner).0;
        }
    }

    pub fn cut_all(&self) {
        lock(&self.passages).values().for_each(|passage| passage.cut());
    }

    pub fn cut_the_silent(&self) {
        let limit = self.get("idle");
        let silent = |passage: &Passage| {
            let last = passage.last.load(Ordering::Relaxed);
            limit > 0 && passage.age() >= last.saturating_add(limit)
        };
        lock(&self.passages).values().filter(|each| silent(each)).for_each(|each| each.cut());
    }

    /// What its page shows; clients come to the port `at`.
    pub fn to_json(&self, at: u16) -> String {
        let switches = SWITCHES.map(|name| format!(r#""{name}":{}"#, self.get(name)));
        let sockets = sockets();
        let passages: Vec<String> =
            lock(&self.passages).values().map(|passage| passage.to_json(&sockets)).collect();
        format!(
            r#"{{"to":{},"at":{at},"requests":{},"switches":{{{}}},"passing":[{}]}}"#,
            json::string(&self.to.authority),
            self.requests.load(Ordering::Relaxed),
            switches.join(","),
            passages.join(",")
        )
    }
}

pub struct Guard<'a> {
    network: &'a Network,
    pub passage: Arc<Passage>,
}

impl Drop for Guard<'_> {
    fn drop(&mut self) {
        lock(&self.network.passages).remove(&self.passage.number);
    }
}

impl Passage {
    /// The connection to the server, which is cut with the client's.
    pub fn joined_by(&self, server: Writer) {
        lock(&self.ends).push(server);
    }

    pub fn doing(&self, what: &'static str) {
        *lock(&self.doing) = what;
    }

    /// A byte has come or left.
    pub fn alive(&self) {
        self.last.store(self.age(), Ordering::Relaxed);
    }

    /// Ends both connections, as a pulled cable that somebody notices.
    pub fn cut(&self) {
        self.cut.store(true, Ordering::Relaxed);
        lock(&self.ends).iter().for_each(Writer::cut);
    }

    fn age(&self) -> u64 {
        u64::try_from(self.began.elapsed().as_millis()).unwrap_or(u64::MAX)
    }

    /// `kernel` is what waits in the four sockets, from the server to the client: written by the
    /// server and not yet taken, come and not yet read by us, written by us and not yet taken, come
    /// and not yet read by the client.
    fn to_json(&self, sockets: &Sockets) -> String {
        let flow = |flow: &Flow| {
            let taken = flow.taken.load(Ordering::Relaxed);
            format!("[{taken},{}]", flow.passed.load(Ordering::Relaxed).min(taken))
        };
        let queues = |from: SocketAddr, to: SocketAddr| {
            sockets.get(&(from.port(), to.port())).copied().unwrap_or_default()
        };
        let mut kernel = [0; 4];
        for (n, end) in lock(&self.ends).iter().enumerate() {
            let Ok((here, there)) = end.addresses() else { continue };
            let (ours, theirs) = (queues(here, there), queues(there, here));
            // The client came first, and reads last.
            (kernel[2 * (1 - n)], kernel[2 * (1 - n) + 1]) =
                if n == 0 { (ours.0, theirs.1) } else { (theirs.0, ours.1) };
        }
        let (number, what, age) = (self.number, json::string(&self.what), self.age());
        let (doing, up, down) = (*lock(&self.doing), flow(&self.up), flow(&self.down));
        let which = format!(r#""number":{number},"what":{what},"doing":"{doing}","age":{age}"#);
        format!(r#"{{{which},"up":{up},"down":{down},"kernel":{kernel:?}}}"#)
    }
}

/// For the two ports of each socket of this machine: bytes to send, bytes to read.
type Sockets = BTreeMap<(u16, u16), (u64, u64)>;

/// What the kernel says about its sockets, where it says so in a file (Linux).
fn sockets() -> Sockets {
    let tables = ["/proc/net/tcp", "/proc/net/tcp6"].map(fs::read_to_string);
    let lines = tables.iter().flatten().flat_map(|table| table.lines());
    lines
        .filter_map(|line| {
            let mut words = line.split_whitespace().skip(1);
            let mut port = || u16::from_str_radix(words.next()?.rsplit_once(':')?.1, 16).ok();
            let ports = (port()?, port()?);
            let (sends, reads) = words.nth(1)?.split_once(':')?;
            let number = |text| u64::from_str_radix(text, 16).ok();
            Some((ports, (number(sends)?, number(reads)?)))
        })
        .collect()
}
