//! The first byte says what comes; a line says how long it is; an array is read as what it is.

use std::io::{self, BufRead, Read};

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

pub fn read_reply(mut reader: &mut dyn BufRead) -> io::Result<Reply> {
    let mut line = String::new();
    reader.read_line(&mut line)?;
    let line = line.strip_suffix("\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    let (kind, rest) = line.split_at_checked(1).ok_or(io::ErrorKind::InvalidData)?;
    let number = || rest.parse::<i64>().map_err(|_| io::Error::from(io::ErrorKind::InvalidData));
    match kind {
        "+" => Ok(Reply::Text(rest.into())),
        "-" => Ok(Reply::Failed(rest.into())),
        ":" => Ok(Reply::Number(number()?)),
        "$" | "*" if rest == "-1" => Ok(Reply::Nothing),
        "$" => {
            let length = u64::try_from(number()?).map_err(|_| io::ErrorKind::InvalidData)?;
            let mut bytes = Vec::new();
            (&mut reader).take(length.saturating_add(2)).read_to_end(&mut bytes)?;
            // What ends with the line end after so many bytes is whole.
            let whole = bytes.len() as u64 == length.saturating_add(2) && bytes.ends_with(b"\r\n");
            bytes.truncate(bytes.len().saturating_sub(2));
            if whole { Ok(Reply::Text(bytes)) } else { Err(io::ErrorKind::UnexpectedEof.into()) }
        }
        "*" => {
            (0..number()?).map(|_| read_reply(reader)).collect::<Result<_, _>>().map(Reply::Array)
        }
        _ => Err(io::ErrorKind::InvalidData.into()),
    }
}
