//! Names of fields are compared with their case, one space is taken away, and a block that is cut
//! off fires nothing.

pub const EVENTS: Option<&[(&str, &str, &str)]> =
    Some(&[("message", "a", "7"), ("message", "", "7"), ("message", " c\n", "7")]);
