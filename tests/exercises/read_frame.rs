//! The task: docs/10-raw_websocket.md, at its end. 题目：docs/zh/10-raw_websocket.md 末尾。

use std::io::{self, BufRead};

/// The most bytes of payload that are read.
pub const LIMIT: u64 = 1 << 20;

pub fn read_frame(reader: &mut dyn BufRead) -> io::Result<(bool, u8, Vec<u8>)> {
    let mut head = [0; 2];
    reader.read_exact(&mut head)?;
    let mut payload = vec![0; usize::from(head[1])];
    reader.read_exact(&mut payload)?;
    Ok((true, head[0], payload))
}
