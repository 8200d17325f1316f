use super::exercise::{ACCEPTED, REFUSED};
use crate::checks::{Check, holds, miss, say};
use push_by_hand::http::Request;

pub fn check() -> Check {
    let read = |request: &str| Request::read_from(&mut request.as_bytes());
    for (name, request) in [("ACCEPTED", ACCEPTED), ("REFUSED", REFUSED)] {
        let is_length = |line: &&str| line.to_ascii_lowercase().starts_with("content-length:");
        let lengths = request.lines().filter(is_length).count();
        holds(lengths == 2, say("how many", &[&name]), "2", lengths)?;
    }
    let (asked, accepted) = (say("read", &[&"ACCEPTED"]), say("accepted", &[]));
    match read(ACCEPTED) {
        Ok(Some(_)) => {}
        Ok(None) => return Err(miss(asked, accepted, say("nothing", &[]))),
        Err(error) => return Err(miss(asked, accepted, error)),
    }
    let (asked, refused) = (say("read", &[&"REFUSED"]), say("refused", &[]));
    match read(REFUSED) {
        Err(error) if error.to_string().to_ascii_lowercase().contains("content-length") => Ok(()),
        Err(error) => Err(miss(asked, refused, error)),
        Ok(_) => Err(miss(asked, refused, accepted)),
    }
}
