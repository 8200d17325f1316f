use super::exercise::is_ours;
use crate::checks::{Check, holds, say};
use push_by_hand::http::Response;
use push_by_hand::websocket::Accept;
use push_by_hand::websocket::handshake::check_answer;

const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";

pub fn check() -> Check {
    let accept = |key| format!("Sec-WebSocket-Accept: {}\r\n", Accept::of(key).value);
    let (ours, upgrade) = (accept(KEY), "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    for (status, fields) in [
        ("101 Switching Protocols", format!("{upgrade}{ours}")),
        ("101", format!("connection: keep-alive, UPGRADE\r\nUPGRADE: WebSocket\r\n{ours}")),
        ("200 OK", format!("{upgrade}{ours}")),
        ("101 Switching Protocols", format!("{upgrade}{}", accept("AAAAAAAAAAAAAAAAAAAAAA=="))),
        ("101 Switching Protocols", upgrade.into()),
        ("101 Switching Protocols", format!("Upgrade: h2c\r\nConnection: Upgrade\r\n{ours}")),
        ("101 Switching Protocols", format!("Upgrade: websocket\r\n{ours}")),
        ("101 Switching Protocols", format!("{upgrade}{ours}Sec-WebSocket-Protocol: chat\r\n")),
        (
            "101 Switching Protocols",
            format!("{upgrade}{ours}Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        ),
    ] {
        let text = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
        let answer = Response::read_from(&mut text.as_bytes(), false, 0).unwrap();
        let verdict = |is_so| say(if is_so { "ours" } else { "not ours" }, &[]);
        let (expected, came) = (check_answer(&answer, KEY, &[]).is_ok(), is_ours(&answer, KEY));
        let asked = say("whose", &[&KEY, &format!("\n{}", text.trim_end().replace("\r\n", "\n"))]);
        holds(expected == came, asked, verdict(expected), verdict(came))?;
    }
    Ok(())
}
