//! What is said about delay: from publishing to reading, and there and back.

use crate::bench::{Bench, MESSAGE, PATIENCE};
use crate::client::{Client, EVENTS, POLL, hear, joined, long_poll, read_message, sleep_until};
use crate::distance;
use crate::table::{milliseconds, row, so, tenths};
use push_by_hand::websocket::Opcode;
use std::fmt;
use std::io;
use std::sync::{Mutex, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

pub fn delay(bench: &Bench) -> io::Result<()> {
    let polling = delay_of_polling(bench)?;
    // A connection's threads often stay on one processor, near to each other or not. Ten
    // connections have both kinds of luck.
    let mut times = [const { Vec::new() }; 6];
    for _ in 0..10 {
        for (times, more) in times.iter_mut().zip(delays_on_open_connections(bench)?) {
            times.extend(more);
        }
    }
    let [websocket, long_polling, stream, echo, request, connection] = times.map(Spread::from);
    let sooner = websocket.median * 10 < polling.median;
    row(
        "WebSocket brings news sooner",
        &websocket.to_string(),
        so(sooner, "half true: sooner than polling"),
    );
    for (name, other) in
        [("polling each second", polling), ("long polling", long_polling), ("event stream", stream)]
    {
        row(name, &other.to_string(), &other.against(&websocket));
    }
    let kept = if 2 * request.median > 3 * echo.median {
        "true"
    } else {
        "false: HTTP kept open is as fast"
    };
    row("WebSocket is sooner there and back", &echo.to_string(), kept);
    for (name, other) in
        [("request and response", request), ("the same, with a connection for each", connection)]
    {
        row(name, &other.to_string(), &other.against(&echo));
    }
    far(bench)
}

/// The same where there is a way between the two.
fn far(bench: &Bench) -> io::Result<()> {
    const TRIP: Duration = Duration::from_millis(50);
    let spread = |measure: distance::Measure| -> io::Result<Spread> {
        let times: io::Result<Vec<_>> = (0..7).map(|_| Ok(measure(bench, TRIP)?.1)).collect();
        Ok(Spread::from(times?))
    };
    let stream = spread(distance::event_stream)?;
    let is_a_trip = stream.median < 2 * TRIP;
    row("event stream, 50 ms away", &stream.to_string(), so(is_a_trip, "the way, and no more"));
    for (name, measure) in [
        ("a poll asked at that moment", distance::poll as distance::Measure),
        ("long polling, the second of two at once", distance::just_after),
    ] {
        let other = spread(measure)?;
        row(name, &other.to_string(), &other.against(&stream));
    }
    Ok(())
}

/// A way to measure once: it opened its connection when it was made.
type Measure<'a> = Box<dyn FnMut() -> io::Result<Duration> + 'a>;

/// From publishing to reading by WebSocket, long polling and event stream; then there and back by
/// WebSocket and by HTTP, on one connection and on one for each.
fn delays_on_open_connections(bench: &Bench) -> io::Result<[Vec<Duration>; 6]> {
    // In turn: whatever else this machine does meanwhile, it does to all of them.
    let mut measures: [Measure<'_>; 5] = [
        websocket(bench)?,
        long_polling(bench)?,
        event_stream(bench)?,
        echo(bench)?,
        request(bench)?,
    ];
    let mut times = [const { Vec::new() }; 6];
    for _ in 0..30 {
        for (times, measure) in times.iter_mut().zip(&mut measures) {
            times.push(measure()?);
        }
    }
    // By itself: a connection that is being closed would stand in the way of whoever comes next.
    let (_, port, _) = bench.feed(PATIENCE)?;
    for _ in 0..30 {
        times[5].push(timed(|| Client::connect(port)?.ask(POLL).map(drop))?);
    }
    Ok(times)
}

fn websocket(bench: &Bench) -> io::Result<Measure<'_>> {
    let (feed, port, waits) = bench.feed(PATIENCE)?;
    let mut client = Client::upgraded(port, "/push")?;
    Ok(Box::new(move || {
        hear(&waits)?;
        timed(|| {
            feed.publish(MESSAGE);
            client.frame().map(drop)
        })
    }))
}

