//! Which origin may read the answer: CORS as functions from request to response.
//!
//! A browser lets a page ask any server, but hands the answer to the page's script only if the
//! server says that this page's origin may have it. That is all CORS is: a permission on the
//! answer, enforced by the browser. A request that a plain form could not have sent is announced
//! first, with a request of its own: the preflight. Implements the server's side of the Fetch
//! standard, "HTTP CORS protocol".
//!
//! Left out: credentials. With them the origin must be named, never `*`, and a field of its own
//! must allow them.

use crate::http::{Method, Request, Response, Status};

/// How long a browser may remember a preflight's answer, in seconds; its own default is 5.
const MAX_AGE: &str = "600";

/// Who may read.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    /// Serialized origins: `http://localhost:8000`, without a slash at the end, compared byte by
    /// byte; or `*` alone, for any.
    pub origins: Vec<String>,
    /// The methods a page may use beyond GET, HEAD and POST, which need no permission.
    pub methods: &'static str,
    /// The request fields it may set beyond the safelisted ones.
    pub request_fields: &'static str,
    /// The response fields its script may read beyond the safelisted ones.
    pub response_fields: &'static str,
}

impl Cors {
    /// The origin this request's answer may be shared with.
    ///
    /// One allowed origin is stated on every answer: it is the same for all pages. Of several,
    /// the asking one is stated, if it is among them. That answer varies with the question, and a
    /// cache must know (RFC 9110 §12.5.5).
    fn shared_with<'a>(&'a self, request: &'a Request) -> Option<&'a str> {
        match self.origins.as_slice() {
            [only] => Some(only),
            several => request
                .fields
                .get("origin")
                .filter(|origin| several.iter().any(|allowed| allowed == origin)),
        }
    }

    /// Adds the permission to an answer.
    #[must_use]
    pub fn share(&self, request: &Request, mut response: Response) -> Response {
        if let Some(origin) = self.shared_with(request) {
            response.fields.push("Access-Control-Allow-Origin", origin);
            if !self.response_fields.is_empty() {
                response.fields.push("Access-Control-Expose-Headers", self.response_fields);
            }
        }
        if self.origins.len() > 1 {
            response.fields.push("Vary", "Origin");
        }
        response
    }

    /// The answer to a preflight; `None` if the request is none. OPTIONS alone does not make one,
    /// nor does `Origin`: what does is `Access-Control-Request-Method`.
    pub fn answer_preflight(&self, request: &Request) -> Option<Response> {
        let asks = request.method == Method::Options
            && request.fields.get("access-control-request-method").is_some();
        let origin = request.fields.get("origin").filter(|_| asks)?;
        // A refusal is an answer without the permission; the status says why to a person who looks
        // (Fetch, "HTTP responses").
        if !self.shared_with(request).is_some_and(|allowed| allowed == origin || allowed == "*") {
            let allowed = self.origins.join(" or ");
            let reason = format!("expected a page of {allowed}; came Origin \"{origin}\"");
            return Some(Response::refusal(Status::FORBIDDEN, &reason));
        }
        let response = Response::new(Status::NO_CONTENT)
            .with("Access-Control-Allow-Methods", self.methods)
            .with("Access-Control-Allow-Headers", self.request_fields)
            .with("Access-Control-Max-Age", MAX_AGE);
        Some(self.share(request, response))
    }
}

/// Refuses a request that would change something and comes from a foreign page; `None` if it comes
/// from our own, from one of the origins in `also` (of which `*` is any), or from no page.
///
/// CORS does not ask this: it guards answers, and a form on any page may POST plain text anywhere
/// without a preflight. Browsers say in `Origin` which page it was (Fetch, "Origin header"); `curl`
/// says nothing.
pub fn refuse_foreign_page(request: &Request, also: &[String]) -> Option<Response> {
    let origin = request.fields.get("origin")?;
    if lets_in(origin, request.host(), also) {
        return None;
    }
    let reason =
        format!("expected a page of http://{}, or none; came Origin \"{origin}\"", request.host());
    Some(Response::refusal(Status::FORBIDDEN, &reason))
}

/// Whether a page of this origin is one of the server that the request calls `host`, or of the
/// origins in `also`, where `*` is any.
pub fn lets_in(origin: &str, host: &str, also: &[String]) -> bool {
    let own = origin.split_once("://").is_some_and(|(scheme, authority)| {
        // The default port may be named or not. With https somebody in front of us has taken the
        // TLS off.
        let default = if scheme == "https" { ":443" } else { ":80" };
        let bare = |authority: &str| {
            authority.strip_suffix(default).unwrap_or(authority).to_ascii_lowercase()
        };
        !authority.is_empty() && bare(authority) == bare(host)
    });
    own || also.iter().any(|other| other == "*" || other == origin)
}

#[cfg(test)]
mod tests {
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
            let response = cors(&[PAGE]).share(&request("GET", origin), Response::new(Status::OK));
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
                &request("GET", &format!("Origin: {origin}\r\n")),
                Response::new(Status::OK),
            );
            assert_eq!(allowed(&response), (stated, Some("Origin")), "{origin}");
        }
    }

    #[test]
    fn no_origin_means_no_permission() {
        let response = cors(&[])
            .share(&request("GET", "Origin: http://localhost:8000\r\n"), Response::new(Status::OK));
        assert_eq!(allowed(&response), (None, None));
    }

    #[test]
    fn a_preflight_is_told_methods_fields_and_how_long() {
        let asks = "Origin: http://localhost:8000\r\nAccess-Control-Request-Method: GET\r\nAccess-Control-Request-Headers: if-none-match\r\n";
        let response = cors(&[PAGE]).answer_preflight(&request("OPTIONS", asks)).unwrap();
        assert_eq!(response.status, Status::NO_CONTENT);
        assert_eq!(allowed(&response).0, Some(PAGE));
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
            assert_eq!(
                refuse_foreign_page(&request("POST", origin), &[]).is_none(),
                here,
                "{origin}"
            );
            assert!(
                refuse_foreign_page(&request("POST", origin), &["*".into()]).is_none(),
                "{origin}"
            );
        }
        let evil = request("POST", "Origin: http://evil.example\r\n");
        assert!(refuse_foreign_page(&evil, &["http://evil.example".into()]).is_none());
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
}
