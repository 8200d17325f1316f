//! Ask every second.
fn main() {}
