use super::exercise::{goodbye, hold};
use crate::checks::{Check, feed, holds, patience, same, say};
use push_by_hand::feed::News;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::channel;
use std::thread;
use std::time::Instant;

fn data(news: &News) -> Vec<&str> {
    news.messages.iter().map(|message| message.data.as_str()).collect()
}

pub fn check() -> Check {
    let shared = Arc::new((feed(100), AtomicBool::new(false)));
    let start = shared.0.before_newest();
    shared.0.publish("before");
    let far = Instant::now() + patience() * 100;
    let news = hold(&shared.0, &shared.1, start, far);
    same(say("news", &[]), Some(vec!["before"]), news.as_ref().map(data))?;
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
    holds(shared.1.load(Ordering::SeqCst), say("closing", &[]), "true", "false")?;
    for _ in 0..3 {
        let came = match answers.recv_timeout(patience() / 2) {
            Ok(true) => "None".into(),
            Ok(false) => say("some news", &[]),
            Err(_) => say("still held", &[]),
        };
        holds(came == "None", say("held", &[]), "None", came)?;
    }
    same(say("late", &[]), None, hold(&shared.0, &shared.1, start, far))?;
    let (answer, answers) = channel();
    // If it is held all the same, it ends with this program.
    thread::spawn(move || answer.send(hold(&shared.0, &shared.1, shared.0.newest(), far)));
    let came = match answers.recv_timeout(patience() / 2) {
        Ok(None) => "None".into(),
        Ok(Some(_)) => say("some news", &[]),
        Err(_) => say("still held", &[]),
    };
    holds(came == "None", say("later", &[]), "None", came)
}
