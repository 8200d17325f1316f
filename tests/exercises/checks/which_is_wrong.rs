use super::exercise::FAULTS;
use crate::checks::{Check, echoes, miss, open, predicted, say};
use crate::support::frames;
use push_by_hand::websocket::{DEFAULT_LIMIT, Error, MessageReader, Role};

/// Some rules stand in two sections, and either is right.
const ALSO: [(&str, &str); 3] = [("§5.5", "§5.4"), ("§5.6", "§8.1"), ("§10.4", "§7.4.1")];

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
            let other = fault.is_some_and(|(named, _)| ALSO.contains(&(section, named)));
            let section = if other { fault.map_or(section, |(named, _)| named) } else { section };
            (section, frames::close_and_end(&mut client).0)
        })?;
    }
    Ok(())
}
