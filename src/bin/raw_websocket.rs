//! A WebSocket server down to the bit: the mirror of `docs/node/raw_websocket.js`, in its order.
//!
//! Lay the two side by side: behind `node:` stands a line of that program, and below it what
//! answers it here. Down to `main` the two do the same, step by step. What comes after `main` is
//! what the Node program leaves out, a named check for each.
//!
//! Two lines are not std's: `Connection` is a `BufReader` on the socket, with a clock, a writer
//! and the tap that `--wire` needs; and the page at 9998 is served by the library.

use base64::Engine;
use base64::engine::general_purpose::STANDARD as BASE64;
use push_by_hand::connection::{Connection, Tap, Waited};
use push_by_hand::cors::foreign;
use push_by_hand::http::{Method, Response, Status, Terms, Version};
use push_by_hand::lesson::{Failure, Lesson, Options, announce};
use push_by_hand::server::{Names, Threads, note, say};
use push_by_hand::websocket::handshake::Refusal;
use push_by_hand::websocket::{Close, Error, NotUtf8, Opcode, Violation};
use push_by_hand::{pages, wire};
use sha1_smol::Sha1;
use std::collections::HashMap;
use std::io::{self, BufRead, Read};
use std::net::{TcpListener, TcpStream};
use std::sync::Arc;
use std::thread;
use std::time::Duration;

// node: const GUID = '258EAFA5-E914-47DA-95CA-C5AB0DC85B11';
const GUID: &str = "258EAFA5-E914-47DA-95CA-C5AB0DC85B11";

// node: const server = net.createServer((socket) => {
fn accept(listener: &TcpListener, site: &Arc<Site>) {
    for stream in listener.incoming() {
        // Out of file descriptors, say. The connections that are open go on.
        let Ok(stream) = stream else { return thread::sleep(PAUSE) };
        // Each connection has a thread of its own, as many as the process can bear.
        let Some(place) = site.threads.reserve() else {
            turn_away(&stream);
            continue;
        };
        let thread = thread::Builder::new().name("connection".into()).stack_size(STACK);
        let site = Arc::clone(site);
        let started = thread.spawn(move || {
            serve(stream, &site);
            drop(place);
        });
        if let Err(error) = started {
            say(format!("error no thread to be had: {error}\n"));
        }
    }
}

/// The opening handshake (RFC 6455 §4.2). `false`: the request was refused, or none came.
fn shake_hands(socket: &mut Connection, site: &Site) -> io::Result<bool> {
    // node: socket.once('data', (data) => {
    let Some(data) = read_head(socket)? else { return Ok(false) };
    // node: const text = data.toString();
    let text = String::from_utf8_lossy(&data);
    // node: const rows = text.split('\r\n').slice(1, -2);
    let rows = text.lines().skip(1).take_while(|row| !row.is_empty());
    // node: const headers = {};
    let mut headers = Headers::new();
    // node: for (const row of rows) {
    for row in rows {
        // node: const [name, value] = row.split(': ');
        let (name, value) = row.split_once(':').unwrap_or((row, ""));
        // node: headers[name] = value;
        add(&mut headers, name, value);
    }
    // node: if (!/Upgrade: websocket/.test(text)) return;
    // node: if (headers['Sec-WebSocket-Version'] != 13) return;
    if let Err(refusal) = check_request(&text, &headers, site) {
        refuse(socket, text.starts_with("HEAD "), &refusal)?;
        return Ok(false);
    }
    // node: const wsKey = headers['Sec-WebSocket-Key'];
    let ws_key = &headers["sec-websocket-key"];
    // node: const acceptKey = createHash('sha1').update(wsKey + GUID).digest('base64');
    let accept_key = BASE64.encode(Sha1::from(format!("{ws_key}{GUID}")).digest().bytes());
    // node: const head = [
    let head = [
        "HTTP/1.1 101 Switching Protocols",
        "Upgrade: websocket",
        // node: `Sec-WebSocket-Accept: ${acceptKey}`,
        &format!("Sec-WebSocket-Accept: {accept_key}"),
        "Connection: Upgrade",
        "\r\n",
    ];
    // node: socket.write(head.join('\r\n'));
    socket.writer().append(|out| out.extend_from_slice(head.join("\r\n").as_bytes()))?;
    Ok(true)
}

