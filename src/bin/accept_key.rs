//! From `Sec-WebSocket-Key` to `Sec-WebSocket-Accept`, with every value on the way: `cargo run
//! --bin accept_key -- KEY`.
//!
//! In Node this is one line: `createHash('sha1').update(key + GUID).digest('base64')`. Here each of
//! its steps is printed.

use push_by_hand::arguments::Usage;
use push_by_hand::terminal::{print, visible};
use push_by_hand::websocket::Accept;
use push_by_hand::websocket::handshake::{GUID, decode_key};

/// The key that the tutorial's browser sent.
const KEY: &str = "IHfMdf8a0aQXbwQO1pkGdA==";

fn main() {
    let usage = Usage {
        name: "accept_key",
        about: "what a server answers to a Sec-WebSocket-Key",
        synopsis: "--bin accept_key -- [KEY]".into(),
        flags: vec![("KEY", format!("sixteen bytes in base64 (default {KEY})"))],
        operands: 1,
    };
    let arguments = usage.read();
    let key = arguments.operands.first().map_or(KEY, String::as_str);
    let bytes = decode_key(key).unwrap_or_else(|came| {
        let key = visible(key);
        usage.fail(&format!("expected sixteen bytes in base64; came {came}: \"{key}\""))
    });
    let accept = Accept::of(key);
    print(&format!(
        "Sec-WebSocket-Key     {key}
  in bytes (16)      {}
the GUID              {GUID}
joined, as text       {}
SHA-1 of it (20)      {}
that in base64        {}

Sec-WebSocket-Accept: {}
",
        hex(&bytes),
        accept.joined,
        hex(&accept.digest),
        accept.value,
        accept.value
    ));
}

/// Bytes as people read them: `20 77 cc`.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}
