//! The last whole line that has an id.

pub fn body(heard: &str) -> String {
    let whole = heard.rfind('\n').map_or("", |end| &heard[..end]);
    let id = |line: &str| Some(line.strip_prefix(r#"{"id":""#)?.split_once('"')?.0.to_owned());
    whole.lines().rev().find_map(id).unwrap_or_default()
}
