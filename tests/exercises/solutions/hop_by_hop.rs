//! What `Connection` names, in any of its lines, is for this hop alone; some are, named or not.

const HOP_BY_HOP: [&str; 6] =
    ["connection", "proxy-connection", "keep-alive", "te", "transfer-encoding", "upgrade"];

pub fn end_to_end<'a>(fields: &[(&'a str, &'a str)]) -> Vec<(&'a str, &'a str)> {
    let is = |name: &str, other: &str| name.eq_ignore_ascii_case(other);
    let lines = fields.iter().filter(|(name, _)| is(name, "connection"));
    let named: Vec<&str> = lines.flat_map(|(_, value)| value.split(',')).map(str::trim).collect();
    let ends = |name: &str| HOP_BY_HOP.iter().chain(&named).any(|hop| is(hop, name));
    fields.iter().copied().filter(|(name, _)| !ends(name)).collect()
}
