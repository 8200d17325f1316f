use super::exercise::Chat;
use crate::checks::{Check, Miss, holds, miss, open, same, say, serve};
use crate::support::{Client, frames};
use std::fs;
use std::path::{Path, PathBuf};
use std::thread;

/// Where the chat keeps its log; it goes with this value.
struct Log(PathBuf);

impl Drop for Log {
    fn drop(&mut self) {
        // There need not be one.
        let _ = fs::remove_file(&self.0);
    }
}

fn start(log: &Path) -> Result<u16, Miss> {
    let key = if log.exists() { "open again" } else { "open" };
    let chat = Chat::open(log).map_err(|error| miss(say(key, &[]), "Ok(…)", error))?;
    Ok(serve(move |request, responder| chat.answer(request, responder)))
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

/// Two lists that are the same; what is shown of long ones begins where they are not.
fn same_texts(asked: String, expected: &[String], came: &[String]) -> Check {
    let same = expected.iter().zip(came).take_while(|(expected, came)| expected == came).count();
    let shown = |texts: &[String]| -> Vec<String> {
        let around = texts.iter().skip(same.saturating_sub(2)).take(5);
        around.cloned().collect()
    };
    holds(expected == came, asked, format!("{:?}", shown(expected)), format!("{:?}", shown(came)))
}

pub fn check() -> Check {
    let log = Log(std::env::temp_dir().join(format!("a_chat-{}", std::process::id())));
    let port = start(&log.0)?;
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

/// The server is started again over its log: as it is, and then as it is when the power fails while
/// the last text is written, behind its first byte and before its last.
fn restart(log: &Path, port: u16) -> Check {
    let before = hear(&mut open(port, "/chat"), 105);
    let port = start(log)?;
    let mut client = open(port, "/chat");
    same_texts(say("restart", &[]), &before, &hear(&mut client, 105))?;
    let whole = fs::read(log).unwrap_or_default().len();
    tell(&mut client, "torn");
    same(say("number", &[]), vec!["106 torn".to_owned()], hear(&mut client, 1))?;
    let bytes = fs::read(log).unwrap_or_default();
    holds(bytes.len() > whole, say("grows", &[]), say("longer", &[&whole]), bytes.len())?;
    for left in [whole + 1, bytes.len() - 1] {
        fs::write(log, &bytes[..left]).unwrap();
        torn(log, &before, bytes.len() - left)?;
    }
    Ok(())
}

/// What comes after the power has failed: all that was there before, and so it stays.
fn torn(log: &Path, before: &[String], lost: usize) -> Check {
    let mut client = open(start(log)?, "/chat");
    tell(&mut client, "again");
    let heard = hear_until(&mut client, "again");
    same_texts(say("torn", &[&lost]), before, &heard[..before.len().min(heard.len())])?;
    let last = heard.last().cloned().unwrap_or_default();
    same(say("number", &[]), format!("{} again", heard.len()), last)?;
    let mut client = open(start(log)?, "/chat");
    same_texts(say("once more", &[]), &heard, &hear(&mut client, heard.len()))
}
