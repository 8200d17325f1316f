//! Which pages may read the answers, and which may ask for something to be changed: functions from
//! request to response.
//!
//! A browser lets a page ask any server, but hands the answer to the page's script only if the
//! server says that this page's origin may have it. That is all CORS is: a permission on the
//! answer, enforced by the browser. A request that a plain form could not have sent is announced
//! first, with a request of its own: the preflight. Implements the server's side of the Fetch
//! standard, "HTTP CORS protocol".
//!
//! CORS guards answers only. What a request changes is guarded by a look at `Origin`, in which
//! browsers say whose page asks. Both go by the same list of origins, and so does the opening
//! handshake of a WebSocket.
//!
//! Left out: credentials. With them the origin must be named, never `*`, and a field of its own
//! must allow them.

use crate::http::{Method, Request, Response, Status, is_authority};

/// How long a browser may remember a preflight's answer, in seconds; its own default is 5.
const MAX_AGE: &str = "600";

/// Who may read and who may publish, beside the server's own pages.
#[derive(Clone, Debug, Default)]
pub struct Cors {
    /// Serialized origins: `http://localhost:8000`, without a slash at the end, compared byte by
    /// byte; `*` is any. See [`parse_origin`].
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
    /// One allowed origin is stated on every answer, also where the request could not be read: it
    /// is the same for all pages. Of several, the asking one is stated, if it is among them. That
    /// answer varies with the question, and a cache must know (RFC 9110 §12.5.5).
    fn shared_with<'a>(&'a self, request: Option<&'a Request>) -> Option<&'a str> {
        match self.origins.as_slice() {
            several if lists("*", several) => Some("*"),
            [only] => Some(only),
            several => {
                let mut asking = request?.fields.get_all("origin");
                let first = asking.next().filter(|origin| lists(origin, several));
                first.filter(|_| asking.next().is_none())
            }
        }
    }

    /// Adds the permission to an answer.
    #[must_use]
    pub fn share(&self, request: Option<&Request>, mut response: Response) -> Response {
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

    /// The answer to a preflight, to be shared like any other; `None` if the request is none.
    /// OPTIONS alone does not make one, nor does `Origin`: what does is
    /// `Access-Control-Request-Method`.
    pub fn answer_preflight(&self, request: &Request) -> Option<Response> {
        let asks = request.method == Method::Options
            && request.fields.get("access-control-request-method").is_some();
        let origin = request.fields.get("origin").filter(|_| asks)?;
        // A refusal is an answer without this permission; the status says why to a person who looks
        // (Fetch, "HTTP responses").
        let is_shared = |with| with == "*" || with == origin;
        if request.fields.count("origin") > 1
            || !self.shared_with(Some(request)).is_some_and(is_shared)
        {
            return Some(self.refusal(&format!("Origin \"{}\"", origin.escape_debug())));
        }
        Some(
            Response::new(Status::NO_CONTENT)
                .with("Access-Control-Allow-Methods", self.methods)
                .with("Access-Control-Allow-Headers", self.request_fields)
                .with("Access-Control-Max-Age", MAX_AGE),
        )
    }

    /// Refuses a request that would change something and comes from a foreign page; `None` if it
    /// comes from our own, from one that may read, or from no page.
    ///
    /// CORS does not ask this: a form on any page may POST plain text anywhere without a preflight.
    pub fn refuse_foreign_page(&self, request: &Request) -> Option<Response> {
        Some(self.refusal(&foreign_page(request, &self.origins)?))
    }

    fn refusal(&self, came: &str) -> Response {
        let others = self.origins.iter().map(|origin| format!(" or {origin}")).collect::<String>();
        let expected = format!("expected a page of this server{others} (see --allow-origin)");
        Response::refusal(Status::FORBIDDEN, &format!("{expected}; came {came}"))
    }
}

/// What a request says of the foreign page it comes from; `None` if it comes from a page of ours,
/// from one of the origins in `also`, or from no page: `curl` says nothing.
pub fn foreign_page(request: &Request, also: &[String]) -> Option<String> {
    let all = |name| {
        let values: Vec<_> = request.fields.get_all(name).collect();
        (!values.is_empty()).then(|| values.join(", "))
    };
    let (origin, site) = (all("origin"), all("sec-fetch-site"));
    foreign(origin.as_deref(), site.as_deref(), request.host(), also)
}

/// The same from the fields `Origin` and `Sec-Fetch-Site` and from the name that the request calls
/// this server by. Of a field that came twice, both values stand there with a comma between them.
pub fn foreign(
    origin: Option<&str>,
    site: Option<&str>,
    host: &str,
    also: &[String],
) -> Option<String> {
    let let_in = match (origin, site) {
        (Some(origin), _) => {
            let listed = lists("*", also) || lists(origin, also);
            !origin.contains(',') && (listed || is_own(origin, host))
        }
        // A page can keep a browser from naming it, but not from saying that it is foreign (W3C,
        // "Fetch Metadata Request Headers").
        (None, Some(site)) => lists("*", also) || ["same-origin", "none"].contains(&site),
        (None, None) => true,
    };
    let came = match (origin, site) {
        (Some(origin), _) => format!("Origin \"{}\"", origin.escape_debug()),
        (None, site) => {
            let site = site.unwrap_or_default().escape_debug();
            format!("Sec-Fetch-Site \"{site}\" and no Origin")
        }
    };
    (!let_in).then_some(came)
}

/// Whether a page of this origin is one of the server that the request calls `host`.
fn is_own(origin: &str, host: &str) -> bool {
    let Some((scheme, authority)) = origin.split_once("://") else { return false };
    // With https somebody in front of us has taken the TLS off.
    let Some(default) = default_port(scheme) else { return false };
    let bare =
        |authority: &str| authority.strip_suffix(default).unwrap_or(authority).to_ascii_lowercase();
    !authority.is_empty() && bare(authority) == bare(host)
}

/// The port that may be named or not, as it stands behind a host.
fn default_port(scheme: &str) -> Option<&'static str> {
    match scheme {
        "http" => Some(":80"),
        "https" => Some(":443"),
        _ => None,
    }
}

