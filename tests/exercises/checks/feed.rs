//! What is about the feed alone: who waits, who is woken, and what is lost.

use super::{Check, PATIENCE, holds, predicted, same};
use push_by_hand::feed::{Feed, Gap, Id, News};
use push_by_hand::http::Request;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Instant;

const EPOCH: u64 = 1_763_700_000_000;

fn feed(kept: usize) -> Feed {
    Feed::new(EPOCH, kept, 1 << 20)
}

fn data(news: &News) -> Vec<&str> {
    news.messages.iter().map(|message| message.data.as_str()).collect()
}

pub fn gather(gather: fn(&Feed, Id, Instant, &dyn Fn()) -> News) -> Check {
    let feed = feed(100);
    let waited = AtomicBool::new(false);
    let moment = || {
        waited.store(true, Ordering::Relaxed);
        feed.publish("b");
        feed.publish("c");
    };
    gather(&feed, feed.origin(), Instant::now(), &moment);
    holds(
        !waited.load(Ordering::Relaxed),
        "a question whose deadline passes without news",
        "no moment more",
        "one",
    )?;
    feed.publish("a");
    let news = gather(&feed, feed.origin(), Instant::now() + PATIENCE, &moment);
    same("a, and during the moment b and c", vec!["a", "b", "c"], data(&news))?;
    same("after which ID the page asks next", feed.newest(), news.last)
}

type Hold = fn(&Feed, &AtomicBool, Id, Instant) -> Option<News>;

pub fn say_goodbye(goodbye: fn(&Feed, &AtomicBool), hold: Hold) -> Check {
    let shared = Arc::new((feed(100), AtomicBool::new(false)));
    shared.0.publish("before");
    let far = Instant::now() + PATIENCE * 100;
    let news = hold(&shared.0, &shared.1, shared.0.origin(), far);
    same("a question where there is news", Some(vec!["before"]), news.as_ref().map(data))?;
    let (answer, answers) = channel();
    let (begun, beginnings) = channel();
    let after = shared.0.newest();
    for _ in 0..3 {
        let (shared, answer, begun) = (Arc::clone(&shared), answer.clone(), begun.clone());
        thread::spawn(move || {
            // Whether the receiver still wants it does not matter here.
            let _ = begun.send(());
            let _ = answer.send(hold(&shared.0, &shared.1, after, far).is_none());
        });
    }
    beginnings.iter().take(3).count();
    goodbye(&shared.0, &shared.1);
    holds(
        shared.1.load(Ordering::SeqCst),
        "whether the server is closing after goodbye",
        "true",
        "false",
    )?;
    for _ in 0..3 {
        let came = match answers.recv_timeout(PATIENCE) {
            Ok(true) => "None",
            Ok(false) => "news",
            Err(_) => "nothing: it is still held",
        };
        holds(came == "None", "a question that was held when goodbye came", "None", came)?;
    }
    let late = hold(&shared.0, &shared.1, shared.0.origin(), far);
    same("a question after goodbye, for which there would be news", None, late)?;
    let (answer, answers) = channel();
    // If it is held all the same, it ends with this program.
    thread::spawn(move || answer.send(hold(&shared.0, &shared.1, shared.0.newest(), far)));
    let came = answers
        .recv_timeout(PATIENCE)
        .map_or("nothing: it is held", |news| if news.is_none() { "None" } else { "news" });
    holds(came == "None", "another one, for which there is none", "None", came)
}

pub fn named_counts(enter: fn(&Feed, &Mutex<usize>), leave: fn(&Feed, &Mutex<usize>)) -> Check {
    let (feed, open) = (feed(100_000), Mutex::new(0));
    enter(&feed, &open);
    enter(&feed, &open);
    leave(&feed, &open);
    let news = feed.after(feed.origin());
    let counts: Vec<_> = news
        .messages
        .iter()
        .map(|message| (message.event.as_str(), message.data.as_str()))
        .collect();
    same(
        "two come, one leaves",
        vec![("clients", "1"), ("clients", "2"), ("clients", "1")],
        counts,
    )?;
    thread::scope(|scope| {
        for _ in 0..8 {
            scope.spawn(|| {
                for _ in 0..5_000 {
                    enter(&feed, &open);
                    leave(&feed, &open);
                }
            });
        }
    });
    let news = feed.after(feed.origin());
    let counts: Vec<usize> =
        news.messages.iter().map(|message| message.data.parse().unwrap()).collect();
    let jump = counts.windows(2).find(|pair| pair[0].abs_diff(pair[1]) != 1);
    holds(
        jump.is_none(),
        "eight come and go 5000 times at once",
        "each number one more or less than the last",
        format!("{jump:?}"),
    )
}

pub fn predict_the_reset(missed: Option<u64>, first: Option<u64>) -> Check {
    let feed = feed(300);
    for n in 1..=700 {
        feed.publish(&n.to_string());
    }
    let news = feed.after(Id { epoch: EPOCH, seq: 100 });
    predicted(
        "how many messages reset says were missed",
        missed,
        if let Gap::Missed(n) = news.gap { n } else { 0 },
    )?;
    predicted("the number of the first message after it", first, news.messages[0].id.seq)
}

pub fn resume_cursor(start: fn(&Request, &Feed) -> Id) -> Check {
    let feed = feed(100);
    for n in 1..=9 {
        feed.publish(&n.to_string());
    }
    let id = |seq| Id { epoch: EPOCH, seq };
    let nonsense = Id { epoch: 0, seq: 0 };
    for (target, last, expected) in [
        ("/events", "", feed.before_newest()),
        ("/events?after=1763700000000-3", "", id(3)),
        ("/events", "Last-Event-ID: 1763700000000-5\r\n", id(5)),
        ("/events?after=1763700000000-3", "last-event-id: 1763700000000-7\r\n", id(7)),
        ("/events?after=yesterday", "", nonsense),
        ("/events?after=1763700000000-3", "Last-Event-ID: yesterday\r\n", nonsense),
    ] {
        let text = format!("GET {target} HTTP/1.1\r\nHost: localhost\r\n{last}\r\n");
        let request = Request::read_from(&mut text.as_bytes()).ok().flatten().unwrap();
        same(&format!("GET {target}\n{}", last.trim_end()), expected, start(&request, &feed))?;
    }
    Ok(())
}
