//! Step 1 of chapter 1: whatever comes, printed.

use std::io::{self, Read};
use std::net::TcpListener;

fn main() -> io::Result<()> {
    let port = std::env::args().nth(1).unwrap_or("7070".into());
    let listener = TcpListener::bind(format!("127.0.0.1:{port}"))?;
    println!("http://localhost:{}/", listener.local_addr()?.port());
    for stream in listener.incoming() {
        let mut stream = stream?;
        let mut bytes = [0; 4096];
        let n = stream.read(&mut bytes)?;
        for line in bytes[..n].split_inclusive(|&byte| byte == b'\n') {
            println!("{}", line.escape_ascii());
        }
    }
    Ok(())
}
