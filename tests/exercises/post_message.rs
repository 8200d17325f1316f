//! Let the script call `parent.postMessage` with a text, so that page and stream may have two
//! origins. `page` is the origin of the page, the only one that may read it. The result is one
//! `<script>`, and a line feed.

pub fn script(text: &str, page: &str) -> String {
    format!("<script>parent.push(\"{text}\")</script>\n{}", &page[..0])
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. The second argument of `postMessage` says who may read; never `*` for anything private.
// 2. What if the text is `</script>`? `json::string` makes a string that can end no script.
// 3. The page must then look at `event.origin` before it believes what it gets (HTML,
//   "Cross-document messaging").
