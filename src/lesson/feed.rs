//! What the lessons do with their feed: fill it, once a second or when somebody publishes, and find
//! out where a reader wants to begin.

use crate::clock;
use crate::feed::{Feed, Id};
use crate::http::{Request, Response, Status};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::Duration;

/// The longest text that can be published, in bytes.
pub const MAX_TEXT: usize = 64 * 1024;
/// What a lesson's log keeps at most, in bytes of text: far more than its ticks have.
const KEPT_BYTES: usize = 1 << 20;

/// A feed with a tick in it, so that whoever asks first finds one, and a thread that publishes
/// another at each full second. `tick` makes the text from the time in milliseconds since the Unix
/// epoch. The feed keeps the last `kept` ticks.
///
/// # Errors
/// There is no thread to be had.
pub fn ticks(kept: usize, tick: impl Fn(u64) -> String + Send + 'static) -> io::Result<Arc<Feed>> {
    let feed = Arc::new(Feed::new(clock::unix_millis(), kept, KEPT_BYTES));
    feed.publish(&tick(clock::unix_millis()));
    let ticking = Arc::clone(&feed);
    let each_second = move || {
        loop {
            // To the next full second, however long the last tick took: sleeping 1000 ms each time
            // would drift.
            thread::sleep(Duration::from_millis(1000 - clock::unix_millis() % 1000));
            ticking.publish(&tick(clock::unix_millis()));
        }
    };
    thread::Builder::new().name("clock".into()).spawn(each_second)?;
    Ok(feed)
}

/// After which message a reader wants to begin: the one it names, or, where it names none, the one
/// before the newest, so that something comes at once.
///
/// An EventSource that comes back asks the same URL again, `after` and all, and says in
/// `Last-Event-ID` how far it got since; scripts that stand in for one say it in the query. What is
/// not an id of ours there is one of another server, whose tab was left open, say: the feed calls
/// that a gap. A refusal would end an EventSource for good (HTML, "Server-sent events").
///
/// # Errors
/// `after` is no id: what was expected and what came.
pub fn after(request: &Request, feed: &Feed) -> Result<Id, String> {
    let in_query = |name| request.query(name).filter(|id| !id.is_empty());
    let last = request.fields.get("last-event-id").map(str::to_owned);
    let last = last.or_else(|| in_query("lastEventId")).or_else(|| in_query("last-event-id"));
    match (last, in_query("after")) {
        (Some(id), _) => Ok(id.parse().unwrap_or(Id::FOREIGN)),
        (None, Some(id)) => id.parse(),
        (None, None) => Ok(feed.before_newest()),
    }
}

/// The answer to `POST /publish`: the body becomes a message, and the answer names its id:
/// `{"id":"1763700000000-42"}`. Who may do this is for the caller to decide.
pub fn publish(request: &Request, feed: &Feed) -> Response {
    match text_to_publish(request) {
        Ok(text) => published(feed.publish(text)),
        Err(refusal) => refusal,
    }
}

/// The text that a request to publish brings, or the answer that refuses it.
///
/// # Errors
/// The refusal.
pub fn text_to_publish(request: &Request) -> Result<&str, Response> {
    if let Some(refusal) = refuse_coded(request) {
        return Err(refusal);
    }
    match str::from_utf8(&request.body) {
        Ok(text) if text.len() <= MAX_TEXT => Ok(text),
        Ok(text) => {
            let expected =
                format!("expected at most {MAX_TEXT} bytes of text; came {}", text.len());
            Err(Response::refusal(Status::CONTENT_TOO_LARGE, &expected))
        }
        Err(error) => Err(Response::refusal(
            Status::BAD_REQUEST,
            &format!("expected UTF-8 text; at byte {} came something else", error.valid_up_to()),
        )),
    }
}

/// The answer to whoever has published: 201 and the id of the message.
pub fn published(id: Id) -> Response {
    Response::json(Status::CREATED, format!("{{\"id\":\"{id}\"}}\n"))
        .with("Cache-Control", "no-store")
}

/// Refuses a body that is not the UTF-8 it will be taken for: it is compressed, or text in another
/// charset (RFC 9110 §15.5.16).
pub fn refuse_coded(request: &Request) -> Option<Response> {
    let coding =
        request.fields.content_coding().map(|(coding, _)| format!("Content-Encoding: {coding}"));
    let charset = || {
        let parameters = request.fields.get("content-type")?.split(';').skip(1);
        let named = parameters.filter_map(|parameter| parameter.trim().split_once('='));
        let (_, charset) =
            named.into_iter().find(|(name, _)| name.eq_ignore_ascii_case("charset"))?;
        let charset = charset.trim_matches('"');
        let known = ["utf-8", "utf8", "us-ascii"];
        let unknown = !known.iter().any(|known| charset.eq_ignore_ascii_case(known));
        unknown.then(|| format!("charset={charset}"))
    };
    let came = coding.or_else(charset)?;
    let reason = format!("expected UTF-8 text as it is; came {came}");
    let refusal = Response::refusal(Status::UNSUPPORTED_MEDIA_TYPE, &reason);
    Some(refusal.with("Accept-Encoding", "identity"))
}
