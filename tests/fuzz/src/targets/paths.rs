//! Paths, queries and URLs: percent-decoding beside `percent-encoding`, and files that may lie
//! nowhere but in `pages/` and `docs/`.

use push_by_hand::http::{Request, percent_decode};
use push_by_hand::pages;
use push_by_hand::websocket::Url;
use std::path::Path;

pub fn target(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let decoded: Vec<u8> = percent_encoding::percent_decode_str(&text).collect();
    assert_eq!(percent_decode(&text), decoded);

    if let Ok(url) = Url::parse(&text) {
        let slash = if text.ends_with(&url.target) { "" } else { "/" };
        assert!(url.target.starts_with('/') && url.target.len() + url.authority.len() > 1);
        assert!(format!("{text}{slash}").contains(&url.authority));
    }
    let head = format!("GET /{text} HTTP/1.1\r\nHost: localhost\r\n\r\n");
    if let Ok(Some(request)) = Request::read_from(&mut head.as_bytes()) {
        check_query(&request);
        check_file(&request);
    }
}

/// What a query says is what its parts say, decoded.
fn check_query(request: &Request) {
    let query = request.target.split_once('?').map_or("", |(_, query)| query);
    let find = |(name, _): &(&str, &str)| *name == "after";
    let pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
    let value = { pairs }.find(find).map(|(_, value)| percent_encoding::percent_decode_str(value));
    let value = value.and_then(|value| value.decode_utf8().ok().map(String::from));
    assert_eq!(request.query("after"), value);
}

fn check_file(request: &Request) {
    let response = pages::answer(request, "index.html");
    if response.status.code() == 404 {
        return;
    }
    assert_eq!(response.status.code(), 200);
    let name = percent_encoding::percent_decode_str(request.path()).decode_utf8().unwrap();
    assert!(!name.split('/').any(|part| part == ".."));
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let folder = if name.starts_with("/docs/") && name.ends_with(".md") { "" } else { "pages" };
    let name = if name == "/" { "/index.html" } else { &name };
    assert_eq!(std::fs::read(root.join(folder).join(&name[1..])).unwrap(), response.body);
}
