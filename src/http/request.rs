//! A request: its first line, its fields and its body, read from a connection.
//!
//! Comes after `body`. Implements RFC 9112 §3 (request-line, request-target, Host).

use super::body::{Body, Framing, MAX_BODY, too_long};
use super::fields::{is_token, read_line};
use super::{Error, Fields, Method, Rule, Terms, Version};
use std::io::BufRead;

/// The longest request-line, in bytes, without its line end: what RFC 9112 §3 asks everyone to
/// support.
pub const MAX_REQUEST_LINE: usize = 8000;
/// How many empty lines may come before a request-line (RFC 9112 §2.2 asks to ignore at least one).
const MAX_EMPTY_LINES: usize = 4;

/// A request as it came.
#[derive(Clone, Debug)]
pub struct Request {
    /// What to do.
    pub method: Method,
    /// With what: `/path?query`, or `*`. Of an absolute-form target only this part is kept here.
    /// Where it came with unreserved characters percent-encoded they stand as themselves.
    pub target: String,
    /// In which version.
    pub version: Version,
    /// The field lines.
    pub fields: Fields,
    /// The body; empty until [`read_body_from`](Request::read_body_from) has been called.
    pub body: Vec<u8>,
    /// The authority of an absolute-form target: it counts for more than Host (RFC 9112 §3.2.2).
    authority: Option<String>,
    framing: Framing,
}

impl Request {
    /// Reads a whole request. `None`: the client closed between two requests, as it may.
    ///
    /// ```
    /// use push_by_hand::http::Request;
    /// let mut bytes = b"GET /clock?after=7 HTTP/1.1\r\nHost: localhost:8080\r\n\r\n".as_slice();
    /// let request = Request::read_from(&mut bytes).unwrap().unwrap();
    /// assert_eq!((request.path(), request.query("after").as_deref()), ("/clock", Some("7")));
    /// ```
    ///
    /// # Errors
    /// [`Error::Broken`] says which rule was broken, by what, at which byte. The connection is of
    /// no use after that: nobody knows where the next request begins.
    pub fn read_from(reader: &mut impl BufRead) -> Result<Option<Request>, Error> {
        let Some(mut request) = Request::read_head_from(reader)? else { return Ok(None) };
        request.read_body_from(reader)?;
        Ok(Some(request))
    }

    /// Reads the head: request-line and fields. The body is still to come; see
    /// [`expects_continue`](Request::expects_continue).
    ///
    /// # Errors
    /// As [`read_from`](Request::read_from).
    pub fn read_head_from(reader: &mut impl BufRead) -> Result<Option<Request>, Error> {
        let mut line = Vec::with_capacity(128);
        let mut start = 0;
        let end = loop {
            if reader.fill_buf()?.is_empty() && line.len() == start {
                return Ok(None);
            }
            let end =
                match read_line(reader, &mut line, MAX_REQUEST_LINE, Rule::RequestLineLength, 0) {
                    // RFC 9112 §3: not the target is too long then, but the method.
                    Err(Error::Broken { rule: Rule::RequestLineLength, .. })
                        if line[start..].iter().all(|&byte| is_token(byte)) =>
                    {
                        return Err(Error::broken(Rule::Method, &line[start..], start));
                    }
                    end => end?,
                };
            if end > start {
                break end;
            }
            start = line.len();
            if start > 2 * MAX_EMPTY_LINES {
                return Err(Error::broken(Rule::RequestLine, &line, 0));
            }
        };
        let at = line.len();
        let line = &line[start..end];
        let (method, target, version) = split_request_line(line, start)?;
        let (authority, target) = split_target(target, method, start + method.name().len() + 1)?;
        let target = decode_unreserved(target);
        let fields = Fields::read_from(reader, at)?;
        check_host(&fields, version)?;
        let framing = Framing::of(&fields, version, Framing::Length(0))?;
        Ok(Some(Request { method, target, version, fields, body: Vec::new(), authority, framing }))
    }

    /// Reads the body that the head announced.
    ///
    /// # Errors
    /// As [`read_from`](Request::read_from); [`Rule::BodyLength`] beyond [`MAX_BODY`].
    pub fn read_body_from(&mut self, reader: &mut impl BufRead) -> Result<(), Error> {
        if self.framing != Framing::Length(0) {
            self.body = Body::new(reader, self.framing).read_whole(MAX_BODY)?;
        }
        Ok(())
    }

