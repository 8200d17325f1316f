use super::exercise::script;
use crate::checks::{Check, holds, miss, say};
use push_by_hand::json;

const PAGE: &str = "http://localhost:9000";

pub fn check() -> Check {
    for text in ["07:20:01", "\"quoted\"", "</script><script>alert(1)//"] {
        let came = script(text, PAGE);
        let inside = came
            .strip_prefix("<script>parent.postMessage(")
            .and_then(|rest| rest.trim_end().strip_suffix("</script>"));
        let arguments = inside.and_then(|rest| rest.trim_end_matches(';').strip_suffix(')'));
        let rest = arguments.and_then(|arguments| arguments.strip_prefix(&json::string(text)));
        let Some(rest) = rest else {
            let argument = json::string(text);
            let expected = format!("<script>parent.postMessage({argument}, …)</script>");
            return Err(miss(say("script", &[&text]), expected, came));
        };
        let to = rest.trim_start_matches([',', ' ']);
        holds(to.trim_matches(['"', '\'']) == PAGE, say("who", &[&text]), PAGE, to)?;
        holds(
            came.ends_with(">\n"),
            say("end", &[&text]),
            say("line feed", &[]),
            say("none", &[]),
        )?;
    }
    Ok(())
}
