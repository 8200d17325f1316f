use super::exercise::Lines;
use crate::checks::{Check, same, say};

pub fn check() -> Check {
    let text = "{\"a\":1}\n\n{\"data\":\"七点整 🕖\"}\nno line yet";
    let expected = vec!["{\"a\":1}", "", "{\"data\":\"七点整 🕖\"}"];
    for cut in 0..=text.len() {
        let mut lines = Lines::default();
        let (one, other) = text.as_bytes().split_at(cut);
        let came = [lines.take(one), lines.take(other)].concat();
        same(say("cut", &[&cut, &format!("{text:?}")]), expected.clone(), came_as_text(&came))?;
    }
    let mut lines = Lines::default();
    let came: Vec<_> = text.bytes().flat_map(|byte| lines.take(&[byte])).collect();
    same(say("bytes", &[&format!("{text:?}")]), expected, came_as_text(&came))?;
    let came = lines.take(b", now it is\n");
    same(say("rest", &[]), vec!["no line yet, now it is"], came_as_text(&came))
}

fn came_as_text(lines: &[String]) -> Vec<&str> {
    lines.iter().map(String::as_str).collect()
}
