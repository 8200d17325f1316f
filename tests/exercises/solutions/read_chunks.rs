//! A chunk is read with `take`, so that a size that lies does not reserve anything.

use std::io::{self, BufRead, Read};

pub fn read_chunks(reader: &mut dyn BufRead) -> io::Result<Vec<u8>> {
    let mut body = Vec::new();
    loop {
        let line = read_line(reader)?;
        let digits = line.split(';').next().unwrap_or_default().trim_end();
        if !digits.bytes().all(|byte| byte.is_ascii_hexdigit()) {
            return Err(io::Error::other("no chunk size"));
        }
        let size = u64::from_str_radix(digits, 16).map_err(io::Error::other)?;
        if size == 0 {
            break;
        }
        let before = body.len();
        reader.take(size).read_to_end(&mut body)?;
        if u64::try_from(body.len() - before) != Ok(size) || !read_line(reader)?.is_empty() {
            return Err(io::Error::other("the chunk ends elsewhere"));
        }
    }
    // Trailer fields, up to the empty line.
    while !read_line(reader)?.is_empty() {}
    Ok(body)
}

/// A line without its end. A stream that is over before the end is an error.
fn read_line(reader: &mut dyn BufRead) -> io::Result<String> {
    let mut line = Vec::new();
    reader.take(1024).read_until(b'\n', &mut line)?;
    let line = line.strip_suffix(b"\r\n").ok_or(io::ErrorKind::UnexpectedEof)?;
    Ok(String::from_utf8_lossy(line).into_owned())
}
