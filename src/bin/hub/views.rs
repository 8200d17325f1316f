//! What a page of the hub may see of its own connections: what each technique costs on the wire,
//! and the bytes themselves.
//!
//! Hangs on the tap of every connection, beside `wire`, and knows no socket. A view is one open
//! page. Its requests name it (`?view=…`), and from then on what crosses their connections is
//! counted and, if the page wants to look, cut into parts.
//!
//! ```text
//! page ── /events?view=k3x ──▶ handler ── attach ─┐
//!                                                 ▼
//! Connection ─▶ tap ─▶ is it attached? ─▶ totals of (view, technique) ─▶ parts ─▶ a Feed
//!                                                          that the page's drawer reads ┘
//! ```
//!
//! A request is counted when its handler attaches it: only its target says whose it is. A
//! connection that is not attached costs one look into a map, and none at all while no page is
//! open. The drawer's own connection is never attached, so it never shows its own traffic.

use crate::technique::Technique;
use push_by_hand::connection::{Crossing, Tap, Writer};
use push_by_hand::feed::Feed;
use push_by_hand::http::Request;
use push_by_hand::json;
use push_by_hand::wire::{Direction, Dissector};
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};

/// How many pages may look at once.
const MAX_VIEWS: usize = 32;
/// How many crossings the drawer's feed keeps, and of how many bytes.
const KEPT_CROSSINGS: usize = 2_000;
const KEPT_BYTES: usize = 2 << 20;

/// All views.
#[derive(Default)]
pub struct Views {
    open: Mutex<HashMap<String, Arc<View>>>,
    attached: RwLock<HashMap<u64, Arc<Attached>>>,
    /// Whether `attached` has anything in it: spares the map while nobody looks.
    looking: AtomicBool,
    received: AtomicU64,
    sent: AtomicU64,
}

/// Whether a page may choose this key; what was expected and what came, if not.
pub fn check_key(key: &str) -> Result<(), String> {
    if (8..=64).contains(&key.len()) && key.bytes().all(|byte| byte.is_ascii_alphanumeric()) {
        return Ok(());
    }
    Err(format!("expected a key of 8 to 64 letters and digits; came \"{}\"", key.escape_debug()))
}

/// One open page.
pub struct View {
    totals: Mutex<[Totals; Technique::ALL.len()]>,
    /// What crossed, a JSON object a message, for the drawer.
    pub crossings: Feed,
    /// Which techniques the drawer shows: none of them until it is opened.
    shown: [AtomicBool; Technique::ALL.len()],
    held: Mutex<Vec<(Technique, u64, Writer)>>,
    /// The techniques whose next request is to be cut, because there was no connection to cut.
    cut_next: [AtomicBool; Technique::ALL.len()],
}

/// What a technique has cost one page so far.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Totals {
    /// Requests.
    pub requests: u64,
    /// Bytes from the browser.
    pub up: u64,
    /// Bytes to the browser.
    pub down: u64,
    /// Messages delivered.
    pub messages: u64,
    /// Bytes of the messages' own text.
    pub useful: u64,
}

/// One connection of a view.
struct Attached {
    view: Arc<View>,
    technique: Technique,
    dissector: Mutex<Dissector>,
    /// The connection has left HTTP: whatever comes is this technique's.
    switched: AtomicBool,
}

impl Views {
    /// The tap to give to the server.
    pub fn tap(self: &Arc<Self>) -> Tap {
        let views = Arc::clone(self);
        Arc::new(move |number, crossing| match crossing {
            Crossing::Received(bytes) => {
                views.received.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                // What comes over HTTP is a request, and is counted when it is attached.
                if let Some(attached) = views
                    .attached(number)
                    .filter(|attached| attached.switched.load(Ordering::Relaxed))
                {
                    attached.crossed(number, Direction::In, bytes);
                }
            }
            Crossing::Sent(bytes) => {
                views.sent.fetch_add(bytes.len() as u64, Ordering::Relaxed);
                if let Some(attached) = views.attached(number) {
                    attached.crossed(number, Direction::Out, bytes);
                }
            }
            Crossing::Closed => views.detach(number),
            Crossing::Opened(_) => {}
        })
    }

    /// Bytes received and sent on all connections together.
    pub fn bytes(&self) -> (u64, u64) {
        (self.received.load(Ordering::Relaxed), self.sent.load(Ordering::Relaxed))
    }

    /// Opens a view under the key its page chose, until the guard is dropped. `None` if there are
    /// too many, or one of this key already.
    pub fn open(self: &Arc<Self>, key: &str) -> Option<OpenView> {
        let mut open = lock(&self.open);
        if open.len() >= MAX_VIEWS || open.contains_key(key) {
            return None;
        }
        let view = Arc::new(View {
            totals: Mutex::default(),
            crossings: Feed::new(0, KEPT_CROSSINGS, KEPT_BYTES),
            shown: Default::default(),
            held: Mutex::default(),
            cut_next: Default::default(),
        });
        open.insert(key.to_owned(), Arc::clone(&view));
        Some(OpenView { views: Arc::clone(self), key: key.to_owned(), view })
    }

