//! What asking again and again costs the server's processor, and what waiting costs it.

use crate::bench::{Bench, END, MESSAGE};
use crate::client::{Client, EVENTS, LONG_POLL, LONG_POLL_ID, POLL, joined, sleep_until};
use crate::held::{SECOND, next_after};
use crate::table::{row, so, tenths};
use std::collections::BTreeMap;
use std::fs;
use std::io;
use std::thread;
use std::time::Instant;

const CLIENTS: u32 = 50;
/// How long they read, in seconds that are played faster.
const SECONDS: u32 = 20;

pub fn processor(bench: &Bench) -> io::Result<()> {
    for messages in [1, 20, 100] {
        let claim = format!("waiting costs less: {} messages a minute", 60 / SECONDS * messages);
        let (Some(polls), Some(held), Some(streams)) = (
            crowd(bench, messages, polls)?,
            crowd(bench, messages, long_polls)?,
            crowd(bench, messages, streams)?,
        ) else {
            row(&claim, "not measured", "unknown: no /proc to ask");
            continue;
        };
        let is_less = |other| 5 * other < 4 * polls;
        let verdict = match (is_less(held), is_less(streams)) {
            (true, true) => "true",
            (false, true) => "half true: a stream's",
            _ => so(messages > SECONDS, "false: more news than polls"),
        };
        // A client's seconds; 1 µs in 1 s is a millionth of a processor.
        let each = |time: u64| tenths(time, 1000 * u64::from(CLIENTS * SECONDS));
        let (polls, held, streams) = (each(polls), each(held), each(streams));
        row(
            &claim,
            &format!("µs a second: poll {polls}, long poll {held}, stream {streams}"),
            verdict,
        );
    }
    Ok(())
}

/// So many clients for a while in which there is news so often. Returns the nanoseconds that the
/// server's threads had of the processor.
fn crowd(
    bench: &Bench,
    messages: u32,
    client: fn(u16, Instant) -> io::Result<()>,
) -> io::Result<Option<u64>> {
    let (feed, port, _waits) = bench.feed(25 * SECOND)?;
    let (before, begun) = (used(), Instant::now());
    thread::scope(|scope| {
        let clients: Vec<_> = (0..CLIENTS)
            .map(|n| scope.spawn(move || client(port, begun + n * SECOND / CLIENTS)))
            .collect();
        for n in 0..messages {
            sleep_until(begun + SECONDS * SECOND * (2 * n + 1) / (2 * messages));
            feed.publish(MESSAGE);
        }
        sleep_until(begun + SECONDS * SECOND);
        let after = used();
        feed.publish(END);
        clients.into_iter().try_for_each(joined)?;
        // A thread that has ended since belonged to somebody else.
        Ok(before.zip(after).map(|(before, after)| {
            let since = |(thread, time): (&String, &u64)| {
                time - before.get(thread).copied().unwrap_or_default()
            };
            after.iter().map(since).sum()
        }))
    })
}

fn polls(port: u16, begun: Instant) -> io::Result<()> {
    let mut client = Client::connect(port)?;
    for second in 0..SECONDS {
        sleep_until(begun + second * SECOND);
        client.ask(POLL)?;
    }
    Ok(())
}

fn long_polls(port: u16, begun: Instant) -> io::Result<()> {
    let mut client = Client::connect(port)?;
    let mut after = String::new();
    while begun.elapsed() < SECONDS * SECOND {
        let answer = client.ask(&LONG_POLL.replace(LONG_POLL_ID, &after))?;
        after = next_after(&answer).unwrap_or(after);
    }
    Ok(())
}

fn streams(port: u16, _: Instant) -> io::Result<()> {
    io::copy(&mut Client::connect(port)?.stream(EVENTS)?, &mut io::sink()).map(drop)
}

/// What each thread of the server has had of the processor, in nanoseconds. The clients are in the
/// same process; a thread's name says whose it is (Linux).
fn used() -> Option<BTreeMap<String, u64>> {
    let mut all = BTreeMap::new();
    for thread in fs::read_dir("/proc/self/task").ok()?.flatten() {
        let read = |file| fs::read_to_string(thread.path().join(file)).unwrap_or_default();
        if read("comm").trim_end() == "connection" {
            let time = read("schedstat").split_whitespace().next()?.parse().ok()?;
            all.insert(thread.file_name().to_string_lossy().into_owned(), time);
        }
    }
    Some(all)
}
