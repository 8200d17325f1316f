//! The task: docs/04-iframe_stream.md, at its end. 题目：docs/zh/04-iframe_stream.md 末尾。

use std::io::{self, BufRead};

pub fn read_chunks(reader: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let size = line.trim_end().parse().map_err(io::Error::other)?;
    let mut body = vec![0; size];
    reader.read_exact(&mut body)?;
    Ok(body)
}
