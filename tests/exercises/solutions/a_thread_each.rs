//! Each thread holds a share of one value, so the shares count the threads; a share is given back
//! however its thread ends.

use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;

pub fn serve(listener: &TcpListener, most: usize, answer: fn(TcpStream)) {
    let places = Arc::new(());
    // A server for the world would wait for a moment when `accept` fails: it may fail again at once.
    for stream in listener.incoming().flatten() {
        let place = Arc::clone(&places);
        // One share is our own.
        if Arc::strong_count(&places) - 1 > most {
            continue;
        }
        thread::spawn(move || {
            let _place = place;
            answer(stream);
        });
    }
}
