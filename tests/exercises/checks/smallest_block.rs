use super::exercise::block;
use crate::checks::{Check, EPOCH, fire, miss, same, say};
use push_by_hand::feed::{Id, Message};

pub fn check() -> Check {
    let data = "1763700042000".to_owned();
    let id = Id { epoch: EPOCH, seq: 42 };
    let message = Message {
        id,
        time: EPOCH + 42_000,
        event: "message".into(),
        data: data.clone(),
        written: String::new(),
    };
    let came = block(&message);
    let wanted = (vec![("message".into(), data, "42".into())], "42".into());
    same(say("browser", &[&format!("{came:?}")]), &wanted, &fire(came.as_bytes()))?;
    let lines: Vec<&str> = came.split_inclusive('\n').collect();
    let without_a_line = (0..lines.len()).map(|n| [&lines[..n], &lines[n + 1..]].concat().concat());
    let without_a_byte =
        came.char_indices().map(|(at, c)| [&came[..at], &came[at + c.len_utf8()..]].concat());
    match without_a_line.chain(without_a_byte).find(|less| fire(less.as_bytes()) == wanted) {
        None => Ok(()),
        Some(less) => {
            let came = say("bytes", &[&came.len(), &format!("{came:?}")]);
            Err(miss(say("size", &[]), say("at most", &[&less.len()]), came))
        }
    }
}
