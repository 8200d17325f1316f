//! What is fuzzed: each target takes any bytes, and panics where something about them is not as it
//! must be. Each says what an independent reader may see otherwise, and why.

mod bodies;
mod cursors;
mod events;
mod frames;
mod handshake;
mod json;
mod messages;
mod paths;
mod redis;
mod requests;
mod responses;
mod wire;

pub type Target = fn(&[u8]);

/// Each by the name of its folder in `corpus/`.
pub const ALL: [(&str, Target); 12] = [
    ("bodies", bodies::target),
    ("cursors", cursors::target),
    ("events", events::target),
    ("frames", frames::target),
    ("handshake", handshake::target),
    ("json", json::target),
    ("messages", messages::target),
    ("paths", paths::target),
    ("redis", redis::target),
    ("requests", requests::target),
    ("responses", responses::target),
    ("wire", wire::target),
];

#[cfg(fuzzing)]
pub fn named(name: &str) -> Option<Target> {
    ALL.iter().find(|(known, _)| *known == name).map(|&(_, target)| target)
}
