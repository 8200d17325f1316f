//! The task: docs/14-many_machines.md, at its end. 题目：docs/zh/14-many_machines.md 末尾。

use std::io::{self, BufRead};

#[derive(Debug, PartialEq)]
pub enum Reply {
    /// `+OK` and `$2 OK`.
    Text(Vec<u8>),
    /// `:42`
    Number(i64),
    /// `-ERR …`
    Failed(String),
    Array(Vec<Reply>),
    /// `$-1` and `*-1`.
    Nothing,
}

pub fn read_reply(reader: &mut dyn BufRead) -> io::Result<Reply> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    Ok(Reply::Text(line[1..].trim_end().into()))
}
