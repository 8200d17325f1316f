//! The smallest client: one request, and whatever comes back.

use std::io::{self, Write};
use std::net::TcpStream;

fn main() -> io::Result<()> {
    let authority = std::env::args().nth(1).unwrap_or("localhost:7070".into());
    let mut stream = TcpStream::connect(&authority)?;
    write!(stream, "GET / HTTP/1.1\r\nHost: {authority}\r\nConnection: close\r\n\r\n")?;
    io::copy(&mut stream, &mut io::stdout())?;
    Ok(())
}