/// Frame after frame (RFC 6455 §5.2), until one side has had enough.
fn converse(socket: &mut Connection, max_message: u64) -> Result<(), Error> {
    let mut message = Message::default();
    // node: socket.on('data', (buffers) => {
    while wait_for_frame(socket)? {
        let mut buffers = [0; 2];
        socket.read_exact(&mut buffers)?;
        // node: const fin = (buffers[0] & 0b10000000) === 0b10000000;
        let fin = buffers[0] & 0b1000_0000 == 0b1000_0000;
        // node: const opcode = buffers[0] & 0b00001111;
        let opcode = buffers[0] & 0b0000_1111;
        // node: const masked = buffers[1] & 0b100000000 === 0b100000000;
        let masked = buffers[1] & 0b1000_0000 == 0b1000_0000;
        // node: const payloadLength = buffers[1] & 0b01111111;
        let payload_length = buffers[1] & 0b0111_1111;
        let opcode = check_two_bytes(buffers[0], fin, opcode, masked, payload_length)?;
        let payload_length = read_longer_length(socket, payload_length)?;
        check_length(opcode, payload_length, &message, max_message)?;
        // node: const mask = buffers.subarray(2, 6);
        let mut mask = [0; 4];
        socket.read_exact(&mut mask)?;
        // node: const payload = buffers.subarray(6);
        let mut payload = Vec::new();
        let came = socket.take(payload_length).read_to_end(&mut payload)?;
        check_whole(came as u64, payload_length)?;
        // node: unmask(payload, mask);
        unmask(&mut payload, mask);
        let Some((opcode, payload)) = message.answer(fin, opcode, payload)? else { continue };
        // node: const response = Buffer.alloc(2 + payload.length);
        socket.writer().append(|response| {
            // node: response[0] = opcode | 0b10000000;
            response.push(opcode as u8 | 0b1000_0000);
            // node: response[1] = payload.length;
            push_length(response, payload.len());
            // node: payload.copy(response, 2);
            response.extend_from_slice(&payload);
            // node: socket.write(response);
        })?;
        if opcode == Opcode::Close {
            break;
        }
    }
    Ok(())
}

/// One connection from beginning to end; whatever happens to it happens to it alone.
fn serve(stream: TcpStream, site: &Site) {
    // The one line for `--wire`: it has to see every byte that this socket reads and writes.
    let Ok(mut socket) = Connection::new(stream, WRITE_LIMIT, site.tap.clone()) else { return };
    if let Ok(true) = shake_hands(&mut socket, site) {
        let outcome = converse(&mut socket, site.max_message);
        send_last_words(&socket, &outcome);
        match outcome {
            // node: socket.on('end', () => console.log('end'));
            Ok(()) => say("end\n".into()),
            // node: socket.on('error', (error) => console.log('error', error.message));
            Err(error) => say(format!("error {error}\n")),
        }
        // node: socket.on('close', () => console.log('close'));
        say("close\n".into());
    }
    socket.close();
}

// node: function unmask(buffer, mask) {
fn unmask(buffer: &mut [u8], mask: [u8; 4]) {
    // node: for (let i = 0; i < buffer.length; i++) {
    for i in 0..buffer.len() {
        // node: buffer[i] ^= mask[i & 3];
        buffer[i] ^= mask[i & 3];
    }
}

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    // node: server.listen(9999);
    let (listeners, port) = listen(&options)?;
    let site = serve_page(&options, port)?;
    for listener in listeners {
        let site = Arc::clone(&site);
        thread::Builder::new().spawn(move || {
            loop {
                accept(&listener, &site);
            }
        })?;
    }
    loop {
        thread::park();
    }
}

// ---- What the Node program leaves out ----------------------------------------------------------

const LESSON: Lesson = Lesson {
    page_port: Some(9998),
    own: &[("--max-message N", "the longest message it takes, in bytes (default 1048576)")],
    ..Lesson::new(
        "raw_websocket",
        "a WebSocket, bit by bit, in the order of the Node program",
        9999,
    )
};

