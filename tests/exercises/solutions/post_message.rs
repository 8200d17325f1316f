//! A solution of `post_message`.

use push_by_hand::json;

pub fn script(text: &str, page: &str) -> String {
    format!("<script>parent.postMessage({},{})</script>\n", json::string(text), json::string(page))
}
