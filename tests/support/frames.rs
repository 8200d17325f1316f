//! A WebSocket client that is only bytes: it can say what no real client would.

use super::Client;
use push_by_hand::http::Status;
use push_by_hand::websocket::{Close, Frame, Opcode, Role};

/// The tutorial's request, without its empty line.
pub const REQUEST: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                           Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: IHfMdf8a0aQXbwQO1pkGdA==\r\n";

/// The same for another target.
pub fn request(target: &str) -> String {
    REQUEST.replacen("GET /", &format!("GET {target}"), 1)
}

/// A client for which the opening handshake is over.
pub fn open(port: u16, target: &str) -> Client {
    let mut client = Client::connect(port);
    client.send(request(target) + "\r\n");
    assert_eq!(client.response().status, Status::SWITCHING_PROTOCOLS);
    client
}

/// A frame as a client sends it. `byte0` is FIN, RSV1–3 and the opcode: `0x81` is a whole text
/// message.
pub fn masked(byte0: u8, payload: &[u8]) -> Vec<u8> {
    let key = [0x37, 0xfa, 0x21, 0x3d];
    let mut bytes = vec![byte0];
    if let Ok(length @ 0..126) = u8::try_from(payload.len()) {
        bytes.push(0x80 | length);
    } else if let Ok(length) = u16::try_from(payload.len()) {
        bytes.push(0x80 | 126);
        bytes.extend(length.to_be_bytes());
    } else {
        bytes.push(0x80 | 127);
        bytes.extend((payload.len() as u64).to_be_bytes());
    }
    bytes.extend(key);
    bytes.extend(payload.iter().zip(key.iter().cycle()).map(|(byte, key)| byte ^ key));
    bytes
}

/// The next frame that the server sends.
pub fn next(client: &mut Client) -> Frame {
    Frame::read_from(client, Role::Client, usize::MAX)
        .expect("a frame")
        .expect("a frame, and not the end")
}

/// The next frame, which is a whole text message.
pub fn next_text(client: &mut Client) -> String {
    let frame = next(client);
    assert_eq!((frame.fin, frame.opcode), (true, Opcode::Text));
    String::from_utf8(frame.payload).expect("text")
}

/// What a failed connection ends with: a Close, whose code and reason this returns, and the end of
/// the stream.
pub fn close_and_end(client: &mut Client) -> (u16, String) {
    let frame = next(client);
    assert_eq!(
        (frame.fin, frame.opcode),
        (true, Opcode::Close),
        "{:?}",
        frame.payload.escape_ascii()
    );
    let close = Close::read_from(&frame.payload).expect("a good Close");
    // Saying goodbye lets the server stop waiting for more.
    client.end_sending();
    assert!(client.rest().is_empty(), "nothing follows a Close");
    (close.code.map_or(1005, |code| code.number()), close.reason)
}
