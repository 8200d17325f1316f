//! Text as the pages' scripts are sent it: `serde_json` reads the same text back, and no text can
//! end a `<script>` or the line of an event.

use push_by_hand::json;

pub fn target(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let quoted = json::string(&text);
    assert_eq!(serde_json::from_str::<String>(&quoted).unwrap(), text);
    assert!(!quoted.contains(['<', '>', '&', '\r', '\n', '\0', '\u{2028}', '\u{2029}']));
}
