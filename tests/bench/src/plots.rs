use crate::results::Results;
pub fn all(_results: &Results) -> Vec<(&'static str, String)> {
    Vec::new()
}
