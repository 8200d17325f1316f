//! Who may read, who may change something, and what is an origin.

use super::*;

const PAGE: &str = "http://localhost:8000";

fn cors(origins: &[&str]) -> Cors {
    let origins = origins.iter().map(|origin| (*origin).to_owned()).collect();
    Cors { origins, methods: "GET", request_fields: "If-None-Match", response_fields: "ETag" }
}

fn request(method: &str, fields: &str) -> Request {
    let text = format!("{method} / HTTP/1.1\r\nHost: localhost:8080\r\n{fields}\r\n");
    Request::read_from(&mut text.as_bytes()).unwrap().unwrap()
}

fn allowed(response: &Response) -> (Option<&str>, Option<&str>) {
    (response.fields.get("access-control-allow-origin"), response.fields.get("vary"))
}

#[test]
fn one_origin_is_stated_always_and_without_vary() {
    for origin in [
        "",
        "Origin: http://localhost:8000\r\n",
        "Origin: http://127.0.0.1:8000\r\n",
        "Origin: null\r\n",
    ] {
        let response =
            cors(&[PAGE]).share(Some(&request("GET", origin)), Response::new(Status::OK));
        assert_eq!(allowed(&response), (Some(PAGE), None), "{origin}");
        assert_eq!(response.fields.get("access-control-expose-headers"), Some("ETag"));
    }
}

#[test]
fn of_several_origins_the_asking_one_is_stated_and_caches_are_told() {
    let two = cors(&[PAGE, "http://localhost:9000"]);
    for (origin, stated) in [
        ("http://localhost:9000", Some("http://localhost:9000")),
        ("http://localhost:9000/", None),
        ("HTTP://localhost:9000", None),
        ("http://localhost:90", None),
        ("null", None),
    ] {
        let response = two.share(
            Some(&request("GET", &format!("Origin: {origin}\r\n"))),
            Response::new(Status::OK),
        );
        assert_eq!(allowed(&response), (stated, Some("Origin")), "{origin}");
    }
}

#[test]
fn without_a_request_only_what_is_the_same_for_all_can_be_stated() {
    for (origins, stated) in [
        (&[PAGE][..], (Some(PAGE), None)),
        (&["*"], (Some("*"), None)),
        (&[PAGE, "http://localhost:9000"], (None, Some("Origin"))),
        (&[], (None, None)),
    ] {
        let response = cors(origins).share(None, Response::new(Status::BAD_REQUEST));
        assert_eq!(allowed(&response), stated, "{origins:?}");
    }
}

#[test]
fn no_origin_means_no_permission() {
    let response = cors(&[]).share(
        Some(&request("GET", "Origin: http://localhost:8000\r\n")),
        Response::new(Status::OK),
    );
    assert_eq!(allowed(&response), (None, None));
}

#[test]
fn a_preflight_is_told_methods_fields_and_how_long() {
    let asks = "Origin: http://localhost:8000\r\nAccess-Control-Request-Method: GET\r\n\
        Access-Control-Request-Headers: if-none-match\r\n";
    let response = cors(&[PAGE]).answer_preflight(&request("OPTIONS", asks)).unwrap();
    assert_eq!(response.status, Status::NO_CONTENT);
    for (name, value) in [("methods", "GET"), ("headers", "If-None-Match")] {
        assert_eq!(response.fields.get(&format!("access-control-allow-{name}")), Some(value));
    }
    assert_eq!(response.fields.get("access-control-max-age"), Some("600"));
}

#[test]
fn a_preflight_from_elsewhere_is_refused_without_the_permission() {
    let asks = "Origin: http://evil.example\r\nAccess-Control-Request-Method: GET\r\n";
    let response = cors(&[PAGE]).answer_preflight(&request("OPTIONS", asks)).unwrap();
    assert_eq!((response.status, allowed(&response)), (Status::FORBIDDEN, (None, None)));
}

#[test]
fn only_our_own_page_and_no_page_at_all_may_change_something() {
    for (origin, here) in [
        ("", true),
        ("Origin: http://localhost:8080\r\n", true),
        ("Origin: http://LOCALHOST:8080\r\n", true),
        ("Origin: http://localhost:8000\r\n", false),
        ("Origin: https://localhost:8080\r\n", true),
        ("Origin: http://evil.example\r\n", false),
        ("Origin: null\r\n", false),
    ] {
        let refused = |cors: &Cors| cors.refuse_foreign_page(&request("POST", origin));
        assert_eq!(refused(&cors(&[])).is_none(), here, "{origin}");
        assert!(refused(&cors(&["http://a", "*"])).is_none(), "{origin}");
        assert!(
            refused(&cors(&["http://evil.example"])).is_none() == (here || origin.contains("evil"))
        );
    }
}

