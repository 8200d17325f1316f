use super::exercise::EVENTS;
use crate::checks::{Check, fire, predicted, say};

pub fn check() -> Check {
    let bytes = b"id: 7\ndata: a\n\nevent: x\n\ndata\n\nData: b\n\ndata:  c\ndata:\n\ndata: d";
    let own = |(kind, data, id): &(&str, &str, &str)| {
        (String::from(*kind), String::from(*data), String::from(*id))
    };
    let prediction = EVENTS.map(|events| events.iter().map(own).collect());
    predicted(say("fired", &[]), prediction, || fire(bytes).0)
}
