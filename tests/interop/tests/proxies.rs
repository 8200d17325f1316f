//! Three real proxies before the hub, each as it is installed: which technique comes through, and
//! what the fields of a stream's head change.

use std::fs;
use std::io::{BufRead, ErrorKind, Read};
use std::net::TcpStream;
use std::path::PathBuf;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use push_by_hand_interop::client::{LIMIT, exchange, open};
use push_by_hand_interop::program::{ONE_PORT, Program};
use push_by_hand_interop::{Patient, free_port, wait_for};
use tungstenite::Message;

/// How long nothing comes before we believe that it is held back.
const HELD: Duration = Duration::from_millis(500);

/// A proxy of somebody else's, in a folder of its own. Dropped, it is killed.
struct Proxy {
    port: u16,
    folder: PathBuf,
    child: Child,
}

impl Proxy {
    /// Starts `command`, in which `{conf}` is the file with this configuration; `{port}` in that is
    /// where it listens.
    fn start(command: &[&str], configuration: &str) -> Proxy {
        let port = free_port();
        let name = format!("push-by-hand-{}-{}-{port}", command[0], std::process::id());
        let folder = std::env::temp_dir().join(name);
        fs::create_dir_all(&folder).expect("a folder can be made");
        let place = folder.to_str().expect("a path in UTF-8");
        let fill = |text: &str| text.replace("{port}", &port.to_string()).replace("{here}", place);
        let conf = format!("{place}/conf");
        fs::write(&conf, fill(configuration)).expect("a configuration can be written");
        let words = command[1..].iter().map(|word| fill(&word.replace("{conf}", &conf)));
        let child = Command::new(command[0])
            .args(words)
            .env("XDG_DATA_HOME", place)
            .env("XDG_CONFIG_HOME", place)
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("{} does not start ({error}). Run tests/interop/install.", command[0])
            });
        wait_for("the proxy listens", LIMIT, || TcpStream::connect(("127.0.0.1", port)).ok());
        Proxy { port, folder, child }
    }

    /// nginx with its defaults, and these lines where it passes requests on.
    fn nginx(hub: u16, more: &str) -> Proxy {
        let folders = ["client_body", "proxy", "fastcgi", "uwsgi", "scgi"]
            .map(|name| format!("{name}_temp_path {{here}}/{name};"));
        Proxy::start(
            &["nginx", "-c", "{conf}", "-p", "{here}", "-e", "{here}/log"],
            &format!(
                "daemon off; master_process off; pid {{here}}/pid; events {{}}\n\
                 http {{ access_log off; {}\n server {{ listen 127.0.0.1:{{port}};\n\
                 location / {{ proxy_pass http://127.0.0.1:{hub}; {more} }} }} }}\n",
                folders.concat()
            ),
        )
    }

    fn haproxy(hub: u16) -> Proxy {
        Proxy::start(
            &["haproxy", "-db", "-f", "{conf}"],
            &format!(
                "defaults\n mode http\n timeout connect 5s\n timeout client 60s\n \
                 timeout server 60s\nfrontend all\n bind 127.0.0.1:{{port}}\n stats enable\n \
                 stats uri /haproxy\n default_backend hub\nbackend hub\n option httpchk\n \
                 server hub 127.0.0.1:{hub} check inter 100ms fall 1 rise 1\n"
            ),
        )
    }

    fn caddy(hub: u16) -> Proxy {
        Proxy::start(
            &["caddy", "run", "--config", "{conf}", "--adapter", "caddyfile"],
            &format!(
                "{{\n admin off\n auto_https off\n}}\nhttp://127.0.0.1:{{port}} {{\n \
                 reverse_proxy 127.0.0.1:{hub}\n}}\n"
            ),
        )
    }

    fn url(&self, path: &str) -> String {
        format!("http://127.0.0.1:{}{path}", self.port)
    }

    /// The first text by a WebSocket, or the status of the refusal.
    fn by_web_socket(&self) -> Result<String, u16> {
        let stream = TcpStream::connect(("127.0.0.1", self.port)).expect("the proxy accepts");
        let url = format!("ws://127.0.0.1:{}/ws?after=0-0", self.port);
        match tungstenite::client(url, Patient::new(stream, LIMIT)) {
            Ok((mut socket, _)) => loop {
                match socket.read().expect("the hub sends") {
                    Message::Text(text) if text.contains("\"data\"") => break Ok(text.to_string()),
                    _ => {}
                }
            },
            Err(tungstenite::HandshakeError::Failure(tungstenite::Error::Http(refusal))) => {
                Err(refusal.status().as_u16())
            }
            Err(error) => panic!("{error}"),
        }
    }
}

