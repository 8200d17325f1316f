use super::exercise::BYTES;
use crate::checks::{Check, connect, predicted, say, start};

pub fn check() -> Check {
    predicted(say("bytes", &[]), BYTES, || {
        let polling = start("polling");
        let mut client = connect(polling.port("data"));
        client.ask("HEAD", "/", "If-None-Match: *\r\n");
        let answer = client.read_through("\r\n\r\n");
        // The answer names the page's origin, whose port has four digits in the lesson.
        answer.len() + 4 - polling.port("page").to_string().len()
    })
}
