//! The Node programs of `docs/node`, as they are, and every fault that the book says they have:
//! each found with bytes, in a program that runs.
//!
//! That a program stays silent is seen at its end: the client says that it sends no more, Node
//! closes, and nothing has come.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::path::PathBuf;
use std::process::{Child, ChildStdout, Command, Stdio};
use std::sync::OnceLock;
use std::time::Duration;

/// How long anything may take before the test is given up.
const PATIENCE: Duration = Duration::from_secs(40);

/// The tutorial's request for a WebSocket.
const UPGRADE: &str = "GET / HTTP/1.1\r\nHost: localhost\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n\
                       Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: IHfMdf8a0aQXbwQO1pkGdA==\r\n\r\n";

/// The folder with the packages, installed from its lock file where they are missing.
fn packages() -> PathBuf {
    static INSTALLED: OnceLock<()> = OnceLock::new();
    let folder = push_by_hand_interop::root().join("tests/bench/node");
    INSTALLED.get_or_init(|| {
        if !folder.join("node_modules/.package-lock.json").exists() {
            let install = ["ci", "--no-audit", "--no-fund"];
            let status = Command::new("npm").args(install).current_dir(&folder).status();
            assert!(status.expect("npm can be started").success(), "npm ci failed");
        }
    });
    folder
}

fn node() -> Command {
    let mut command = Command::new("node");
    command.env("NODE_PATH", packages().join("node_modules")).current_dir(packages());
    command
}

/// What Node prints for a piece of script.
fn evaluate(script: &str) -> (bool, String) {
    let output = node().args(["-e", script]).output().expect("node can be started");
    let printed = [output.stdout, output.stderr].concat();
    (output.status.success(), String::from_utf8_lossy(&printed).trim().to_owned())
}

/// One running program of `docs/node`. Dropped, it is killed.
struct Program {
    child: Child,
    lines: std::io::Lines<BufReader<ChildStdout>>,
    /// The ports it asked for, and those it got.
    ports: BTreeMap<u16, u16>,
}

impl Program {
    fn start(name: &str, ports: &[u16]) -> Program {
        let script = push_by_hand_interop::root().join("docs/node").join(name);
        let mut child = node()
            .args(["--require", "./any_port.js"])
            .arg(script)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .spawn()
            .expect("node can be started");
        let lines = BufReader::new(child.stdout.take().expect("it is piped")).lines();
        let mut program = Program { child, lines, ports: BTreeMap::new() };
        for _ in ports {
            let line = program.line();
            let (wanted, url) = line.split_once("  ").expect("two words");
            let port = url.trim_end_matches('/').rsplit(':').next().expect("a port");
            program.ports.insert(wanted.parse().expect("a port"), port.parse().expect("a port"));
        }
        assert!(program.ports.keys().eq(ports), "{:?}", program.ports);
        program
    }

    fn line(&mut self) -> String {
        self.lines.next().expect("one more line").expect("text")
    }

    fn connect(&self, port: u16) -> Client {
        let stream = TcpStream::connect(("127.0.0.1", self.ports[&port])).expect("it listens");
        stream.set_read_timeout(Some(PATIENCE)).expect("a limit");
        stream.set_nodelay(true).expect("a TCP option");
        Client(BufReader::new(stream))
    }

    /// The whole answer to a request that ends the connection.
    fn ask(&self, port: u16, request_line: &str, fields: &str) -> String {
        let mut client = self.connect(port);
        client.send(format!(
            "{request_line}\r\nHost: localhost\r\nConnection: close\r\n{fields}\r\n"
        ));
        let mut answer = Vec::new();
        client.0.read_to_end(&mut answer).expect("an orderly end");
        String::from_utf8_lossy(&answer).into_owned()
    }

    /// How many timers are running in it.
    fn timers(&mut self) -> usize {
        let id = self.child.id().to_string();
        assert!(Command::new("kill").args(["-USR2", &id]).status().expect("kill").success());
        let line = self.line();
        line.strip_prefix("timers  ").and_then(|n| n.parse().ok()).expect("a number")
    }

