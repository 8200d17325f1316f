use super::{Feed, Gap, Id, News};
use std::sync::{Arc, mpsc};
use std::thread;
use std::time::{Duration, Instant};

mod waiting;
mod window;

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
