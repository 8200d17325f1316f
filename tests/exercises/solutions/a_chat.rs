//! The log on the disk is a row of frames, so its lengths are on the wire's terms: any text fits,
//! and a frame that was cut off is seen to be.

use push_by_hand::http::{Request, Response, Status};
use push_by_hand::server::{Responder, Sent};
use push_by_hand::websocket::{
    self, DEFAULT_LIMIT, Error, Frame, Message, Policy, Role, Sender, State,
};
use std::fs::{File, OpenOptions};
use std::io::{self, Read, Write};
use std::path::Path;
use std::sync::{Condvar, Mutex, PoisonError};
use std::thread;
use std::time::Duration;

pub struct Chat {
    said: Mutex<Said>,
    news: Condvar,
}

struct Said {
    log: File,
    texts: Vec<String>,
}

impl Chat {
    pub fn open(log: &Path) -> io::Result<Chat> {
        let mut log = OpenOptions::new().read(true).append(true).create(true).open(log)?;
        let mut bytes = Vec::new();
        log.read_to_end(&mut bytes)?;
        let (mut rest, mut left, mut texts) = (&bytes[..], bytes.len(), Vec::new());
        while let Ok(Some(frame)) = Frame::read_from(&mut rest, Role::Client, DEFAULT_LIMIT) {
            texts.push(String::from_utf8_lossy(&frame.payload).into_owned());
            left = rest.len();
        }
        // Nobody has heard what was not written whole.
        log.set_len((bytes.len() - left).try_into().map_err(io::Error::other)?)?;
        Ok(Chat { said: Mutex::new(Said { log, texts }), news: Condvar::new() })
    }

    pub fn answer(&self, request: &Request, responder: Responder<'_>) -> io::Result<Sent> {
        let Ok(after) = request.query("after").map_or(Ok(0), |n| n.parse::<usize>()) else {
            return responder.send(Response::text(Status::BAD_REQUEST, "after is a number\n"));
        };
        websocket::serve(request, responder, &Policy::default(), |socket| {
            let sender = socket.sender();
            thread::scope(|scope| {
                scope.spawn(|| self.send_to(&sender, after));
                while let Some(message) = socket.receive()? {
                    if let Message::Text(text) = message {
                        self.say(text)?;
                    }
                }
                Ok(())
            })
        })
    }

    /// On the disk first: what somebody has heard must be there after a restart.
    fn say(&self, text: String) -> Result<(), Error> {
        let mut said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
        said.log.write_all(&websocket::text_frame(&text))?;
        said.texts.push(text);
        self.news.notify_all();
        Ok(())
    }

    /// Sends everything behind this number, and then what is said, for as long as there is somebody.
    fn send_to(&self, sender: &Sender, mut after: usize) {
        while sender.state() == State::Open {
            let said = self.said.lock().unwrap_or_else(PoisonError::into_inner);
            let wait = Duration::from_secs(1);
            let waited = self.news.wait_timeout_while(said, wait, |s| s.texts.len() <= after);
            let (said, _) = waited.unwrap_or_else(PoisonError::into_inner);
            let texts: Vec<String> = said.texts.iter().skip(after).cloned().collect();
            // No lock is held while writing to a socket.
            drop(said);
            for text in texts {
                after += 1;
                if sender.send_text(&format!("{after} {text}")).is_err() {
                    return;
                }
            }
        }
    }
}