    /// A WebSocket of the raw server, after its 101.
    fn open(&self, port: u16) -> Client {
        let mut client = self.connect(port);
        client.send(UPGRADE);
        assert!(client.head().starts_with("HTTP/1.1 101 "));
        client
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        // It may have ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

struct Client(BufReader<TcpStream>);

impl Client {
    fn send(&mut self, bytes: impl AsRef<[u8]>) {
        self.0.get_ref().write_all(bytes.as_ref()).expect("the program reads");
    }

    /// Everything through this text.
    fn through(&mut self, text: &str) -> String {
        let mut bytes = Vec::new();
        while !bytes.ends_with(text.as_bytes()) {
            let mut byte = [0];
            self.0.read_exact(&mut byte).unwrap_or_else(|error| {
                panic!("{error} after {}", String::from_utf8_lossy(&bytes))
            });
            bytes.push(byte[0]);
        }
        String::from_utf8(bytes).expect("text")
    }

    fn head(&mut self) -> String {
        self.through("\r\n\r\n")
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        let mut bytes = vec![0; count];
        self.0.read_exact(&mut bytes).expect("as many bytes");
        bytes
    }

    /// What comes in one piece, at once.
    fn piece(&mut self) -> String {
        let mut bytes = vec![0; 16 * 1024];
        let n = self.0.read(&mut bytes).expect("something comes");
        String::from_utf8_lossy(&bytes[..n]).into_owned()
    }

    /// Says that no more will come, and reads what there still is.
    fn rest(&mut self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.0.get_ref().shutdown(Shutdown::Write).expect("the connection is open");
        self.0.read_to_end(&mut bytes).expect("an orderly end");
        bytes
    }

    /// The number in the next `id:` line of an event stream.
    fn id(&mut self) -> u64 {
        self.through("id:");
        self.through("\n").trim().parse().expect("a number")
    }
}

const STREAM: &str = "GET /eventSource HTTP/1.1\r\nHost: localhost\r\n\r\n";

// ---- polling.js ---------------------------------------------------------------------------------

#[test]
fn polling_js_answers_whatever_is_asked_and_fails_each_preflight() {
    let program = Program::start("polling.js", &[8080]);
    for request_line in ["GET /favicon.ico HTTP/1.1", "POST /anything HTTP/1.1"] {
        let answer = program.ask(8080, request_line, "");
        assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
        // A time of day, and nothing that says what it is.
        assert!(answer.contains(':') && !answer.contains("Content-Type"), "{answer}");
    }
    let preflight = "Origin: http://localhost:8000\r\nAccess-Control-Request-Method: GET\r\n\
                     Access-Control-Request-Headers: x-mine\r\n";
    let answer = program.ask(8080, "OPTIONS / HTTP/1.1", preflight);
    assert!(answer.starts_with("HTTP/1.1 200 OK\r\n"), "{answer}");
    assert!(!answer.contains("Access-Control-Allow-Headers"), "{answer}");
}

#[test]
fn polling_js_allows_one_name_of_the_machine_whoever_asks() {
    let program = Program::start("polling.js", &[8080]);
    let answer = program.ask(8080, "GET / HTTP/1.1", "Origin: http://127.0.0.1:8000\r\n");
    assert!(answer.contains("Access-Control-Allow-Origin: http://localhost:8000\r\n"), "{answer}");
}

#[test]
fn polling_js_gives_away_its_own_source() {
    let program = Program::start("polling.js", &[8080]);
    let answer = program.ask(8080, "GET /polling.js HTTP/1.1", "");
    assert!(answer.contains("express.static(__dirname)"), "{answer}");
}

// ---- iframe_stream.js ---------------------------------------------------------------------------

#[test]
fn iframe_stream_js_sends_no_head_before_its_first_tick_and_no_type_ever() {
    let program = Program::start("iframe_stream.js", &[8080]);
    let mut client = program.connect(8080);
    client.send("GET /clock HTTP/1.1\r\nHost: localhost\r\n\r\n");
    let piece = client.piece();
    assert!(piece.starts_with("HTTP/1.1 200 OK\r\n") && piece.contains("<script>"), "{piece}");
    assert!(!piece.contains("Content-Type"), "{piece}");
}

#[test]
fn iframe_stream_js_keeps_the_timer_of_each_visitor_that_has_left() {
    let mut program = Program::start("iframe_stream.js", &[8080]);
    let before = program.timers();
    for _ in 0..3 {
        let mut client = program.connect(8080);
        client.send("GET /clock HTTP/1.1\r\nHost: localhost\r\n\r\n");
        client.piece();
    }
    // Somebody whose answer comes after the three have gone.
    let mut client = program.connect(8080);
    client.send("GET /clock HTTP/1.1\r\nHost: localhost\r\n\r\n");
    client.piece();
    drop(client);
    assert!(program.timers() >= before + 4);
}

// ---- event_source.js ----------------------------------------------------------------------------

#[test]
fn event_source_js_has_one_counter_for_all_and_a_timer_for_each() {
    let program = Program::start("event_source.js", &[8888]);
    let mut first = program.connect(8888);
    first.send(STREAM);
    let head = first.piece();
    // Head and first event come together, a second late.
    assert!(head.contains("text/event-stream") && head.contains("id:1\n"), "{head}");
    let mut second = program.connect(8888);
    second.send(STREAM);
    let begun = second.id();
    let ids = [first.id(), first.id(), first.id()];
    assert!(begun > 1, "{begun}");
    assert!(ids[2] - ids[0] >= 4, "{ids:?}: holes, as two clients share the counter");
    // The one that leaves leaves its timer behind: the ids go on with holes.
    drop(second);
    first.id();
    let ids = [first.id(), first.id(), first.id()];
    assert!(ids[2] - ids[0] >= 4, "{ids:?}");
}

#[test]
fn event_source_js_and_sse_stream_js_do_not_read_the_last_event_id() {
    for name in ["event_source.js", "sse_stream.js"] {
        let program = Program::start(name, &[8888]);
        let mut client = program.connect(8888);
        client.send("GET /eventSource HTTP/1.1\r\nHost: localhost\r\nLast-Event-ID: 41\r\n\r\n");
        // And after a restart it counts from 1, as if it had never said more.
        client.through("id:");
        assert_eq!(client.through("\n").trim(), "1", "{name}");
    }
}

// ---- sse_stream.js ------------------------------------------------------------------------------

#[test]
fn the_export_of_ssestream_is_no_class_any_more() {
    let (fine, printed) = evaluate("new (require('ssestream'))({ socket: null })");
    assert!(!fine && printed.contains("is not a constructor"), "{printed}");
}

#[test]
fn ssestream_drops_an_id_that_is_0_and_names_a_coding_that_http_has_not() {
    let (fine, printed) = evaluate(
        "const S = require('ssestream').default; const s = new S({ socket: { setKeepAlive() {}, \
         setNoDelay() {}, setTimeout() {} } }); s.pipe(process.stdout); s.write({ id: 0, data: 'x' })",
    );
    assert!(fine && printed.contains("data: x") && !printed.contains("id:"), "{printed}");
    let program = Program::start("sse_stream.js", &[8888]);
    let mut client = program.connect(8888);
    client.send(STREAM);
    let head = client.head().to_lowercase();
    assert!(head.contains("transfer-encoding: identity\r\n"), "{head}");
}

#[test]
fn sse_stream_js_says_retry_with_every_event_and_is_the_one_that_cleans_up() {
    let mut program = Program::start("sse_stream.js", &[8888]);
    let before = program.timers();
    let mut client = program.connect(8888);
    client.send(STREAM);
    for _ in 0..2 {
        client.through("retry: 20000\n");
        client.through("data: ");
    }
    assert_eq!(program.timers(), before + 1);
    drop(client);
    // The one that comes after it is served; then only its own timer is left.
    push_by_hand_interop::wait_for("its timer is gone", PATIENCE, || {
        (program.timers() == before).then_some(())
    });
}

// ---- websocket.js -------------------------------------------------------------------------------

#[test]
fn websocket_js_makes_a_text_of_bytes_and_lets_every_page_in() {
    let program = Program::start("websocket.js", &[3000, 8888]);
    let mut client = program.connect(8888);
    client.send(UPGRADE.replace("Host:", "Origin: http://evil.example\r\nHost:"));
    assert!(client.head().starts_with("HTTP/1.1 101 "));
    client.send(b"\x82\x82\0\0\0\0\x00\xff");
    let answer = [b"\x81\x14".as_slice(), "服务器回应:".as_bytes(), b"\x00\xef\xbf\xbd"].concat();
    assert_eq!(client.bytes(answer.len()), answer);
}

// ---- accept_key.js ------------------------------------------------------------------------------

#[test]
fn accept_key_js_computes_the_pair_of_the_book() {
    let script = push_by_hand_interop::root().join("docs/node/accept_key.js");
    let output = node().arg(script).output().expect("node can be started");
    assert_eq!(output.stdout, b"aWAY+V/uyz5ILZEoWuWdxjnlb7E=\n");
}

// ---- raw_websocket.js ---------------------------------------------------------------------------

fn raw() -> Program {
    Program::start("raw_websocket.js", &[9999])
}

/// Everything that the raw server says to these pieces, each sent when the one before has been
/// read; of the 101 its first line.
fn raw_answers(pieces: &[&[u8]]) -> Vec<u8> {
    let program = raw();
    let mut client = program.open(9999);
    for (n, piece) in pieces.iter().enumerate() {
        client.send(piece);
        // Something comes for each piece; the answers are looked at as one.
        if n + 1 < pieces.len() {
            client.0.fill_buf().expect("an answer");
        }
    }
    client.rest()
}

#[test]
fn raw_websocket_js_answers_with_the_right_key() {
    let program = raw();
    let mut client = program.connect(9999);
    client.send(UPGRADE);
    let head = client.head();
    assert_eq!(head.len(), 129);
    assert!(head.contains("Sec-WebSocket-Accept: aWAY+V/uyz5ILZEoWuWdxjnlb7E=\r\n"));
    client.send(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
    assert_eq!(client.bytes(7), b"\x81\x05Hello");
}

#[test]
fn raw_websocket_js_takes_two_frames_for_one() {
    let came = raw_answers(&[b"\x81\x82\x37\xfa\x21\x3d\x56\x98\x81\x82\x37\xfa\x21\x3d\x54\x9e"]);
    assert_eq!(came, b"\x81\x0aab\xa0\xbf\0\0\0\0cd");
}

#[test]
fn raw_websocket_js_takes_the_two_halves_of_a_frame_for_two() {
    let came = raw_answers(&[b"\x81\x85\0\0\0\0Hel", b"lo-more"]);
    // The bytes from the seventh on, "e", under the key "-mor": e ^ 0.
    assert_eq!(came, [b"\x81\x03Hel".as_slice(), &[b'l' & 0x0f | 0x80, 1, b'e' ^ b'-']].concat());
}

#[test]
fn raw_websocket_js_never_reads_a_request_in_two_pieces() {
    let program = raw();
    let mut client = program.connect(9999);
    client.send(&UPGRADE[..20]);
    // The other half leaves when the program has seen the first: it answers another client.
    program.open(9999);
    client.send(&UPGRADE[20..]);
    assert_eq!(client.rest(), b"");
}

#[test]
fn raw_websocket_js_loses_a_frame_that_comes_with_the_request() {
    let program = raw();
    let mut client = program.connect(9999);
    client.send([UPGRADE.as_bytes(), b"\x81\x85\0\0\0\0Hello"].concat());
    assert_eq!(client.rest().len(), 129);
}

#[test]
fn the_nine_bits_are_the_last_bit_of_the_length() {
    let script =
        "console.log([0x85, 0x84, 0x05].map((b) => b & 0b100000000 === 0b100000000).join())";
    assert_eq!(evaluate(script), (true, "1,0,1".to_owned()));
}

#[test]
fn raw_websocket_js_unmasks_what_was_not_masked() {
    assert_eq!(raw_answers(&[b"\x81\x05Hello"]), b"\x81\x01\x27");
}

#[test]
fn raw_websocket_js_sets_the_mask_bit_with_a_length() {
    let frame = |length: u16| {
        let mut bytes = vec![0x81, 0xfe];
        bytes.extend(length.to_be_bytes());
        bytes.extend([0; 4]);
        bytes.resize(8 + usize::from(length), b'0');
        bytes
    };
    assert_eq!(raw_answers(&[&frame(126)])[..2], [0x81, 0x80]);
    assert_eq!(raw_answers(&[&frame(300)])[..2], [0x81, 0x2e]);
}

#[test]
fn raw_websocket_js_takes_half_a_message_for_a_whole_one() {
    let came = raw_answers(&[b"\x01\x83\0\0\0\0Hel", b"\x80\x82\0\0\0\0lo"]);
    assert_eq!(came, b"\x81\x03Hel\x80\x02lo");
}

#[test]
fn raw_websocket_js_sends_back_the_opcode_that_came() {
    for opcode in [0x89, 0x8a, 0x83] {
        let came = raw_answers(&[&[opcode, 0x82, 0, 0, 0, 0, b'h', b'i']]);
        assert_eq!(came, [opcode, 2, b'h', b'i']);
    }
}

#[test]
fn raw_websocket_js_goes_on_after_a_close() {
    let came = raw_answers(&[b"\x88\x82\0\0\0\0\x03\xe8", b"\x81\x85\0\0\0\0again"]);
    assert_eq!(came, b"\x88\x02\x03\xe8\x81\x05again");
}

#[test]
fn raw_websocket_js_lets_pass_what_is_no_text_and_what_is_reserved() {
    assert_eq!(raw_answers(&[b"\x81\x81\0\0\0\0\xff"]), b"\x81\x01\xff");
    assert_eq!(raw_answers(&[b"\xf1\x81\0\0\0\0x"]), b"\x81\x01x");
}

#[test]
fn raw_websocket_js_is_silent_where_an_else_is_missing() {
    let program = raw();
    for request in [
        "GET / HTTP/1.1\r\nHost: localhost\r\n\r\n".to_owned(),
        UPGRADE.replace("Version: 13", "Version: 8"),
        UPGRADE.replace("Upgrade: websocket", "upgrade:websocket"),
        UPGRADE.replace("Sec-WebSocket-Version: 13", "Sec-WebSocket-Version:13"),
        UPGRADE.to_lowercase().replace("get / http", "GET / HTTP"),
    ] {
        let mut client = program.connect(9999);
        client.send(&request);
        assert_eq!(client.rest(), b"", "{request}");
    }
}

#[test]
fn raw_websocket_js_says_yes_to_what_is_no_request_for_a_websocket() {
    let program = raw();
    for (request, accept) in [
        (UPGRADE.replace("Upgrade: websocket", "X-Note: Upgrade: websocket"), "aWAY"),
        (UPGRADE.replace("GET /", "POST /anything"), "aWAY"),
        (UPGRADE.replace("Host:", "Origin: http://evil.example\r\nHost:"), "aWAY"),
        // The hash of "undefined" and the GUID.
        (UPGRADE.replace("Sec-WebSocket-Key", "X-Key"), UNDEFINED),
        (UPGRADE.replace("Sec-WebSocket-Key: ", "Sec-WebSocket-Key:"), UNDEFINED),
    ] {
        let mut client = program.connect(9999);
        client.send(&request);
        let head = client.head();
        assert!(head.starts_with("HTTP/1.1 101 "), "{head}");
        assert!(head.contains(&format!("Sec-WebSocket-Accept: {accept}")), "{head}");
    }
}

/// What `accept_key.js` prints for the key `undefined`.
const UNDEFINED: &str = "gH2cR3x4MfGXKljgIwL3fMYv0sY=";
