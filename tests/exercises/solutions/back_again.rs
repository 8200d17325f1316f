//! The last text that has an ID, which need not be the last text.

pub fn target(heard: &[String]) -> String {
    let id = |text: &String| Some(text.strip_prefix(r#"{"id":""#)?.split_once('"')?.0.to_owned());
    match heard.iter().rev().find_map(id) {
        None => "/push".into(),
        Some(id) => format!("/push?after={id}"),
    }
}