    /// Says that this connection now carries this request, of this technique. Returns the view it
    /// belongs to, if it names one that is open.
    pub fn attach(
        &self,
        number: u64,
        technique: Technique,
        request: &Request,
    ) -> Option<Arc<View>> {
        let named = request.query("view").and_then(|key| lock(&self.open).get(&key).cloned());
        let Some(view) = named else {
            self.detach(number);
            return None;
        };
        let mut map = self.attached.write().unwrap_or_else(PoisonError::into_inner);
        let known = map
            .get(&number)
            .filter(|known| known.technique == technique && Arc::ptr_eq(&known.view, &view));
        let attached = known.cloned().unwrap_or_else(|| {
            Arc::new(Attached {
                view: Arc::clone(&view),
                technique,
                dissector: Mutex::default(),
                switched: AtomicBool::new(false),
            })
        });
        map.insert(number, Arc::clone(&attached));
        self.looking.store(true, Ordering::Relaxed);
        drop(map);
        lock(&view.totals)[technique as usize].requests += 1;
        attached.crossed(number, Direction::In, &request.to_bytes());
        attached.switched.store(technique == Technique::WebSocket, Ordering::Relaxed);
        Some(view)
    }

    /// Says that this connection carries nothing of a view any more.
    pub fn detach(&self, number: u64) {
        if self.looking.load(Ordering::Relaxed) {
            let mut map = self.attached.write().unwrap_or_else(PoisonError::into_inner);
            map.remove(&number);
            self.looking.store(!map.is_empty(), Ordering::Relaxed);
        }
    }

    fn attached(&self, number: u64) -> Option<Arc<Attached>> {
        if !self.looking.load(Ordering::Relaxed) {
            return None;
        }
        self.attached.read().unwrap_or_else(PoisonError::into_inner).get(&number).cloned()
    }
}

impl Attached {
    /// Counts what crossed, and shows it if the page looks.
    fn crossed(&self, number: u64, direction: Direction, bytes: &[u8]) {
        let totals = &mut lock(&self.view.totals)[self.technique as usize];
        match direction {
            Direction::In => totals.up += bytes.len() as u64,
            Direction::Out => totals.down += bytes.len() as u64,
        }
        // The dissector reads everything, so that it knows where it is when the page begins to
        // look.
        let parts = lock(&self.dissector).read(direction, bytes);
        if self.view.shown[self.technique as usize].load(Ordering::Relaxed) && !parts.is_empty() {
            let parts: Vec<String> = parts.iter().map(|part| part.to_json()).collect();
            let (technique, length, parts) = (self.technique.path(), bytes.len(), parts.join(","));
            let direction = if direction == Direction::In { "up" } else { "down" };
            let which = format!(r#""connection":{number},"technique":"{technique}""#);
            let what = format!(r#""direction":"{direction}","bytes":{length},"parts":[{parts}]"#);
            self.view.crossings.publish(&format!("{{{which},{what}}}"));
        }
    }
}

impl View {
    /// Counts messages that were delivered: how many, and how many bytes of text.
    pub fn delivered(&self, technique: Technique, messages: u64, useful: u64) {
        let totals = &mut lock(&self.totals)[technique as usize];
        totals.messages += messages;
        totals.useful += useful;
    }

    /// Chooses what the drawer shows.
    pub fn show(&self, shown: impl Fn(Technique) -> bool) {
        for technique in Technique::ALL {
            self.shown[technique as usize].store(shown(technique), Ordering::Relaxed);
        }
    }

    /// Keeps a connection within reach of [`cut`](View::cut) until the guard is dropped. `None`: it
    /// has been cut already.
    pub fn hold<'a>(
        &'a self,
        technique: Technique,
        number: u64,
        writer: &Writer,
    ) -> Option<Held<'a>> {
        if self.cut_next[technique as usize].swap(false, Ordering::Relaxed) {
            writer.cut();
            return None;
        }
        lock(&self.held).push((technique, number, writer.clone()));
        Some(Held { view: self, number })
    }

    /// Ends the connections of a technique, as a network does: without a word. Where there is none
    /// at the moment, the next one.
    pub fn cut(&self, technique: Technique) {
        let held = lock(&self.held);
        let cut = held
            .iter()
            .filter(|(of, ..)| *of == technique)
            .map(|(.., writer)| writer.cut())
            .count();
        self.cut_next[technique as usize].store(cut == 0, Ordering::Relaxed);
    }

    /// `{"poll":{"requests":3,"up":1500,"down":900,"messages":3,"useful":24},…}`
    pub fn totals_to_json(&self) -> String {
        let totals = *lock(&self.totals);
        let each = |technique: Technique| {
            let Totals { requests, up, down, messages, useful } = totals[technique as usize];
            let name = json::string(technique.path());
            let crossed = format!(r#""requests":{requests},"up":{up},"down":{down}"#);
            format!(r#"{name}:{{{crossed},"messages":{messages},"useful":{useful}}}"#)
        };
        format!("{{{}}}", Technique::ALL.map(each).join(","))
    }
}

/// A view that is open for as long as this lives.
pub struct OpenView {
    views: Arc<Views>,
    key: String,
    /// The view.
    pub view: Arc<View>,
}

impl Drop for OpenView {
    fn drop(&mut self) {
        lock(&self.views.open).remove(&self.key);
    }
}

/// A connection that can be cut for as long as this lives.
pub struct Held<'a> {
    view: &'a View,
    number: u64,
}

impl Drop for Held<'_> {
    fn drop(&mut self) {
        lock(&self.view.held).retain(|(_, number, _)| *number != self.number);
    }
}

/// What a panic under one of these locks leaves behind are counts, which are right.
fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}
