//! The peer blocking `tungstenite`: one thread per WebSocket.
//!
//! `peer_tungstenite MODE`, with MODE one of `echo`, `socket`.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

use tungstenite::{Message, Utf8Bytes, accept};

#[derive(Default)]
struct News {
    last: Mutex<(u64, Utf8Bytes)>,
    bell: Condvar,
}

fn main() -> io::Result<()> {
    let echoes = std::env::args().nth(1).as_deref() == Some("echo");
    let listener = TcpListener::bind("127.0.0.1:0")?;
    println!("socket  ws://{}/", listener.local_addr()?);
    io::stdout().flush()?;
    let news = Arc::new(News::default());
    for stream in listener.incoming() {
        let stream = stream?;
        stream.set_nodelay(true)?;
        let news = Arc::clone(&news);
        thread::spawn(move || if echoes { echo(stream) } else { push(stream, &news) });
    }
    Ok(())
}

/// A client that leaves is how every connection ends here.
fn echo(stream: TcpStream) {
    let Ok(mut socket) = accept(stream) else {
        return;
    };
    while let Ok(message) = socket.read() {
        if message.is_close() || socket.send(message).is_err() {
            return;
        }
    }
}

fn push(mut stream: TcpStream, news: &News) {
    let mut first = [0];
    if stream.peek(&mut first).is_ok() && first == *b"P" {
        let _ = publish(&mut stream, news);
        return;
    }
    let Ok(mut socket) = accept(stream) else {
        return;
    };
    let mut seen = news.last.lock().expect("no thread panics with this lock").0;
    loop {
        let message = {
            let mut last = news.last.lock().expect("no thread panics with this lock");
            while last.0 == seen {
                last = news.bell.wait(last).expect("no thread panics with this lock");
            }
            seen = last.0;
            last.1.clone()
        };
        if socket.send(Message::Text(message)).is_err() {
            return;
        }
    }
}

/// The benchmark's publisher speaks HTTP; its bodies are ASCII and it keeps the connection.
fn publish(stream: &mut TcpStream, news: &News) -> io::Result<()> {
    let mut byte = [0];
    let mut head = Vec::new();
    while stream.read(&mut byte)? == 1 {
        head.push(byte[0]);
        if head.ends_with(b"\r\n\r\n") {
            let text = String::from_utf8_lossy(&head).to_ascii_lowercase();
            let length = text.split("content-length:").nth(1).and_then(|rest| rest.lines().next());
            let length = length.and_then(|value| value.trim().parse().ok()).unwrap_or(0);
            let mut body = vec![0; length];
            stream.read_exact(&mut body)?;
            let message = String::from_utf8_lossy(&body).into_owned();
            {
                let mut last = news.last.lock().expect("no thread panics with this lock");
                *last = (last.0 + 1, message.into());
                news.bell.notify_all();
            }
            stream.write_all(b"HTTP/1.1 204 No Content\r\n\r\n")?;
            head.clear();
        }
    }
    Ok(())
}
