//! What the checks share: what a miss is, and a server to try things on.

pub mod feed;
pub mod frames;
pub mod http;
pub mod sockets;
pub mod streams;

use crate::support::Client;
use push_by_hand::http::Request;
use push_by_hand::server::{Limits, Responder, Sent, Server};
use std::fmt::{self, Debug};
use std::io;
use std::time::Duration;

/// How long an answer may take before it counts as none.
pub const PATIENCE: Duration = Duration::from_secs(5);

pub type Check = Result<(), Miss>;

/// An exercise that is not solved yet: what was tried, and how it went.
pub struct Miss {
    pub asked: String,
    pub expected: String,
    pub came: String,
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let lines = |text: &str| text.replace('\n', "\n            ");
        write!(
            f,
            "  asked     {}\n  expected  {}\n  came      {}",
            lines(&self.asked),
            lines(&self.expected),
            lines(&self.came)
        )
    }
}

/// What code should do, and what it did.
pub fn same<T: PartialEq + Debug>(asked: &str, expected: T, came: T) -> Check {
    if expected == came {
        Ok(())
    } else {
        Err(miss(asked, format!("{expected:?}"), format!("{came:?}")))
    }
}

/// The same where there is more to say than a value.
pub fn holds(is_so: bool, asked: &str, expected: &str, came: impl fmt::Display) -> Check {
    if is_so { Ok(()) } else { Err(miss(asked, expected, came)) }
}

pub fn miss(asked: &str, expected: impl fmt::Display, came: impl fmt::Display) -> Miss {
    Miss { asked: asked.into(), expected: expected.to_string(), came: came.to_string() }
}

/// What a learner predicted, and what came. Before there is a prediction, what comes is not told.
pub fn predicted<T: PartialEq + Debug>(asked: &str, prediction: Option<T>, came: T) -> Check {
    match prediction {
        None => Err(miss(asked, "a prediction, Some(…)", "None, so far")),
        Some(prediction) if prediction == came => Ok(()),
        Some(prediction) => {
            Err(miss(asked, format!("{prediction:?}, by you"), format!("{came:?}")))
        }
    }
}

/// Serves on a port of its own for as long as this program runs; returns the port.
pub fn serve(
    handler: impl Fn(&Request, Responder<'_>) -> io::Result<Sent> + Send + Sync + 'static,
) -> u16 {
    let server = Server::new(Limits::default(), None).unwrap();
    let port = server.bind("127.0.0.1", 0).unwrap();
    let number = port.number;
    port.serve(handler).unwrap();
    number
}

/// A client that does not wait for ever.
pub fn connect(port: u16) -> Client {
    let client = Client::connect(port);
    client.stream().set_read_timeout(Some(PATIENCE)).unwrap();
    client
}
