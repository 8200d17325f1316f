use super::exercise::FAULTS;
use crate::checks::{Check, echoes, miss, open, predicted, say};
use crate::support::frames;
use push_by_hand::websocket::{DEFAULT_LIMIT, Error, MessageReader, Role};

pub fn check() -> Check {
    for (bytes, fault) in FAULTS {
        let asked = say("fault", &[&bytes.escape_ascii()]);
        let section = match MessageReader::new(Role::Server, DEFAULT_LIMIT).read_from(&mut &*bytes)
        {
            Err(Error::Violation(violation)) => violation.section(),
            came => return Err(miss(asked, say("wrong frame", &[]), format!("{came:?}"))),
        };
        predicted(asked, fault, || {
            let mut client = open(echoes(), "/");
            client.send(bytes);
            (section, frames::close_and_end(&mut client).0)
        })?;
    }
    Ok(())
}
