//! What the pages' scripts are sent, as JSON (RFC 8259): one object for a message, one for an
//! answer full of them.
//!
//! Comes after `feed`. The text is safe in three places at once: in a JSON parser, inside a
//! `<script>`, and inside HTML.
//!
//! Left out: reading JSON. What is published is text to us, whatever it means to others.

use crate::feed::{Gap, Message, News};
use std::fmt::Write;

/// A JSON string with its quotes.
///
/// Escapes what JSON asks for, and more: `<`, `>` and `&`, so that no text can end a `<script>` or
/// begin a comment in it (HTML, "Restrictions for contents of script elements"); U+2028 and U+2029,
/// which used to end a line of JavaScript.
///
/// ```
/// assert_eq!(push_by_hand::json::string("</script>\n\"中文\""), r#""\u003c/script\u003e\n\"中文\"""#);
/// ```
pub fn string(text: &str) -> String {
    let mut out = String::with_capacity(text.len() + 2);
    out.push('"');
    for c in text.chars() {
        match c {
            '"' | '\\' => out.extend(['\\', c]),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            '<' | '>' | '&' | '\u{2028}' | '\u{2029}' | '\0'..='\u{1f}' | '\u{7f}' => {
                write!(out, "\\u{:04x}", u32::from(c))
                    .expect("a String takes every write because it grows");
            }
            c => out.push(c),
        }
    }
    out.push('"');
    out
}

/// `{"id":"1763700000000-42","time":1763700042000,"event":"message","data":"07:20:01"}`, the time
/// in milliseconds since the Unix epoch.
pub fn message(message: &Message) -> String {
    let (event, data) = (string(&message.event), string(&message.data));
    format!(r#"{{"id":"{}","time":{},"event":{event},"data":{data}}}"#, message.id, message.time)
}

/// `{"id":"1763700000000-42","missed":0,"messages":[…]}`. `id` is what to ask after next; `missed`
/// counts what the log no longer had, and is `null` where nobody can count it because the server
/// has been started anew.
pub fn news(news: &News) -> String {
    let messages: Vec<String> = news.messages.iter().map(|each| message(each)).collect();
    format!(
        r#"{{"id":"{}","missed":{},"messages":[{}]}}"#,
        news.last,
        missed(news.gap),
        messages.join(",")
    )
}

/// A script that calls a function of the page around its frame. No character of `argument`, which
/// is JSON, can end it.
///
/// ```
/// use push_by_hand::json::call;
/// assert_eq!(call("push", "\"hi\""), "<script>parent.push(\"hi\")</script>\n");
/// ```
pub fn call(function: &str, argument: &str) -> String {
    format!("<script>parent.{function}({argument})</script>\n")
}

/// A gap as a number, or `null`.
pub fn missed(gap: Gap) -> String {
    match gap {
        Gap::None => "0".into(),
        Gap::Missed(count) => count.to_string(),
        Gap::OtherRun => "null".into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::feed::Feed;

    #[test]
    fn no_text_can_leave_its_string() {
        for (text, quoted) in [
            ("plain 中文 😀", "\"plain 中文 😀\""),
            ("a\"b\\c", r#""a\"b\\c""#),
            ("</script><!--&", r#""\u003c/script\u003e\u003c!--\u0026""#),
            ("\u{2028}\u{2029}\0\u{1f}\u{7f}", r#""\u2028\u2029\u0000\u001f\u007f""#),
            ("\r\n\t", r#""\r\n\t""#),
        ] {
            assert_eq!(string(text), quoted);
        }
    }

    #[test]
    fn news_says_what_to_ask_next_and_what_was_missed() {
        let feed = Feed::new(7, 1, 100);
        assert_eq!(news(&feed.after(feed.start())), r#"{"id":"7-0","missed":0,"messages":[]}"#);
        feed.publish("a");
        feed.publish("b");
        let text = news(&feed.after(feed.start()));
        let start = r#"{"id":"7-2","missed":1,"messages":[{"id":"7-2","time":"#;
        assert!(
            text.starts_with(start) && text.ends_with(r#","event":"message","data":"b"}]}"#),
            "{text}"
        );
        let other = crate::feed::Id { epoch: 6, seq: 1 };
        assert!(news(&feed.after(other)).starts_with(r#"{"id":"7-2","missed":null,"messages":[{"#));
    }
}
