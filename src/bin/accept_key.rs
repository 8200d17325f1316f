//! From `Sec-WebSocket-Key` to `Sec-WebSocket-Accept`, with every value on the way: `cargo run
//! --bin accept_key -- KEY`.
//!
//! In Node this is one line: `createHash('sha1').update(key + GUID).digest('base64')`. Here each of
//! its steps is printed.

use push_by_hand::lesson::print;
use push_by_hand::websocket::Accept;
use push_by_hand::websocket::handshake::{GUID, decode_key};
use std::process::ExitCode;

/// The key that the tutorial's browser sent.
const KEY: &str = "IHfMdf8a0aQXbwQO1pkGdA==";

const USAGE: &str = "accept_key: what a server answers to a Sec-WebSocket-Key

Usage: cargo run --bin accept_key -- [KEY]

  KEY                sixteen bytes in base64 (default IHfMdf8a0aQXbwQO1pkGdA==)
  --help             show this
";

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let key = match arguments.as_slice() {
        [] => KEY,
        [flag] if flag == "--help" || flag == "-h" => {
            print(USAGE);
            return ExitCode::SUCCESS;
        }
        [key] if !key.starts_with('-') => key,
        _ => return fail(&format!("expected one key; came \"{}\"", arguments.join(" "))),
    };
    let bytes = match decode_key(key) {
        Ok(bytes) => bytes,
        Err(came) => {
            return fail(&format!(
                "expected sixteen bytes in base64; came {came}: \"{}\"",
                key.escape_debug()
            ));
        }
    };
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
    ExitCode::SUCCESS
}

/// Bytes as people read them: `20 77 cc`.
fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect::<Vec<_>>().join(" ")
}

fn fail(error: &str) -> ExitCode {
    eprint!("{error}\n\n{USAGE}");
    ExitCode::from(2)
}
