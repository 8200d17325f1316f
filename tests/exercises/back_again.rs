//! A client of `/push` comes back after the connection broke: with which target does it ask, if
//! this is all it has heard so far? It must miss nothing, and hear nothing twice.

pub fn target(heard: &[String]) -> String {
    match heard.last() {
        None => "/push".into(),
        Some(_) => "/push?after=".into(),
    }
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. Which number must it remember, and where in the message does it stand? See `json::message`.
// 2. Not every text is a message: after a gap the server sends `{"missed":3}`, which has no ID.
// 3. What if the server was restarted in between? What does it send first?