/// The longest head that is taken, in bytes, and the longest message, unless a flag says otherwise:
/// what a client may have us keep for as long as it likes.
const MAX_HEAD: usize = 16 * 1024;
const MAX_MESSAGE: u64 = 1024 * 1024;
/// How long a head may take in all, and a frame: whoever drips bytes is cut off by the clock.
const HEAD_LIMIT: Duration = Duration::from_secs(10);
const FRAME_LIMIT: Duration = Duration::from_secs(60);
/// How long a client may be silent before it is asked with a Ping, and again before it is given up.
const SILENCE: Duration = Duration::from_secs(30);
/// How long a client may leave unread what it is sent.
const WRITE_LIMIT: Duration = Duration::from_secs(30);
/// The pause after an `accept` that failed.
const PAUSE: Duration = Duration::from_millis(50);
/// The stack of a connection's thread, in bytes.
const STACK: usize = 256 * 1024;

/// Field names in small letters, and their values; of a field that comes twice, both with a comma
/// between them, which is what two lines of a list mean (RFC 9110 §5.3).
type Headers = HashMap<String, String>;

fn add(headers: &mut Headers, name: &str, value: &str) {
    let value = value.trim_matches([' ', '\t']);
    headers
        .entry(name.to_ascii_lowercase())
        .and_modify(|list| *list += &format!(", {value}"))
        .or_insert_with(|| value.into());
}

/// What all connections have in common.
struct Site {
    /// What this server may be called, and the origins whose pages may connect.
    names: Names,
    pages: Vec<String>,
    threads: Arc<Threads>,
    max_message: u64,
    tap: Option<Tap>,
}

/// `localhost` is two addresses, and a browser may try either first. The second takes the number
/// that the first was given.
fn listen(options: &Options) -> Result<(Vec<TcpListener>, u16), Failure> {
    let failure = |error| options.failure(options.port, "--port", &error);
    let local = options.host == "localhost";
    let host = if local { "127.0.0.1" } else { &options.host };
    let mut listeners = vec![TcpListener::bind((host, options.port)).map_err(failure)?];
    let port = listeners[0].local_addr().map_err(failure)?.port();
    if local {
        match TcpListener::bind(("::1", port)) {
            Ok(listener) => listeners.push(listener),
            Err(error) if error.kind() == io::ErrorKind::AddrInUse && options.port != 0 => {
                return Err(failure(error));
            }
            // A machine without IPv6: one address is enough.
            Err(_) => {}
        }
    }
    Ok((listeners, port))
}

/// The page has a port of its own and asks there where the socket is.
fn serve_page(options: &Options, socket: u16) -> Result<Arc<Site>, Failure> {
    let server = options.server()?;
    let page = options.bind_page(&server)?;
    let (origin, names, pages) =
        (options.origin("http", &page), page.names.clone(), options.socket_origins(&page));
    let socket = options.origin_of("ws", socket);
    announce("page", &origin);
    announce("socket", &socket);
    options.what_next(LESSON.name, &format!("cargo run --bin client -- {socket}/"));
    page.serve(move |request, responder| {
        responder.send(match (request.method, request.path()) {
            (Method::Get | Method::Head, "/socket-origin") => {
                Response::text(Status::OK, socket.clone()).with("Cache-Control", "no-store")
            }
            (_, "/socket-origin") => Response::other_method(request, "GET, HEAD"),
            _ => pages::answer(request, "raw_websocket.html"),
        })
    })?;
    Ok(Arc::new(Site {
        names,
        pages,
        threads: server.threads(),
        max_message: options.arguments.number("--max-message", MAX_MESSAGE)?,
        tap: options.wire.then(wire::to_terminal),
    }))
}

/// 503 for one connection too many. A fresh socket has room for it, so nobody waits here.
fn turn_away(stream: &TcpStream) {
    let _ = stream.set_nonblocking(true);
    let answer = b"HTTP/1.1 503 Service Unavailable\r\nRetry-After: 1\r\nContent-Length: 0\r\n\r\n";
    let _ = io::Write::write(&mut &*stream, answer);
}

