//! The limit of one thread per connection: std threads that only move bytes.
//!
//! Nothing is parsed. A request ends at its blank line; a WebSocket message is answered with the
//! bytes that came. What a real server of this design adds is everything between this program's
//! figures and its own.
//!
//! `yardstick_threads MODE [ANSWER_BYTES]`, with MODE one of `time`, `echo`, `poll`, `stream`,
//! `socket`.

use std::io::{self, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Condvar, Mutex};
use std::thread;

#[path = "../canned.rs"]
mod canned;

/// Small, so that glibc keeps many finished stacks for the next thread.
const STACK: usize = 128 * 1024;

/// The last message, its number, and the bell that wakes whoever waits for the next one.
#[derive(Default)]
struct News {
    last: Mutex<(u64, Arc<Vec<u8>>)>,
    bell: Condvar,
}

fn main() -> io::Result<()> {
    let mode = std::env::args().nth(1).unwrap_or_default();
    let constant = Arc::new(canned::time_answer(std::env::args().nth(2)));
    let listener = TcpListener::bind("127.0.0.1:0")?;
    canned::print_url(listener.local_addr()?);
    let news = Arc::new(News::default());
    for stream in listener.incoming() {
        let stream = stream?;
        let (mode, constant, news) = (mode.clone(), Arc::clone(&constant), Arc::clone(&news));
        thread::Builder::new().stack_size(STACK).spawn(move || {
            // A client that leaves is how every connection ends here.
            let _ = serve(stream, &mode, &constant, &news);
        })?;
    }
    Ok(())
}

fn serve(mut stream: TcpStream, mode: &str, constant: &[u8], news: &News) -> io::Result<()> {
    stream.set_nodelay(true)?;
    match mode {
        "time" => answer_constantly(&mut stream, constant),
        "echo" => echo(&mut stream),
        _ => park(&mut stream, mode, news),
    }
}

fn answer_constantly(stream: &mut TcpStream, constant: &[u8]) -> io::Result<()> {
    let mut request = [0; 1024];
    let mut filled = 0;
    loop {
        let read = stream.read(&mut request[filled..])?;
        if read == 0 {
            return Ok(());
        }
        filled += read;
        if request[..filled].ends_with(b"\r\n\r\n") {
            stream.write_all(constant)?;
            if canned::asks_to_close(&request[..filled]) {
                return Ok(());
            }
            filled = 0;
        }
    }
}

fn echo(stream: &mut TcpStream) -> io::Result<()> {
    read_head(stream)?;
    stream.write_all(canned::UPGRADE)?;
    let mut bytes = vec![0; 64 * 1024];
    loop {
        let read = stream.read(&mut bytes)?;
        if read == 0 {
            return Ok(());
        }
        stream.write_all(&bytes[..read])?;
    }
}

/// A publisher leaves its message; a subscriber waits for the next one and sends it in the words of
/// its technique.
fn park(stream: &mut TcpStream, mode: &str, news: &News) -> io::Result<()> {
    let mut greeted = false;
    loop {
        let (head, body) = read_head(stream)?;
        if head.is_empty() {
            return Ok(());
        }
        if head.starts_with(b"POST") {
            let came = body.len();
            let mut message = body;
            message.resize(canned::content_length(&head), 0);
            stream.read_exact(&mut message[came..])?;
            let wrapped = canned::wrap(mode, &message);
            {
                let mut last = news.last.lock().expect("no thread panics with this lock");
                *last = (last.0 + 1, Arc::new(wrapped));
            }
            news.bell.notify_all();
            stream.write_all(canned::PUBLISHED)?;
            continue;
        }
        drop((head, body));
        let mut seen = news.last.lock().expect("no thread panics with this lock").0;
        if !greeted {
            stream.write_all(canned::greeting(mode))?;
            greeted = true;
        }
        loop {
            let message = {
                let mut last = news.last.lock().expect("no thread panics with this lock");
                while last.0 == seen {
                    last = news.bell.wait(last).expect("no thread panics with this lock");
                }
                seen = last.0;
                Arc::clone(&last.1)
            };
            stream.write_all(&message)?;
            if mode == "poll" {
                break;
            }
        }
    }
}

/// Reads to the blank line. Returns the head, and what came of the body.
fn read_head(stream: &mut TcpStream) -> io::Result<(Vec<u8>, Vec<u8>)> {
    let mut head = Vec::new();
    let mut bytes = [0; 1024];
    loop {
        let read = stream.read(&mut bytes)?;
        if read == 0 {
            return Ok((Vec::new(), Vec::new()));
        }
        head.extend_from_slice(&bytes[..read]);
        if let Some(end) = head.windows(4).position(|four| four == b"\r\n\r\n") {
            let body = head.split_off(end + 4);
            return Ok((head, body));
        }
    }
}
