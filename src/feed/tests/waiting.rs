use super::*;
use std::sync::Barrier;
use std::sync::atomic::{AtomicBool, Ordering};

#[test]
fn whoever_waits_is_woken_by_the_next_message() {
    let feed = Arc::new(feed(10, 3));
    let (returned, news) = mpsc::channel();
    let reader = Arc::clone(&feed);
    thread::spawn(move || returned.send(reader.wait_after(id(3), Instant::now() + LONGER_STILL)));
    // Whether it waits already or not yet makes no difference.
    feed.publish("news");
    assert_eq!(texts(&news.recv_timeout(PATIENCE).expect("woken before its deadline")), ["news"]);
}

#[test]
fn one_message_wakes_everyone_who_waits() {
    const READERS: usize = 50;
    let feed = Arc::new(feed(10, 3));
    let (returned, answers) = mpsc::channel();
    let begun = Arc::new(Barrier::new(READERS + 1));
    for _ in 0..READERS {
        let (feed, returned, begun) = (Arc::clone(&feed), returned.clone(), Arc::clone(&begun));
        thread::spawn(move || {
            begun.wait();
            returned.send(feed.wait_after(id(3), Instant::now() + LONGER_STILL).messages.len())
        });
    }
    begun.wait();
    // Let those that have begun go on to the wait. One that is too late finds the message, and
    // is no less right.
    (0..1_000).for_each(|_| thread::yield_now());
    feed.publish("news");
    for _ in 0..READERS {
        assert_eq!(answers.recv_timeout(PATIENCE).expect("nobody is forgotten"), 1);
    }
}

#[test]
fn where_there_is_news_nobody_waits_and_a_deadline_ends_the_wait() {
    let feed = feed(10, 3);
    let past = Instant::now();
    assert_eq!(texts(&feed.wait_after(id(1), past)), ["2", "3"]);
    assert_eq!(texts(&feed.wait_after(id(1), past + PATIENCE)), ["2", "3"]);
    assert!(feed.wait_after(id(3), past).is_empty());
    let deadline = Instant::now() + Duration::from_millis(20);
    let news = feed.wait_after(id(3), deadline);
    assert!(news.is_empty() && Instant::now() >= deadline);
    assert_eq!(news.last, id(3));
}

#[test]
fn readers_that_wait_in_a_loop_see_every_message_once_and_in_order() {
    const COUNT: u64 = 2_000;
    let feed = Feed::new(EPOCH, usize::MAX, usize::MAX);
    thread::scope(|scope| {
        for _ in 0..4 {
            scope.spawn(|| {
                let mut last = feed.start();
                while last.seq < COUNT {
                    let news = feed.wait_after(last, Instant::now() + LONGER_STILL);
                    assert_eq!(news.gap, Gap::None);
                    for message in &news.messages {
                        assert_eq!(message.id.seq, last.seq + 1);
                        last = message.id;
                    }
                    assert_eq!(
                        news.last, last,
                        "what is told as the last is the last that is told"
                    );
                }
            });
        }
        for _ in 0..2 {
            scope.spawn(|| (0..COUNT / 2).for_each(|_| assert_eq!(feed.publish("x").epoch, EPOCH)));
        }
    });
    assert_eq!(feed.newest(), id(COUNT));
}

#[test]
fn a_reader_that_the_log_outruns_can_account_for_every_message() {
    const COUNT: u64 = 20_000;
    let feed = Feed::new(EPOCH, 8, usize::MAX);
    let done = AtomicBool::new(false);
    thread::scope(|scope| {
        let reader = scope.spawn(|| {
            let (mut last, mut seen, mut missed) = (feed.start(), 0, 0);
            while last.seq < COUNT {
                let news = feed.wait_after(last, Instant::now() + LONGER_STILL);
                if let Gap::Missed(count) = news.gap {
                    missed += count;
                }
                // What is missed and what is seen join without a seam.
                let first = news.last.seq - news.messages.len() as u64 + 1;
                assert_eq!(news.messages.first().map(|message| message.id.seq), Some(first));
                seen += news.messages.len() as u64;
                assert_eq!(seen + missed, news.last.seq);
                last = news.last;
            }
            done.store(true, Ordering::SeqCst);
        });
        (0..COUNT).for_each(|_| assert_eq!(feed.publish("x").epoch, EPOCH));
        reader.join().unwrap();
    });
    assert!(done.load(Ordering::SeqCst));
}

#[test]
#[ignore = "heavy: 10,000 threads"]
fn one_publish_reaches_ten_thousand_waiting_readers() {
    const READERS: usize = 10_000;
    let feed = Arc::new(Feed::new(EPOCH, 10, 1 << 20));
    let (returned, answers) = mpsc::channel();
    let (waits, waiting) = mpsc::channel();
    for _ in 0..READERS {
        let (feed, returned, waits) = (Arc::clone(&feed), returned.clone(), waits.clone());
        let read = move || {
            waits.send(()).unwrap();
            let first = feed.wait_after(feed.start(), Instant::now() + LONGER_STILL);
            returned.send(first.messages.len()).unwrap();
            // And once more, from the state of having been woken.
            let second = feed.wait_after(first.last, Instant::now() + LONGER_STILL);
            returned.send(second.messages.len()).unwrap();
        };
        thread::Builder::new()
            .stack_size(64 * 1024)
            .spawn(read)
            .expect("10,000 threads; see ulimit -u and vm.max_map_count");
    }
    for _ in 0..READERS {
        waiting.recv_timeout(PATIENCE).unwrap();
    }
    for text in ["one", "two"] {
        let begin = Instant::now();
        feed.publish(text);
        let published = begin.elapsed();
        for _ in 0..READERS {
            assert_eq!(answers.recv_timeout(PATIENCE).expect("nobody is forgotten"), 1);
        }
        println!(
            "{READERS} readers: publish took {published:?}, all had it after {:?}",
            begin.elapsed()
        );
    }
}
