use super::exercise::{BODY_BYTES, STATUS};
use crate::checks::{Check, connect, predicted, say, start};

pub fn check() -> Check {
    let answer = || {
        let polling = start("polling");
        let mut client = connect(polling.port("data"));
        client.ask("OPTIONS", "*", "Connection: close\r\n");
        let answer = client.rest();
        let head = answer.windows(4).position(|end| end == b"\r\n\r\n").unwrap() + 4;
        let text = String::from_utf8_lossy(&answer).into_owned();
        let code = text.split(' ').nth(1).and_then(|code| code.parse().ok()).unwrap();
        (code, answer.len() - head)
    };
    predicted(say("status", &[]), STATUS, || answer().0)?;
    predicted(say("body", &[]), BODY_BYTES, || answer().1)
}