impl Drop for Proxy {
    fn drop(&mut self) {
        // Either may fail only if it has ended already.
        let _ = self.child.kill();
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.folder);
    }
}

fn hub() -> Program {
    Program::start("hub", ONE_PORT, &[])
}

fn publish(hub: &Program, text: &str) {
    let url = format!("{}publish", hub.url("page"));
    assert_eq!(exchange("POST", &url, &[], text.as_bytes()).status, 201);
}

/// Reads a stream as far as a line with this text.
fn read_to(body: &mut impl BufRead, text: &str) {
    let found = body.lines().any(|line| line.expect("the stream goes on").contains(text));
    assert!(found, "{text} comes before the end");
}

#[test]
fn every_technique_comes_through_each_proxy_as_it_is_installed() {
    let hub = hub();
    let port = hub.port("page");
    publish(&hub, "first");
    for (name, proxy) in [
        ("nginx", Proxy::nginx(port, "")),
        ("HAProxy", Proxy::haproxy(port)),
        ("Caddy", Proxy::caddy(port)),
    ] {
        for technique in ["poll", "long-poll"] {
            let url = proxy.url(&format!("/{technique}?after=0-0"));
            // HAProxy may still be asking whether the hub is there.
            let answer = wait_for("an answer of the hub", LIMIT, || {
                Some(exchange("GET", &url, &[], b"")).filter(|answer| answer.status != 503)
            });
            assert!(answer.text().contains("\"first\""), "{name}, {technique}: {answer:?}");
        }
        // What is published after the stream has begun comes, too: nobody collects it.
        for technique in ["iframe", "stream", "events"] {
            let (head, mut body) = open(&proxy.url(&format!("/{technique}?after=0-0")), &[]);
            assert_eq!(head.field("cache-control"), Some("no-store, no-transform"), "{name}");
            read_to(&mut body, "\"first\"");
            let later = format!("later by {technique} of {name}");
            publish(&hub, &later);
            read_to(&mut body, &later);
        }
        // nginx speaks HTTP/1.0 to the server as long as nobody says otherwise.
        match (name, proxy.by_web_socket()) {
            ("nginx", refused) => assert_eq!(refused, Err(400)),
            (_, text) => assert!(text.expect("a WebSocket").contains("\"first\""), "{name}"),
        }
    }
    let told = "proxy_http_version 1.1; proxy_set_header Upgrade $http_upgrade; \
                proxy_set_header Connection upgrade;";
    assert!(Proxy::nginx(port, told).by_web_socket().expect("a WebSocket").contains("first"));
}

#[test]
fn nginx_holds_a_stream_back_unless_its_head_says_no() {
    let hub = hub();
    let port = hub.port("page");
    publish(&hub, "small");
    // nginx reads the field, obeys, and keeps it to itself.
    let obeys = Proxy::nginx(port, "");
    let (head, mut body) = open(&obeys.url("/events?after=0-0"), &[]);
    assert_eq!(head.field("x-accel-buffering"), None);
    read_to(&mut body, "\"small\"");
    // The same stream where it is told not to read it: not a byte, and not even the head.
    let ignores = Proxy::nginx(port, "proxy_ignore_headers X-Accel-Buffering;");
    let mut stream = TcpStream::connect(("127.0.0.1", ignores.port)).expect("nginx accepts");
    let request = b"GET /events?after=0-0 HTTP/1.1\r\nHost: localhost\r\n\r\n";
    std::io::Write::write_all(&mut stream, request).expect("nginx reads");
    stream.set_read_timeout(Some(HELD)).expect("the limit is not zero");
    let error = stream.read(&mut [0; 4096]).expect_err("nothing comes");
    assert_eq!(error.kind(), ErrorKind::WouldBlock);
    // Held back is not lost: it comes with what fills the buffer.
    stream.set_read_timeout(Some(LIMIT)).expect("the limit is not zero");
    publish(&hub, &"x".repeat(32 * 1024));
    let mut came = [0; 4096];
    let n = stream.read(&mut came).expect("the stream comes");
    assert!(came[..n].starts_with(b"HTTP/1.1 200 OK\r\n"));
}

#[test]
fn haproxy_finds_the_hub_well_by_an_options_request() {
    let hub = hub();
    let proxy = Proxy::haproxy(hub.port("page"));
    wait_for("HAProxy's table says UP, by an HTTP check", LIMIT, || {
        let table = exchange("GET", &proxy.url("/haproxy;csv"), &[], b"");
        let row = table.text().lines().find(|line| line.starts_with("hub,hub,"))?;
        (row.contains(",UP,") && row.contains(",L7OK,")).then_some(())
    });
}
