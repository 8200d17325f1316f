//! What people may read, or not: the log on standard error, and what a conversation prints on
//! standard output.
//!
//! A terminal that stands still (Ctrl-S, a pager, a full pipe) blocks whoever writes to it. Only
//! [`log`] takes that risk: it is for the start and the end of a program, whose lines must come
//! out. The threads of connections use [`note`] and [`say`], which put their text into the queue of
//! a thread that does nothing else but write. What finds the queue full is not printed, but it is
//! counted, and the count is printed behind what was in the queue.
//!
//! Left out: the end. Servers end by a signal, for which std has no handler, and what is still in
//! a queue then is lost.

use crate::terminal::print;
use std::io::{self, Write};
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, OnceLock};
use std::thread;

/// How much text may wait for whoever reads it, in bytes.
const MAX_WAITING: usize = 1024 * 1024;
/// What a text takes beside its bytes, in bytes, about: many short ones are much, too.
const BESIDE: usize = 64;

static LOG: OnceLock<Queue> = OnceLock::new();
static OUTPUT: OnceLock<Queue> = OnceLock::new();

/// Writes one line to the log at once. If nobody can read it, nobody misses it.
pub fn log(line: &str) {
    write_log(&format!("{line}\n"));
}

fn write_log(text: &str) {
    let _ = io::stderr().write_all(text.as_bytes());
}

/// The same for whoever must not wait for the reader of the log: the thread of a connection.
pub fn note(line: String) {
    match LOG.get() {
        Some(queue) => queue.put(line + "\n"),
        None => log(&line),
    }
}

/// Prints text on standard output without waiting for its reader; for conversations.
pub fn say(text: String) {
    match OUTPUT.get() {
        Some(queue) => queue.put(text),
        None => print(&text),
    }
}

/// Starts the two threads that write, unless a server of this process has done so.
pub(super) fn start() -> io::Result<()> {
    if LOG.get().is_none() {
        // Where another server was quicker, these threads find their queues dropped, and end.
        let _ = LOG.set(Queue::start("log", write_log)?);
        let _ = OUTPUT.set(Queue::start("output", print)?);
    }
    Ok(())
}

/// What waits for a thread that writes it.
struct Queue {
    texts: Sender<String>,
    counts: Arc<Counts>,
}

#[derive(Default)]
struct Counts {
    /// How many bytes wait.
    waiting: AtomicUsize,
    /// How many lines found no room and have not been told of.
    lost: AtomicUsize,
}

impl Queue {
    fn start(name: &str, write: impl Fn(&str) + Send + 'static) -> io::Result<Queue> {
        let (sender, texts) = channel();
        let queue = Queue { texts: sender, counts: Arc::default() };
        let counts = Arc::clone(&queue.counts);
        let write_all = move || write_all(&texts, &counts, write);
        thread::Builder::new().name(name.into()).spawn(write_all)?;
        Ok(queue)
    }

    fn put(&self, text: String) {
        let (size, Counts { waiting, lost }) = (text.len() + BESIDE, &*self.counts);
        if waiting.fetch_add(size, Ordering::Relaxed) + size > MAX_WAITING {
            waiting.fetch_sub(size, Ordering::Relaxed);
            lost.fetch_add(text.lines().count(), Ordering::Relaxed);
            return;
        }
        // The thread ends only where another server's queue was quicker.
        let _ = self.texts.send(text);
    }
}

/// Writes what comes, and when it has written all, how much more there would have been.
fn write_all(texts: &Receiver<String>, counts: &Counts, write: impl Fn(&str)) {
    let write_one = |text: String| {
        write(&text);
        counts.waiting.fetch_sub(text.len() + BESIDE, Ordering::Relaxed);
    };
    while let Ok(text) = texts.recv() {
        write_one(text);
        texts.try_iter().for_each(write_one);
        match counts.lost.swap(0, Ordering::Relaxed) {
            0 => {}
            lines => write(&format!("lines not printed: {lines}\n")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_finds_no_room_is_counted_and_the_count_is_printed() {
        let (wrote, written) = channel();
        let (go_on, may_write) = channel::<()>();
        let queue = Queue::start("test", move |text| {
            wrote.send(text.to_owned()).unwrap();
            may_write.recv().unwrap();
        });
        let queue = queue.unwrap();
        queue.put("first".into());
        // The thread has it in hand and stands still; now the queue is filled.
        assert_eq!(written.recv().unwrap(), "first");
        let long = "x".repeat(MAX_WAITING / 4);
        (0..3).for_each(|_| queue.put(long.clone()));
        queue.put(format!("no room\nfor these\n{long}"));
        queue.put("here is some".into());
        queue.put(long.clone());
        (0..6).for_each(|_| go_on.send(()).unwrap());
        (0..3).for_each(|_| assert!(written.recv().unwrap() == long));
        assert_eq!(written.recv().unwrap(), "here is some");
        assert_eq!(written.recv().unwrap(), "lines not printed: 4\n");
    }

    #[test]
    fn many_short_texts_are_bounded_as_a_few_long_ones() {
        let (go_on, may_write) = channel::<()>();
        let queue = Queue::start("test", move |_| may_write.recv().unwrap_or(())).unwrap();
        (0..MAX_WAITING / BESIDE).for_each(|_| queue.put("\n".into()));
        assert!(queue.counts.waiting.load(Ordering::Relaxed) <= MAX_WAITING);
        assert!(queue.counts.lost.load(Ordering::Relaxed) > 0);
        drop(go_on);
    }
}