    /// Whether the client waits for `100 Continue` before it sends the body (RFC 9110 §10.1.1). An
    /// HTTP/1.0 client cannot.
    ///
    /// # Errors
    /// It expects something else, or announces a body that will be refused anyway: better said
    /// before it is sent.
    pub fn expects_continue(&self) -> Result<bool, Error> {
        let mut expectations =
            self.fields.members("expect").filter(|_| self.version == Version::Http11).peekable();
        if expectations.peek().is_none() {
            return Ok(false);
        }
        if let Some((other, at)) =
            expectations.find(|(member, _)| !member.eq_ignore_ascii_case("100-continue"))
        {
            return Err(Error::broken(Rule::Expectation, other.as_bytes(), at));
        }
        match self.framing {
            Framing::Length(length) if length > MAX_BODY as u64 => Err(too_long(length)),
            framing => Ok(framing != Framing::Length(0)),
        }
    }

    /// The path of the target, without the query. What is percent-encoded in it stays so.
    pub fn path(&self) -> &str {
        self.target.split_once('?').map_or(&self.target, |(path, _)| path)
    }

    /// The value of a parameter of the query, percent-decoded; `None` if it is not there, or is not
    /// UTF-8.
    pub fn query(&self, name: &str) -> Option<String> {
        let (_, query) = self.target.split_once('?')?;
        let mut pairs = query.split('&').map(|pair| pair.split_once('=').unwrap_or((pair, "")));
        let (_, value) = pairs.find(|(key, _)| *key == name)?;
        String::from_utf8(percent_decode(value)).ok()
    }

    /// The authority this request is for: `localhost:8080`. Empty only in HTTP/1.0, where Host was
    /// optional.
    pub fn host(&self) -> &str {
        self.authority.as_deref().or_else(|| self.fields.get("host")).unwrap_or_default()
    }

    /// The request as it stands on the wire; one that came in absolute-form, in origin-form.
    pub fn to_bytes(&self) -> Vec<u8> {
        let version = match self.version {
            Version::Http10 => "HTTP/1.0",
            Version::Http11 => "HTTP/1.1",
        };
        let mut bytes =
            format!("{} {} {version}\r\n", self.method.name(), self.target).into_bytes();
        self.fields.write_to(&mut bytes);
        bytes.extend_from_slice(&self.body);
        bytes
    }

    /// What this request asks of the answer's form.
    pub fn terms(&self) -> Terms {
        let keep_alive = self.version == Version::Http11
            || self.fields.contains_token("connection", "keep-alive");
        Terms {
            head_only: self.method == Method::Head,
            version: self.version,
            persistent: keep_alive && !self.fields.contains_token("connection", "close"),
        }
    }
}

/// `method SP request-target SP HTTP-version`: two single spaces and no other (RFC 9112 §3).
fn split_request_line(line: &[u8], at: usize) -> Result<(Method, &str, Version), Error> {
    let mut parts = line.split(|&byte| byte == b' ');
    let (Some(method), Some(target), Some(version), None) =
        (parts.next(), parts.next(), parts.next(), parts.next())
    else {
        return Err(Error::broken(Rule::RequestLine, line, at));
    };
    if method.is_empty() || target.is_empty() || !method.iter().all(|&byte| is_token(byte)) {
        return Err(Error::broken(Rule::RequestLine, line, at));
    }
    let target_at = at + method.len() + 1;
    // A URI is visible ASCII (RFC 3986 §2). Browsers send a few of its excluded characters all the
    // same ("|", "^"), which do no harm; "#" would be a fragment, which never travels.
    if let Some(bad) = target.iter().position(|byte| !byte.is_ascii_graphic() || *byte == b'#') {
        return Err(Error::broken(Rule::Target, &target[bad..], target_at + bad));
    }
    let target =
        str::from_utf8(target).map_err(|_| Error::broken(Rule::Target, target, target_at))?;
    let version = Version::parse(version, target_at + target.len() + 1)?;
    let named = str::from_utf8(method).ok().and_then(Method::named);
    Ok((named.ok_or_else(|| Error::broken(Rule::Method, method, at))?, target, version))
}