#[test]
fn two_origins_are_none_and_a_page_without_one_may_not_be_foreign() {
    let any = &["*"][..];
    for (fields, listed, let_in) in [
        ("Origin: http://localhost:8080\r\nOrigin: http://localhost:8080\r\n", any, false),
        ("Origin: http://localhost:8080, http://localhost:8080\r\n", any, false),
        ("Origin: http://localhost:8080\r\nOrigin: http://evil.example\r\n", &[], false),
        ("Origin: \r\n", &[], false),
        ("Origin: http://\r\n", &[], false),
        ("Origin: ftp://localhost:8080\r\n", &[], false),
        ("Origin: file://\r\n", &[], false),
        ("Origin: file://\r\n", &["file://"], true),
        ("Origin: null\r\n", &["null"], true),
        ("Sec-Fetch-Site: cross-site\r\n", &[PAGE], false),
        ("Sec-Fetch-Site: same-site\r\n", &[PAGE], false),
        ("Sec-Fetch-Site: none\r\nSec-Fetch-Site: cross-site\r\n", &[PAGE], false),
        ("Sec-Fetch-Site: cross-site\r\n", any, true),
        ("Sec-Fetch-Site: same-origin\r\n", &[], true),
        ("Sec-Fetch-Site: none\r\n", &[], true),
        ("Sec-Fetch-Site: cross-site\r\nOrigin: http://localhost:8000\r\n", &[PAGE], true),
        ("Sec-Fetch-Site: same-origin\r\nOrigin: http://evil.example\r\n", &[PAGE], false),
    ] {
        let refusal = cors(listed).refuse_foreign_page(&request("POST", fields));
        assert_eq!(refusal.is_none(), let_in, "{fields:?} with {listed:?}");
    }
}

#[test]
fn any_origin_is_any_beside_others_too() {
    let any = cors(&[PAGE, "*"]);
    let asks = "Origin: http://third.example\r\nAccess-Control-Request-Method: POST\r\n";
    let preflight = any.answer_preflight(&request("OPTIONS", asks)).unwrap();
    assert_eq!(preflight.status, Status::NO_CONTENT);
    let shared = any.share(Some(&request("OPTIONS", asks)), preflight);
    assert_eq!(allowed(&shared), (Some("*"), Some("Origin")));
}

#[test]
fn of_two_origins_in_one_request_neither_may_read() {
    let two = cors(&[PAGE, "http://localhost:9000"]);
    let asks =
        format!("Origin: {PAGE}\r\nOrigin: {PAGE}\r\nAccess-Control-Request-Method: GET\r\n");
    let asks = request("OPTIONS", &asks);
    assert_eq!(allowed(&two.share(Some(&asks), Response::new(Status::OK))).0, None);
    for cors in [two, cors(&[PAGE]), cors(&["*"])] {
        assert_eq!(cors.answer_preflight(&asks).unwrap().status, Status::FORBIDDEN);
    }
}

#[test]
fn an_origin_is_understood_as_it_was_meant() {
    for (meant, origin) in [
        ("http://localhost:5173", "http://localhost:5173"),
        ("http://localhost:5173/", "http://localhost:5173"),
        ("HTTP://LocalHost:5173", "http://localhost:5173"),
        ("localhost:5173", "http://localhost:5173"),
        ("localhost:5173/", "http://localhost:5173"),
        ("127.0.0.1:5173", "http://127.0.0.1:5173"),
        ("[::1]:5173", "http://[::1]:5173"),
        ("http://app.example:80/", "http://app.example"),
        ("https://app.example:443", "https://app.example"),
        ("https://app.example:80", "https://app.example:80"),
        ("app.example:80", "http://app.example"),
        ("tauri://localhost", "tauri://localhost"),
        ("file:///", "file://"),
        ("file://", "file://"),
        ("null", "null"),
        ("*", "*"),
    ] {
        assert_eq!(parse_origin(meant).as_deref(), Ok(origin), "{meant}");
    }
}

#[test]
fn what_is_no_origin_is_refused_with_an_example_of_one() {
    for text in [
        "",
        " ",
        "foo",
        "localhost",
        "http://",
        "//localhost:5173",
        "http://localhost:5173/page",
        "http://localhost:5173?x",
        "http://localhost:",
        "http://localhost:65536",
        "http://user@localhost:5173",
        "http://a,http://b",
        "http://a http://b",
        "http://a,b",
        "http://*.example",
        "*.example:80",
        "ws://localhost:8888",
        "1http://localhost",
        "localhost:http",
        "http://bücher.example",
    ] {
        let error = parse_origin(text).unwrap_err();
        assert!(error.starts_with("an origin, such as http://localhost:5173; came \""), "{error}");
    }
}

#[test]
fn options_without_the_question_is_no_preflight() {
    assert!(
        cors(&[PAGE])
            .answer_preflight(&request("OPTIONS", "Origin: http://localhost:8000\r\n"))
            .is_none()
    );
    let get = "Origin: http://localhost:8000\r\nAccess-Control-Request-Method: GET\r\n";
    assert!(cors(&[PAGE]).answer_preflight(&request("GET", get)).is_none());
}