fn long_polling(bench: &Bench) -> io::Result<Measure<'_>> {
    let (feed, port, waits) = bench.feed(PATIENCE)?;
    let mut client = Client::connect(port)?;
    Ok(Box::new(move || {
        client.send(&long_poll(feed.newest()))?;
        hear(&waits)?;
        timed(|| {
            feed.publish(MESSAGE);
            client.response().map(drop)
        })
    }))
}

fn event_stream(bench: &Bench) -> io::Result<Measure<'_>> {
    let (feed, port, waits) = bench.feed(PATIENCE)?;
    feed.publish(MESSAGE);
    let mut body = Client::connect(port)?.stream(EVENTS)?;
    read_message(&mut body)?;
    hear(&waits)?;
    Ok(Box::new(move || {
        hear(&waits)?;
        timed(|| {
            feed.publish(MESSAGE);
            read_message(&mut body)
        })
    }))
}

fn echo(bench: &Bench) -> io::Result<Measure<'_>> {
    let (_, port, _) = bench.feed(PATIENCE)?;
    let mut client = Client::upgraded(port, "/echo")?;
    Ok(Box::new(move || {
        timed(|| {
            client.send_frame(Opcode::Text, MESSAGE.as_bytes())?;
            client.frame().map(drop)
        })
    }))
}

fn request(bench: &Bench) -> io::Result<Measure<'_>> {
    let (_, port, _) = bench.feed(PATIENCE)?;
    let mut client = Client::connect(port)?;
    Ok(Box::new(move || timed(|| client.ask(POLL).map(drop))))
}

fn timed(what: impl FnOnce() -> io::Result<()>) -> io::Result<Duration> {
    let begun = Instant::now();
    what()?;
    Ok(begun.elapsed())
}

/// Twenty clients, each of which polls once a second, at even distances from one another; and two
/// messages.
fn delay_of_polling(bench: &Bench) -> io::Result<Spread> {
    const CLIENTS: u32 = 20;
    const SECOND: Duration = Duration::from_secs(1);
    let (feed, port, _) = bench.feed(PATIENCE)?;
    let begun = Instant::now();
    let published = Mutex::new(Vec::new());
    let lock = || published.lock().unwrap_or_else(PoisonError::into_inner);
    let client = |phase: Duration| -> io::Result<Vec<Duration>> {
        let mut client = Client::connect(port)?;
        let mut delays = Vec::new();
        for n in 0..4 {
            sleep_until(begun + phase + n * SECOND);
            let text = client.ask(POLL)?.body;
            // What it has seen before is no news.
            let news = lock()
                .get(delays.len())
                .copied()
                .filter(|(news, _): &(&str, Instant)| text == news.as_bytes());
            delays.extend(news.map(|(_, at)| at.elapsed()));
        }
        Ok(delays)
    };
    thread::scope(|scope| {
        let client = &client;
        let clients: Vec<_> =
            (0..CLIENTS).map(|n| scope.spawn(move || client(n * SECOND / CLIENTS))).collect();
        for (text, at) in [("1763700043000", 101), ("1763700044000", 202)] {
            sleep_until(begun + SECOND * at / 100);
            lock().push((text, Instant::now()));
            feed.publish(text);
        }
        let delays: io::Result<Vec<_>> = clients.into_iter().map(joined).collect();
        Ok(Spread::from(delays?.concat()))
    })
}

/// Measurements of one thing.
struct Spread {
    low: Duration,
    median: Duration,
    high: Duration,
}

impl Spread {
    fn against(&self, other: &Spread) -> String {
        let nanoseconds =
            |spread: &Spread| u64::try_from(spread.median.as_nanos()).unwrap_or(u64::MAX);
        match 10 * nanoseconds(self) / nanoseconds(other).max(1) {
            7..15 => "the same".to_owned(),
            0..1000 => format!("{} times as long", tenths(nanoseconds(self), nanoseconds(other))),
            times => format!("{} times as long", times / 10),
        }
    }
}

impl From<Vec<Duration>> for Spread {
    fn from(mut all: Vec<Duration>) -> Spread {
        all.sort();
        let at = |tenths: usize| all.get(all.len() * tenths / 10).copied().unwrap_or_default();
        Spread { low: at(1), median: at(5), high: at(9) }
    }
}

impl fmt::Display for Spread {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} ({} to {})",
            milliseconds(self.median),
            milliseconds(self.low),
            milliseconds(self.high)
        )
    }
}