/// Reads a request through its empty line, in as many pieces as it comes; what follows it stays in
/// the socket's buffer, for the first frame. `None`: refused, or none came.
fn read_head(socket: &mut Connection) -> io::Result<Option<Vec<u8>>> {
    socket.set_deadline(HEAD_LIMIT);
    let mut data = Vec::new();
    while !data.ends_with(b"\r\n\r\n") && !data.ends_with(b"\n\n") {
        let left = (MAX_HEAD - data.len()) as u64;
        match socket.take(left).read_until(b'\n', &mut data) {
            Ok(1..) => {}
            Ok(0) if left == 0 => {
                let reason = format!("expected a head of at most {MAX_HEAD} bytes; came more");
                refuse(
                    socket,
                    false,
                    &Response::refusal(Status::REQUEST_HEADER_FIELDS_TOO_LARGE, &reason),
                )?;
                return Ok(None);
            }
            Err(error) if error.kind() == io::ErrorKind::TimedOut && !data.is_empty() => {
                let reason = format!("expected a whole head; came {} bytes of one", data.len());
                refuse(socket, false, &Response::refusal(Status::REQUEST_TIMEOUT, &reason))?;
                return Ok(None);
            }
            _ => return Ok(None),
        }
    }
    Ok(Some(data))
}

fn refuse(socket: &Connection, head_only: bool, refusal: &Response) -> io::Result<()> {
    // Whoever wrote the page, or the proxy's configuration, looks at the log for the flag.
    if matches!(refusal.status, Status::FORBIDDEN | Status::MISDIRECTED_REQUEST) {
        let (code, reason) = (refusal.status.code(), String::from_utf8_lossy(&refusal.body));
        note(format!("{code} {}: {}", socket.peer_addr()?, reason.trim_end()));
    }
    let terms = Terms { head_only, version: Version::Http11, persistent: false };
    socket.writer().append(|out| refusal.write_to(out, terms))
}

/// Whether a request may become a WebSocket, and the answer if not (RFC 6455 §4.2.1): its
/// request-line, its rows, its Host, the fields of the handshake, its page.
fn check_request(text: &str, headers: &Headers, site: &Site) -> Result<(), Response> {
    let get = |name: &str| headers.get(name).map_or("", String::as_str);
    let bad = |expected: &str| Err(Response::refusal(Status::BAD_REQUEST, expected));
    let request_line = text.lines().next().unwrap_or_default();
    let [method, target, version] = request_line.split(' ').collect::<Vec<_>>()[..] else {
        return bad("expected a request-line: method SP request-target SP HTTP-version");
    };
    let token = |c: char| c.is_ascii_alphanumeric() || "!#$%&'*+-.^_`|~".contains(c);
    if headers.keys().any(|name| name.is_empty() || !name.chars().all(token))
        || text.contains('\0')
        || text.replace("\r\n", "").contains('\r')
    {
        return bad("expected field lines: a name, a colon, a value, and a line end");
    }
    // http://host/path is another way to say both (RFC 9112 §3.2.2). `ws://` is not.
    let (host, target) = match target.strip_prefix("http://") {
        Some(rest) => rest.split_at(rest.find(['/', '?']).unwrap_or(rest.len())),
        None if target.starts_with('/') => (get("host"), target),
        None => return bad("expected a request-target: /path?query or http://host/path"),
    };
    if get("host").is_empty() || get("host").contains(',') {
        return bad("expected exactly one Host field");
    }
    // A page of evil.example can have its name lead here, and is then of our own origin.
    if !site.names.include(host) {
        let host = host.escape_debug();
        let reason =
            format!("expected a name of this server (see --allow-host); came Host \"{host}\"");
        return Err(Response::refusal(Status::MISDIRECTED_REQUEST, &reason));
    }
    if !["", "/"].contains(&target.split('?').next().unwrap_or_default()) {
        let reason =
            format!("expected a path that exists here; came \"{}\"", target.escape_debug());
        return Err(Response::refusal(Status::NOT_FOUND, &reason));
    }
    match method {
        "GET" => {}
        // As GET is answered that asks for no WebSocket (RFC 9110 §9.3.2).
        "HEAD" => return Err(Refusal::Upgrade(String::new()).response()),
        other => {
            let status = match other {
                "OPTIONS" => Status::NO_CONTENT,
                _ => Status::METHOD_NOT_ALLOWED,
            };
            let response = Response::refusal(status, "expected GET, HEAD, OPTIONS");
            return Err(response.with("Allow", "GET, HEAD, OPTIONS"));
        }
    }
    if version != "HTTP/1.1" {
        return Err(Refusal::HttpVersion.response());
    }
    if !["", "0"].contains(&get("content-length")) || !get("transfer-encoding").is_empty() {
        return bad("expected a request without a body");
    }
    check_handshake(&get).map_err(|refusal| refusal.response())?;
    // Any page on the web may try: only ours gets in. A program that is no browser sends nothing.
    let given = |name: &str| headers.get(name).map(String::as_str);
    match foreign(given("origin"), given("sec-fetch-site"), host, &site.pages) {
        Some(came) => Err(Refusal::Origin(came).response()),
        None => Ok(()),
    }
}

