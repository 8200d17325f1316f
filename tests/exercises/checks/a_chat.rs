use super::exercise::Chat;
use crate::checks::{Check, holds, open, same, say, serve};
use crate::support::{Client, frames};
use std::fs::OpenOptions;
use std::path::{Path, PathBuf};
use std::thread;

/// Where the chat keeps its log; it goes with this value.
struct Log(PathBuf);

impl Drop for Log {
    fn drop(&mut self) {
        // There need not be one.
        let _ = std::fs::remove_file(&self.0);
    }
}

fn start(log: &Path) -> u16 {
    let chat = Chat::open(log).unwrap();
    serve(move |request, responder| chat.answer(request, responder))
}

fn tell(client: &mut Client, text: &str) {
    client.send(frames::masked(0x81, text.as_bytes()));
}

fn hear(client: &mut Client, count: usize) -> Vec<String> {
    (0..count).map(|_| frames::next_text(client)).collect()
}

/// All that is heard until this text comes.
fn hear_until(client: &mut Client, text: &str) -> Vec<String> {
    let mut heard = Vec::new();
    while heard.last().is_none_or(|last: &String| !last.ends_with(text)) {
        heard.extend(hear(client, 1));
    }
    heard
}

pub fn check() -> Check {
    let log = Log(std::env::temp_dir().join(format!("a_chat-{}", std::process::id())));
    let port = start(&log.0);
    let mut first = open(port, "/chat");
    let mut second = open(port, "/chat?after=0");
    tell(&mut first, "one");
    let expected = vec!["1 one".to_owned()];
    same(say("self", &[]), expected.clone(), hear(&mut first, 1))?;
    same(say("other", &[]), expected, hear(&mut second, 1))?;
    tell(&mut second, "two\nlines \\ \"你\"");
    let expected = vec!["2 two\nlines \\ \"你\"".to_owned()];
    same(say("other", &[]), expected.clone(), hear(&mut first, 1))?;
    same(say("self", &[]), expected, hear(&mut second, 1))?;
    // A cut: no Close, and nobody to say goodbye.
    drop(second);
    tell(&mut first, "three");
    tell(&mut first, "");
    let missed: Vec<String> = vec!["3 three".into(), "4 ".into()];
    same(say("alone", &[]), missed.clone(), hear(&mut first, 2))?;
    let mut second = open(port, "/chat?after=2");
    same(say("back", &[]), missed, hear(&mut second, 2))?;
    tell(&mut first, "five");
    same(say("goes on", &[]), vec!["5 five".to_owned()], hear(&mut second, 1))?;
    many(port)?;
    restart(&log.0, port)
}

/// Four speak at once, and all must hear the same.
fn many(port: u16) -> Check {
    let speak = |who: usize| {
        let mut client = open(port, "/chat?after=5");
        for n in 0..25 {
            tell(&mut client, &format!("{who}/{n}"));
        }
        hear(&mut client, 100)
    };
    let heard: Vec<Vec<String>> = thread::scope(|scope| {
        let threads: Vec<_> = (0..4).map(|who| scope.spawn(move || speak(who))).collect();
        threads.into_iter().map(|thread| thread.join().unwrap()).collect()
    });
    let numbers = heard[0].iter().map(|text| text.split(' ').next().unwrap_or_default());
    let wrong = numbers.zip(6..).find(|(number, n)| *number != n.to_string());
    holds(wrong.is_none(), say("numbers", &[]), say("one by one", &[]), format!("{wrong:?}"))?;
    let same_for_all = heard.iter().all(|other| *other == heard[0]);
    holds(same_for_all, say("order", &[]), say("the same", &[]), say("another", &[]))
}

/// The server is started again over its log: once as it is, once with the last byte torn off, as
/// when the power fails.
fn restart(log: &Path, port: u16) -> Check {
    let before = hear(&mut open(port, "/chat"), 105);
    let port = start(log);
    let mut client = open(port, "/chat");
    same(say("restart", &[]), before.clone(), hear(&mut client, 105))?;
    tell(&mut client, "torn");
    same(say("number", &[]), vec!["106 torn".to_owned()], hear(&mut client, 1))?;
    let file = OpenOptions::new().write(true).open(log).unwrap();
    file.set_len(file.metadata().unwrap().len() - 1).unwrap();
    let port = start(log);
    let mut client = open(port, "/chat");
    tell(&mut client, "again");
    let heard = hear_until(&mut client, "again");
    same(say("torn", &[]), &before[..], &heard[..105.min(heard.len())])?;
    let last = heard.last().cloned().unwrap_or_default();
    same(say("number", &[]), format!("{} again", heard.len()), last)?;
    let port = start(log);
    let mut client = open(port, "/chat");
    same(say("once more", &[]), heard.clone(), hear(&mut client, heard.len()))
}
