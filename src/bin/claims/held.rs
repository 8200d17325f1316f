//! What is said about held requests: how many they save, and what they cost.

use crate::bench::{Bench, MESSAGE, PATIENCE};
use crate::client::{Client, LONG_POLL, LONG_POLL_ID, POLL, hear, joined, long_poll, sleep_until};
use crate::table::{milliseconds, row, so, tenths};
use push_by_hand::http::Response;
use std::io;
use std::thread;
use std::time::{Duration, Instant};

/// A second, played 25 times as fast.
pub const SECOND: Duration = Duration::from_millis(40);

pub fn crossing(bench: &Bench) -> io::Result<()> {
    thread::scope(|scope| {
        let minutes = [0, 2, 12, 60, 300]
            .map(|messages| (messages, scope.spawn(move || minute(bench, messages))));
        for (messages, minute) in minutes {
            let (polls, long_polls) = joined(minute)?;
            let verdict = match 100 * long_polls / polls {
                few @ 0..90 => format!("true: {few} % of the requests"),
                90..110 => "false: as many".to_owned(),
                _ => format!("false: {} times as many", tenths(long_polls, polls)),
            };
            let claim = format!("it saves requests: {messages} messages a minute");
            row(
                &claim,
                &format!("polling each second {polls}, long polling {long_polls}"),
                &verdict,
            );
        }
        Ok(())
    })
}

/// A minute with so many messages: how often a client asks that polls each second, and one that
/// long-polls.
fn minute(bench: &Bench, messages: u32) -> io::Result<(u64, u64)> {
    let (feed, port, _) = bench.feed(25 * SECOND)?;
    let begun = Instant::now();
    thread::scope(|scope| {
        let polls = scope.spawn(|| -> io::Result<u64> {
            let mut client = Client::connect(port)?;
            for second in 0..60 {
                sleep_until(begun + second * SECOND);
                client.ask(POLL)?;
            }
            Ok(60)
        });
        let long_polls = scope.spawn(|| -> io::Result<u64> {
            let mut client = Client::connect(port)?;
            let (mut after, mut asked) = (feed.newest().to_string(), 0);
            while begun.elapsed() < 60 * SECOND {
                let answer = client.ask(&LONG_POLL.replace(LONG_POLL_ID, &after))?;
                asked += 1;
                after = next_after(&answer).unwrap_or(after);
            }
            Ok(asked)
        });
        for n in 0..messages {
            sleep_until(begun + 60 * SECOND * (2 * n + 1) / (2 * messages));
            feed.publish(MESSAGE);
        }
        sleep_until(begun + 60 * SECOND);
        // Whoever is still held may go.
        feed.publish(MESSAGE);
        Ok((joined(polls)?, joined(long_polls)?))
    })
}

/// After which message to ask again. Nothing is said where the time was up.
pub fn next_after(answer: &Response) -> Option<String> {
    // {"id":"1763700000000-42", …
    String::from_utf8_lossy(&answer.body).split('"').nth(3).map(str::to_owned)
}

pub fn held(bench: &Bench) -> io::Result<()> {
    // Both ends are in this process, so each takes two of the files that it may open.
    let number = 1000.min(bench.server.threads().max() / 2);
    let (feed, port, waits) = bench.feed(PATIENCE)?;
    let head = long_poll(feed.newest());
    let before = process();
    let mut clients = Vec::with_capacity(number);
    for _ in 0..number {
        let mut client = Client::connect(port)?;
        client.send(&head)?;
        clients.push(client);
        hear(&waits)?;
    }
    let during = process();
    let claim = "long polling needs high concurrency";
    match before.zip(during) {
        Some(((_, kib_before), (threads, kib))) => {
            let each = tenths(kib.saturating_sub(kib_before), number as u64);
            let measured = format!("{number} held: {threads} threads, {each} KiB each");
            row(claim, &measured, so(threads >= number as u64, "true: here a thread each"));
        }
        None => row(claim, &format!("{number} held"), "unknown: no /proc to count with"),
    }
    let begun = Instant::now();
    feed.publish(MESSAGE);
    for client in &mut clients {
        client.response()?;
    }
    let each = begun.elapsed() / u32::try_from(number).unwrap_or(u32::MAX);
    let measured =
        format!("the last after {}, {} each", milliseconds(begun.elapsed()), milliseconds(each));
    row("one message answers them all", &measured, "true");
    Ok(())
}

/// How many threads this process has, and how many KiB of memory are in use (Linux).
fn process() -> Option<(u64, u64)> {
    let status = std::fs::read_to_string("/proc/self/status").ok()?;
    let number = |name| {
        status
            .lines()
            .find_map(|line: &str| line.strip_prefix(name)?.split_whitespace().next()?.parse().ok())
    };
    Some((number("Threads:")?, number("VmRSS:")?))
}