/// The four fields of the handshake.
fn check_handshake<'a>(get: &impl Fn(&str) -> &'a str) -> Result<(), Refusal> {
    let lists =
        |name, token| get(name).split(',').any(|item| item.trim().eq_ignore_ascii_case(token));
    if !lists("upgrade", "websocket") {
        return Err(Refusal::Upgrade(get("upgrade").into()));
    }
    if !lists("connection", "upgrade") {
        return Err(Refusal::Connection(get("connection").into()));
    }
    if get("sec-websocket-version") != "13" {
        return Err(Refusal::Version(get("sec-websocket-version").into()));
    }
    let key = get("sec-websocket-key");
    let keys = key.split(", ").filter(|key| !key.is_empty()).count();
    if keys != 1 {
        return Err(Refusal::KeyOnce(keys));
    }
    match BASE64.decode(key) {
        Ok(key) if key.len() == 16 => Ok(()),
        Ok(key) => Err(Refusal::Key(format!("{} bytes", key.len()))),
        Err(error) => Err(Refusal::Key(format!("no base64 ({error})"))),
    }
}

/// Waits for the first byte of a frame, and asks a silent client once. `false`: the client is gone.
fn wait_for_frame(socket: &mut Connection) -> Result<bool, Error> {
    for ping in [true, false] {
        match socket.wait_for_input(SILENCE)? {
            Waited::Ready => {
                socket.set_deadline(FRAME_LIMIT);
                return Ok(true);
            }
            Waited::Ended => return Ok(false),
            Waited::TimedOut if ping => {
                socket.writer().append(|out| out.extend([Opcode::Ping as u8 | 0b1000_0000, 0]))?
            }
            Waited::TimedOut => {}
        }
    }
    Err(Error::Silent)
}

/// What the first two bytes may not say (RFC 6455 §5.1, §5.2, §5.5).
fn check_two_bytes(
    first: u8,
    fin: bool,
    opcode: u8,
    masked: bool,
    length: u8,
) -> Result<Opcode, Violation> {
    let rsv = (first & 0b0111_0000) >> 4;
    if rsv != 0 {
        return Err(Violation::ReservedBits { bits: rsv });
    }
    let known = Opcode::try_from(opcode)?;
    if !masked {
        return Err(Violation::NotMasked);
    }
    if known.is_control() && length > 125 {
        return Err(Violation::ControlTooLong { length });
    }
    if known.is_control() && !fin {
        return Err(Violation::ControlFragmented { opcode });
    }
    Ok(known)
}

/// 126 and 127 are no lengths: the length stands in the next two or eight bytes, highest first,
/// and in no more of them than it needs.
fn read_longer_length(socket: &mut Connection, length: u8) -> Result<u64, Error> {
    let (length, bytes, least) = match length {
        126 => {
            let mut longer = [0; 2];
            socket.read_exact(&mut longer)?;
            (u16::from_be_bytes(longer).into(), 2, 126)
        }
        127 => {
            let mut longer = [0; 8];
            socket.read_exact(&mut longer)?;
            (u64::from_be_bytes(longer), 8, 65_536)
        }
        length => return Ok(length.into()),
    };
    if length < least {
        return Err(Violation::LengthNotMinimal { length, bytes }.into());
    }
    if length >> 63 == 1 {
        return Err(Violation::LengthTopBit { length }.into());
    }
    Ok(length)
}

