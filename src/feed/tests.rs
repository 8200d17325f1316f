use super::{Feed, Gap, Id, News};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Barrier, mpsc};
use std::thread;
use std::time::{Duration, Instant};

/// When this run of the server began.
const EPOCH: u64 = 1_763_700_000_000;
/// Longer than anything here takes.
const PATIENCE: Duration = Duration::from_secs(60);
/// A deadline for a reader that must be woken long before it.
const LONGER_STILL: Duration = Duration::from_secs(600);

fn id(seq: u64) -> Id {
    Id { epoch: EPOCH, seq }
}

/// A log of at most `kept` messages, of which so many have been published: "1", "2" and so on.
fn feed(kept: usize, published: u64) -> Feed {
    let feed = Feed::new(EPOCH, kept, 1 << 20);
    (1..=published).for_each(|number| assert_eq!(feed.publish(&number.to_string()), id(number)));
    feed
}

fn texts(news: &News) -> Vec<&str> {
    news.messages.iter().map(|message| message.data.as_str()).collect()
}

#[test]
fn a_reader_gets_what_came_after_its_number_and_learns_what_it_missed() {
    for (kept, published, after, messages, gap) in [
        (3, 0, 0, &[][..], Gap::None),
        (3, 1, 0, &["1"], Gap::None),
        (3, 3, 0, &["1", "2", "3"], Gap::None),
        (3, 3, 2, &["3"], Gap::None),
        (3, 3, 3, &[], Gap::None),
        // The log holds 3, 4, 5: who has seen 2 misses nothing, who has seen 1 misses one.
        (3, 5, 2, &["3", "4", "5"], Gap::None),
        (3, 5, 1, &["3", "4", "5"], Gap::Missed(1)),
        (3, 5, 0, &["3", "4", "5"], Gap::Missed(2)),
        (1, 5, 4, &["5"], Gap::None),
        (1, 5, 0, &["5"], Gap::Missed(4)),
        // The newest message is always kept.
        (0, 2, 1, &["2"], Gap::None),
        // A number that has not been given out yet.
        (3, 2, 3, &["1", "2"], Gap::OtherRun),
        (3, 0, u64::MAX, &[], Gap::OtherRun),
    ] {
        let news = feed(kept, published).after(id(after));
        assert_eq!(
            (texts(&news), news.gap),
            (messages.to_vec(), gap),
            "{published} published, {kept} kept, after {after}"
        );
        assert_eq!(news.last, id(published));
        assert_eq!(news.is_empty(), messages.is_empty() && gap == Gap::None);
    }
}

#[test]
fn a_number_of_another_run_is_told_apart_whatever_it_is() {
    let feed = feed(3, 5);
    for epoch in [0, EPOCH - 1, EPOCH + 1, u64::MAX] {
        for seq in [1, 3, 5, u64::MAX] {
            let news = feed.after(Id { epoch, seq });
            assert_eq!(
                (texts(&news), news.gap, news.last),
                (vec!["3", "4", "5"], Gap::OtherRun, id(5))
            );
        }
    }
    // 0-0 is before the first message of any run.
    assert_eq!(feed.after(Id::START).gap, Gap::Missed(2));
    // It is news by itself: nobody waits for a message before he is told.
    let empty = Feed::new(EPOCH, 3, 100);
    assert_eq!(
        empty.wait_after(Id { epoch: 1, seq: 1 }, Instant::now() + PATIENCE).gap,
        Gap::OtherRun
    );
}

/// A window of a log that is kept and numbered elsewhere.
fn window(seqs: impl IntoIterator<Item = u64>) -> Feed {
    let window = Feed::new(Id::START.epoch, 3, 1 << 20);
    seqs.into_iter().for_each(|seq| window.append(id(seq), 0, "message", &seq.to_string()));
    window
}

#[test]
fn a_window_takes_the_numbers_that_it_is_given_and_counts_what_it_does_not_have() {
    for (given, after, messages, gap) in [
        (&[1, 2][..], Id::START, &["1", "2"][..], Gap::None),
        (&[1, 2], id(1), &["2"], Gap::None),
        // What was dropped elsewhere before we looked, we never had.
        (&[7, 8], Id::START, &["7", "8"], Gap::Missed(6)),
        (&[7, 8], id(4), &["7", "8"], Gap::Missed(2)),
        (&[7, 8], id(6), &["7", "8"], Gap::None),
        // A hole: only what is behind it can be told without one.
        (&[1, 2, 5], id(1), &["5"], Gap::Missed(3)),
        (&[1, 2, 5], id(2), &["5"], Gap::Missed(2)),
        // What comes twice is there once.
        (&[1, 2, 2, 1, 3], id(0), &["1", "2", "3"], Gap::None),
        (&[u64::MAX - 1, u64::MAX], id(u64::MAX - 1), &["18446744073709551615"], Gap::None),
        (&[u64::MAX], id(u64::MAX), &[], Gap::None),
    ] {
        let news = window(given.iter().copied()).after(after);
        assert_eq!((texts(&news), news.gap), (messages.to_vec(), gap), "{given:?} after {after}");
    }
}

#[test]
fn a_window_of_another_run_begins_anew_and_its_readers_are_told() {
    let window = window([1, 2]);
    window.append(Id { epoch: EPOCH + 1, seq: 1 }, 0, "message", "new");
    let news = window.after(id(2));
    assert_eq!((texts(&news), news.gap), (vec!["new"], Gap::OtherRun));
    assert_eq!((window.size(), news.last), ((1, 3), Id { epoch: EPOCH + 1, seq: 1 }));

    window.restart(0);
    let news = window.after(news.last);
    assert_eq!((texts(&news), news.gap, news.last), (vec![], Gap::OtherRun, Id::START));
    assert_eq!(window.after(Id::FOREIGN).gap, Gap::OtherRun);
    assert!(window.after(Id::START).is_empty(), "who has been told is told once");
}