fn lists(origin: &str, origins: &[String]) -> bool {
    origins.iter().any(|listed| listed == origin)
}

/// An origin as a browser writes it (RFC 6454 §6.2), from what a person may write for it:
/// `localhost:5173`, `HTTP://localhost:5173/`. Also `*` for any, `null` for pages that have none
/// (sandboxed frames; files, in a `fetch`) and `file://` (files, in a WebSocket).
///
/// # Errors
/// It is no origin: what was expected and what came.
pub fn parse_origin(text: &str) -> Result<String, String> {
    let text = text.to_ascii_lowercase();
    match text.trim_end_matches('/') {
        "*" | "null" => return Ok(text),
        "file:" => return Ok("file://".into()),
        _ => {}
    }
    let (scheme, authority) = text.split_once("://").unwrap_or(("", &text));
    let authority = authority.strip_suffix('/').unwrap_or(authority);
    let (_, port) = authority.rsplit_once(':').unwrap_or((authority, ""));
    // Without a scheme a port is wanted: "foo" may be http or https, and any port.
    let scheme = if scheme.is_empty() && port.parse::<u16>().is_ok() { "http" } else { scheme };
    let is_scheme = scheme.starts_with(|c: char| c.is_ascii_alphabetic())
        && scheme.bytes().all(|byte| byte.is_ascii_alphanumeric() || b"+-.".contains(&byte));
    // A page comes over http, also one that opens a socket. No browser writes the rest.
    if !is_scheme
        || ["ws", "wss"].contains(&scheme)
        || !is_authority(authority)
        || authority.contains(['*', ',', '%'])
        || authority.ends_with(':')
    {
        let came = text.escape_debug();
        return Err(format!("an origin, such as http://localhost:5173; came \"{came}\""));
    }
    let default = default_port(scheme).unwrap_or_default();
    Ok(format!("{scheme}://{}", authority.strip_suffix(default).unwrap_or(authority)))
}

#[cfg(test)]
mod tests;