/// A length is refused before its bytes are read.
fn check_length(
    opcode: Opcode,
    length: u64,
    message: &Message,
    most: u64,
) -> Result<(), Violation> {
    let length = length.saturating_add(message.payload.len() as u64);
    if !opcode.is_control() && length > most {
        let limit = usize::try_from(most).unwrap_or(usize::MAX);
        return Err(Violation::MessageTooLong { length, limit });
    }
    Ok(())
}

fn check_whole(came: u64, expected: u64) -> Result<(), Error> {
    if came < expected {
        return Err(Error::CutOff { part: "a frame's payload", expected, came });
    }
    Ok(())
}

/// The message under way: what its first frame said it is, and what has come of it.
#[derive(Default)]
struct Message {
    opcode: Option<Opcode>,
    payload: Vec<u8>,
}

impl Message {
    /// What a frame is answered with, if it is answered: a frame may be a part of a message, or no
    /// message at all (RFC 6455 §5.4, §5.5).
    fn answer(
        &mut self,
        fin: bool,
        opcode: Opcode,
        payload: Vec<u8>,
    ) -> Result<Option<(Opcode, Vec<u8>)>, Violation> {
        match (opcode, self.opcode) {
            (Opcode::Ping, _) => Ok(Some((Opcode::Pong, payload))),
            (Opcode::Pong, _) => Ok(None),
            // The same code comes back, without the words.
            (Opcode::Close, _) => {
                let close = Close { reason: String::new(), ..Close::read_from(&payload)? };
                let mut code = Vec::new();
                close.write_to(&mut code);
                Ok(Some((Opcode::Close, code)))
            }
            (Opcode::Continuation, None) => Err(Violation::NothingToContinue),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                Err(Violation::MessageInterrupted { opcode: opcode as u8 })
            }
            (opcode, begun) => {
                // Most messages are one frame, and are not copied.
                match begun {
                    None => self.payload = payload,
                    Some(_) => self.payload.extend_from_slice(&payload),
                }
                self.opcode = begun.or(Some(opcode));
                if fin { self.finish().map(Some) } else { Ok(None) }
            }
        }
    }

    /// The whole message, whose memory leaves with it. A text is UTF-8; a character may be split
    /// over two frames, so the whole is looked at (RFC 6455 §8.1).
    fn finish(&mut self) -> Result<(Opcode, Vec<u8>), Violation> {
        let Message { opcode, payload } = std::mem::take(self);
        let opcode = opcode.unwrap_or(Opcode::Binary);
        match str::from_utf8(&payload) {
            Err(error) if opcode == Opcode::Text => {
                let at = error.valid_up_to();
                Err(Violation::Text(NotUtf8 { at, came: error.error_len().map(|_| payload[at]) }))
            }
            _ => Ok((opcode, payload)),
        }
    }
}

/// A length in one, three or nine bytes. From 128 on, `response[1] = payload.length` would set the
/// bit MASK.
fn push_length(response: &mut Vec<u8>, length: usize) {
    if let Ok(length @ 0..=125) = u8::try_from(length) {
        response.push(length);
    } else if let Ok(length) = u16::try_from(length) {
        response.push(126);
        response.extend_from_slice(&length.to_be_bytes());
    } else {
        response.push(127);
        response.extend_from_slice(&(length as u64).to_be_bytes());
    }
}

/// Whoever broke a rule is told so before the connection ends (RFC 6455 §7.1.7). If the client has
/// left already, there is nobody to tell.
fn send_last_words(socket: &Connection, outcome: &Result<(), Error>) {
    if let Err(Error::Violation(violation)) = outcome {
        let mut payload = Vec::new();
        Close::new(violation.close_code(), &violation.to_string()).write_to(&mut payload);
        let _ = socket.writer().append(|response| {
            response.push(Opcode::Close as u8 | 0b1000_0000);
            push_length(response, payload.len());
            response.extend_from_slice(&payload);
        });
    }
    let _ = socket.writer().flush();
}
