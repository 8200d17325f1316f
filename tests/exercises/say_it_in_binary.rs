//! A line that begins with `0x` is sent as bytes, `0x00ff` as two of them; any other line is sent
//! as text, and so is one that only looks like bytes.

use push_by_hand::websocket::Message;

pub fn message(line: &str) -> Message {
    Message::Text(line.to_owned())
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. `Message` has two variants, and `Sender::send` takes either.
// 2. What is `0x0`? And `0xhell`? And `0x0é`, if you cut the text two bytes at a time?
// 3. A `+` is no digit, whatever `u8::from_str_radix` thinks.