#[test]
fn whoever_waits_for_a_window_is_woken_by_what_comes_and_by_a_new_beginning() {
    let window = Arc::new(window([1]));
    let (returned, news) = mpsc::channel();
    let reader = Arc::clone(&window);
    thread::spawn(move || {
        returned.send(reader.wait_after(id(1), Instant::now() + LONGER_STILL)).unwrap();
        returned.send(reader.wait_after(id(2), Instant::now() + LONGER_STILL)).unwrap();
    });
    window.append(id(2), 0, "message", "2");
    assert_eq!(texts(&news.recv_timeout(PATIENCE).unwrap()), ["2"]);
    window.restart(0);
    assert_eq!(news.recv_timeout(PATIENCE).unwrap().gap, Gap::OtherRun);
}

#[test]
fn the_ends_of_the_log_are_places_to_begin() {
    let log = feed(3, 5);
    assert_eq!((log.start(), log.before_newest(), log.newest()), (id(0), id(4), id(5)));
    let log = feed(3, 0);
    assert_eq!((log.start(), log.before_newest(), log.newest()), (id(0), id(0), id(0)));
}

#[test]
fn the_log_is_bounded_by_count_and_by_bytes_but_keeps_the_newest() {
    let feed = Feed::new(EPOCH, 4, 10);
    for (text, size) in [
        ("aaa", (1, 3)),
        ("bbb", (2, 6)),
        ("cc", (3, 8)),
        ("dd", (4, 10)),
        ("", (4, 7)),
        ("ee", (4, 6)),
    ] {
        feed.publish(text);
        assert_eq!(feed.size(), size, "{text:?}");
    }
    feed.publish("fffff");
    assert_eq!((texts(&feed.after(id(6))), feed.size()), (vec!["fffff"], (4, 9)));
    feed.publish("longer than all of them may be");
    assert_eq!(feed.size(), (1, 30));
    feed.publish("g");
    assert_eq!((texts(&feed.after(id(0))), feed.size()), (vec!["g"], (1, 1)));
    for _ in 0..10_000 {
        feed.publish("");
    }
    assert_eq!(feed.size().0, 4);
}

#[test]
fn a_message_keeps_its_type_its_number_and_its_time() {
    let feed = Feed::new(EPOCH, 3, 100);
    let before = crate::clock::unix_millis();
    feed.publish_event("tick", "one");
    feed.publish("two");
    let news = feed.after(id(0));
    let seen: Vec<_> = news
        .messages
        .iter()
        .map(|message| (message.id, message.event.as_str(), message.data.as_str()))
        .collect();
    assert_eq!(seen, [(id(1), "tick", "one"), (id(2), "message", "two")]);
    assert!(before <= news.messages[0].time && news.messages[0].time <= news.messages[1].time);
    // Readers share the message itself.
    assert!(Arc::ptr_eq(&news.messages[0], &feed.after(id(0)).messages[0]));
}

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
    // Let those who have begun go on to the wait. Who comes too late for it finds the message, and
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
fn an_id_is_written_and_read_back() {
    for (value, text) in [
        (Id { epoch: EPOCH, seq: 42 }, "1763700000000-42"),
        (Id { epoch: 0, seq: 0 }, "0-0"),
        (Id { epoch: u64::MAX, seq: u64::MAX }, "18446744073709551615-18446744073709551615"),
    ] {
        assert_eq!((value.to_string().as_str(), text.parse()), (text, Ok(value)));
    }
    for text in [
        "",
        "-",
        "42",
        "1-",
        "-1",
        "1-2-3",
        "1:2",
        "+1-2",
        "1-+2",
        "1--2",
        " 1-2",
        "1-2 ",
        "1-2\n",
        "0x1-2",
        "\u{661}-2",
        "1-18446744073709551616",
    ] {
        let error = text.parse::<Id>().unwrap_err();
        assert!(error.starts_with("expected an id as in 1763700000000-42; came \""), "{error}");
        assert!(!error.contains('\n'), "{error}");
    }
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

#[test]
fn what_is_written_is_written_once_and_counted() {
    let feed = Feed::writing(EPOCH, 10, 12, |message| format!("<{}>", message.data));
    feed.publish("a");
    feed.publish("b");
    assert_eq!(feed.size(), (2, 8));
    let (one, other) = (feed.after(id(0)), feed.after(id(0)));
    assert_eq!(one.messages[0].written, "<a>");
    assert!(Arc::ptr_eq(&one.messages[0], &other.messages[0]), "all readers share it");
    feed.publish("ccc");
    assert_eq!(feed.size(), (2, 12), "the first had to go");
}

#[test]
fn a_reader_that_is_far_behind_is_given_a_piece_at_a_time_even_of_nothing() {
    let feed = Feed::new(EPOCH, 10_000, 1 << 20);
    for _ in 0..10_000 {
        feed.publish("");
    }
    let first = feed.after(id(0));
    assert_eq!((first.messages.len(), first.last), (512, id(512)), "32 KiB of what stands around");
    assert_eq!(feed.after(first.last).messages[0].id, id(513));
    let feed = Feed::writing(EPOCH, 3, 1 << 20, |_| "x".repeat(20_000));
    for _ in 0..3 {
        feed.publish("");
    }
    assert_eq!(feed.after(id(0)).messages.len(), 1);
}
