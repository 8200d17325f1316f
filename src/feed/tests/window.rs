use super::*;

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