/// The four forms of a target (RFC 9112 §3.2) as an authority, if it names one, and the rest.
/// CONNECT's form has no method here.
fn split_target(
    target: &str,
    method: Method,
    at: usize,
) -> Result<(Option<String>, String), Error> {
    let broken = || Error::broken(Rule::Target, target.as_bytes(), at);
    if target.starts_with('/') || (target == "*" && method == Method::Options) {
        return Ok((None, target.to_owned()));
    }
    // "ws://" lives in the browser's address of a socket; on the wire the request is an HTTP
    // request.
    let (scheme, rest) = target.split_once("://").ok_or_else(broken)?;
    if !scheme.eq_ignore_ascii_case("http") && !scheme.eq_ignore_ascii_case("https") {
        return Err(broken());
    }
    let (authority, path) = rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len()));
    if !is_authority(authority) {
        return Err(broken());
    }
    // "OPTIONS http://host" asks about the server as a whole; for the rest an empty path means "/".
    let path = match path {
        "" if method == Method::Options => "*".to_owned(),
        path if path.starts_with('/') => path.to_owned(),
        path => format!("/{path}"),
    };
    Ok((Some(authority.to_owned()), path))
}

/// RFC 9112 §3.2: in HTTP/1.1 exactly one Host, and in any version none that is not an authority.
fn check_host(fields: &Fields, version: Version) -> Result<(), Error> {
    let mut hosts = fields.located("host");
    match (hosts.next(), hosts.next()) {
        (None, _) if version == Version::Http11 => {
            Err(Error::broken(Rule::HostOnce, b"", fields.end()))
        }
        (_, Some((second, at))) => Err(Error::broken(Rule::HostOnce, second.as_bytes(), at)),
        (Some((host, at)), _) if !is_authority(host) => {
            Err(Error::broken(Rule::Host, host.as_bytes(), at))
        }
        _ => Ok(()),
    }
}

/// `name`, `name:port`, `[::1]:port` (RFC 3986 §3.2.2); user information has no place in HTTP (RFC
/// 9110 §4.2.4).
pub(crate) fn is_authority(text: &str) -> bool {
    let (host, port) = match text.bytes().rposition(|byte| byte == b':') {
        Some(colon) if !text.ends_with(']') => (&text[..colon], &text[colon + 1..]),
        _ => (text, ""),
    };
    let host_is_right = match host.strip_prefix('[').and_then(|inner| inner.strip_suffix(']')) {
        Some(address) => address.parse::<std::net::Ipv6Addr>().is_ok(),
        None => !host.is_empty() && host.bytes().all(is_reg_name),
    };
    host_is_right
        && port.bytes().all(|byte| byte.is_ascii_digit())
        && (port.is_empty() || port.parse::<u16>().is_ok())
}

/// A character of a host's name: unreserved, a sub-delimiter, or the beginning of a percent-encoded
/// one (RFC 3986 §3.2.2).
fn is_reg_name(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || b"-._~%!$&'()*+,;=".contains(&byte)
}

/// Writes percent-encoded unreserved characters as themselves: `%61` and `a` are the same in every
/// part of a target (RFC 3986 §6.2.2.2). What has a meaning of its own there stays encoded.
fn decode_unreserved(target: String) -> String {
    if !target.contains('%') {
        return target;
    }
    let mut parts = target.split('%');
    let mut plain = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        match encoded_byte(part) {
            // A stray `%` is no encoding, and may not become one when what follows it is decoded.
            None => return target,
            Some(byte) if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) => {
                plain.push(char::from(byte));
                plain.push_str(&part[2..]);
            }
            Some(_) => plain.extend(["%", part]),
        }
    }
    plain
}

/// Undoes percent-encoding (RFC 3986 §2.1): `%41` is `A`. A `%` that no two hexadecimal digits
/// follow stays as it is.
pub fn percent_decode(text: &str) -> Vec<u8> {
    let mut parts = text.split('%');
    let mut decoded = parts.next().unwrap_or_default().as_bytes().to_vec();
    for part in parts {
        let (byte, rest) = encoded_byte(part).map_or((b'%', part), |byte| (byte, &part[2..]));
        decoded.push(byte);
        decoded.extend_from_slice(rest.as_bytes());
    }
    decoded
}

/// The byte that two hexadecimal digits behind a `%` stand for.
fn encoded_byte(behind: &str) -> Option<u8> {
    let digits = behind.get(..2)?;
    // `from_str_radix` alone would take "+a", too.
    let byte = u8::from_str_radix(digits, 16).ok();
    byte.filter(|_| digits.bytes().all(|digit| digit.is_ascii_hexdigit()))
}
