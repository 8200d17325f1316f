//! A headless Chromium, driven over its own debugging protocol: JSON messages on a WebSocket.
//!
//! What a test needs of the protocol is a dozen commands that have been the same for years, so they
//! are written down here instead of coming from a crate that knows all its types and stops
//! understanding a browser newer than itself.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::{Duration, Instant};

use base64::Engine as _;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::Patient;

/// How long the browser may take to start, and to answer one command.
const ANSWER_LIMIT: Duration = Duration::from_secs(60);

/// How long it may take to end when it is asked to.
const CLOSE_LIMIT: Duration = Duration::from_secs(20);

/// A browser with an empty profile. Dropped, it is killed and its profile removed.
pub struct Browser {
    child: Child,
    profile: PathBuf,
    endpoint: String,
    connection: Protocol,
}

impl Browser {
    /// Starts Chromium without a window.
    pub fn start() -> Browser {
        let name = format!("push-by-hand-chromium-{}-{}", std::process::id(), crate::free_port());
        let profile = std::env::temp_dir().join(name);
        let mut child = Command::new("chromium")
            .args([
                "--headless",
                "--no-sandbox",
                "--disable-gpu",
                "--disable-quic",
                "--disable-dev-shm-usage",
                "--no-first-run",
                "--disable-background-networking",
                "--disable-component-update",
                "--disable-sync",
                "--hide-scrollbars",
                "--force-color-profile=srgb",
                "--lang=en",
                "--remote-debugging-port=0",
            ])
            .arg(format!("--user-data-dir={}", profile.display()))
            .arg("about:blank")
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| {
                panic!("Chromium does not start ({error}). Run tests/interop/install.")
            });

        // It says on stderr where its protocol listens, and goes on to say other things that must
        // be read away.
        let stderr = BufReader::new(child.stderr.take().expect("stderr is piped"));
        let (said, heard) = mpsc::channel();
        std::thread::spawn(move || {
            for line in stderr.lines().map_while(Result::ok) {
                let _ = said.send(line);
            }
        });
        let mut log = String::new();
        let endpoint = loop {
            match heard.recv_timeout(ANSWER_LIMIT) {
                Ok(line) => match line.strip_prefix("DevTools listening on ") {
                    Some(endpoint) => break endpoint.trim().to_string(),
                    None => log = log + &line + "\n",
                },
                Err(_) => panic!("Chromium does not offer its debugging protocol:\n{log}"),
            }
        };
        let connection = Protocol::connect(&endpoint);
        Browser { child, profile, endpoint, connection }
    }

    /// The `ws://` URL of the browser's debugging protocol.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// A new, empty tab.
    pub fn open_blank(&mut self) -> Page {
        let target = self.connection.command("Target.createTarget", json!({"url": "about:blank"}));
        let target = target["targetId"].as_str().expect("a new target has an id");
        let (authority, _) =
            self.endpoint.split_once("/devtools/").expect("the endpoint is under /devtools/");
        let endpoint = format!("{authority}/devtools/page/{target}");
        let mut page = Page { connection: Protocol::connect(&endpoint), endpoint };
        for domain in ["Page.enable", "Runtime.enable", "Log.enable"] {
            page.connection.command(domain, json!({}));
        }
        page
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        // Asked to end, it takes its other processes along; killed, they would still write into the
        // profile for a moment.
        let _ = self
            .connection
            .socket
            .send(Message::text(json!({"id": 0, "method": "Browser.close"}).to_string()));
        let deadline = Instant::now() + CLOSE_LIMIT;
        while Instant::now() < deadline && matches!(self.child.try_wait(), Ok(None)) {
            std::thread::sleep(Duration::from_millis(10));
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
        // Its other processes may be the last to write there.
        while fs::remove_dir_all(&self.profile).is_err()
            && self.profile.exists()
            && Instant::now() < deadline
        {
            std::thread::sleep(Duration::from_millis(10));
        }
    }
}

/// A tab.
pub struct Page {
    endpoint: String,
    connection: Protocol,
}

/// Light or dark, as the visitor prefers it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ColorScheme {
    Light,
    Dark,
}

impl Page {
    /// The `ws://` URL of this tab's debugging protocol.
    pub fn endpoint(&self) -> &str {
        &self.endpoint
    }

    /// Opens `url` in this tab and waits until the page has been read to its end.
    pub fn go_to(&mut self, url: &str) {
        let answer = self.connection.command("Page.navigate", json!({"url": url}));
        assert_eq!(answer["errorText"], Value::Null, "the browser cannot open {url}");
        self.wait_until(
            &format!("{url} is loaded"),
            ANSWER_LIMIT,
            "document.readyState !== 'loading'",
        );
    }

    /// The value of a JavaScript expression in the page; of a promise, what it comes to.
    pub fn evaluate(&mut self, expression: &str) -> Value {
        self.evaluate_if_there(expression)
            .unwrap_or_else(|refusal| panic!("no value of `{expression}`: {refusal}"))
    }

    /// The same, or why the browser refuses: the page is just being loaded again.
    fn evaluate_if_there(&mut self, expression: &str) -> Result<Value, Value> {
        let parameters =
            json!({"expression": expression, "returnByValue": true, "awaitPromise": true});
        let mut answer = self.connection.ask("Runtime.evaluate", parameters)?;
        assert_eq!(answer["exceptionDetails"], Value::Null, "in the page, `{expression}` throws");
        Ok(answer["result"]["value"].take())
    }

    /// Waits until a JavaScript expression is true, or a value that counts as true, and returns the
    /// value. While the page is being loaded again, nothing is true of it.
    pub fn wait_until(&mut self, what: &str, limit: Duration, expression: &str) -> Value {
        let expression = format!("document.documentElement && ({expression})");
        crate::wait_for(what, limit, || {
            let value = self.evaluate_if_there(&expression).unwrap_or_default();
            let truthy = !matches!(&value, Value::Null | Value::Bool(false))
                && value.as_str() != Some("")
                && value.as_f64() != Some(0.0);
            truthy.then_some(value)
        })
    }

    /// The errors and warnings that the console has shown since this was last asked, and exceptions
    /// nobody caught.
    pub fn take_complaints(&mut self) -> Vec<String> {
        // The browser sends events in order: once it has answered, all that came before the
        // question is here.
        self.connection.command("Runtime.evaluate", json!({"expression": "0"}));
        let events = std::mem::take(&mut self.connection.events);
        events.iter().filter_map(complaint).collect()
    }

    /// Makes the window `width` by `height` CSS pixels large.
    pub fn resize(&mut self, width: u32, height: u32) {
        let metrics = json!({"width": width, "height": height, "deviceScaleFactor": 1, "mobile": width < 600});
        self.connection.command("Emulation.setDeviceMetricsOverride", metrics);
    }

    /// Makes the page believe that its visitor prefers this colour scheme.
    pub fn prefer(&mut self, scheme: ColorScheme) {
        let value = match scheme {
            ColorScheme::Light => "light",
            ColorScheme::Dark => "dark",
        };
        let features = json!({"features": [{"name": "prefers-color-scheme", "value": value}]});
        self.connection.command("Emulation.setEmulatedMedia", features);
    }

    /// Writes what is in the window as a PNG file.
    pub fn screenshot(&mut self, path: &Path) {
        // Two frames later, the last change of size or colours has been painted.
        self.evaluate("new Promise(done => requestAnimationFrame(() => requestAnimationFrame(() => done(1))))");
        let answer = self.connection.command("Page.captureScreenshot", json!({"format": "png"}));
        let picture = answer["data"].as_str().expect("a screenshot is base64 text");
        let picture = base64::engine::general_purpose::STANDARD
            .decode(picture)
            .expect("a screenshot is base64 text");
        fs::write(path, picture)
            .unwrap_or_else(|error| panic!("{} cannot be written: {error}", path.display()));
    }
}

/// What an event complains about, if it does.
fn complaint(event: &Value) -> Option<String> {
    let parameters = &event["params"];
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    match event["method"].as_str()? {
        "Runtime.exceptionThrown" => {
            let details = &parameters["exceptionDetails"];
            Some(format!(
                "exception: {} {}",
                text(&details["text"]),
                text(&details["exception"]["description"])
            ))
        }
        "Runtime.consoleAPICalled"
            if matches!(parameters["type"].as_str(), Some("error" | "warning" | "assert")) =>
        {
            let said: Vec<_> = parameters["args"]
                .as_array()
                .into_iter()
                .flatten()
                .map(|argument| {
                    argument["value"]
                        .as_str()
                        .map_or_else(|| text(&argument["description"]), String::from)
                })
                .collect();
            Some(format!("console: {}", said.join(" ")))
        }
        "Log.entryAdded"
            if matches!(parameters["entry"]["level"].as_str(), Some("error" | "warning")) =>
        {
            let entry = &parameters["entry"];
            Some(format!(
                "{}: {} {}",
                text(&entry["source"]),
                text(&entry["text"]),
                text(&entry["url"])
            ))
        }
        _ => None,
    }
}

/// One connection of the debugging protocol: numbered commands, their answers, and events between
/// them.
struct Protocol {
    socket: WebSocket<Patient>,
    last_id: u64,
    events: Vec<Value>,
}

impl Protocol {
    fn connect(url: &str) -> Protocol {
        let authority = url.trim_start_matches("ws://").split('/').next().unwrap_or_default();
        let stream = TcpStream::connect(authority).expect("the browser accepts connections");
        let (socket, _) = tungstenite::client(url, Patient::new(stream, ANSWER_LIMIT))
            .expect("the browser speaks WebSocket");
        Protocol { socket, last_id: 0, events: Vec::new() }
    }

    fn command(&mut self, method: &str, parameters: Value) -> Value {
        self.ask(method, parameters)
            .unwrap_or_else(|refusal| panic!("the browser refuses {method}: {refusal}"))
    }

    /// Sends a command and waits for its answer, or for the error by which it is refused.
    fn ask(&mut self, method: &str, parameters: Value) -> Result<Value, Value> {
        self.last_id += 1;
        let id = self.last_id;
        let command = json!({"id": id, "method": method, "params": parameters});
        self.socket.send(Message::text(command.to_string())).expect("the browser takes a command");
        loop {
            let message =
                self.socket.read().unwrap_or_else(|error| panic!("no answer to {method}: {error}"));
            let Message::Text(message) = message else {
                continue;
            };
            let mut message: Value =
                serde_json::from_str(&message).expect("the browser sends JSON");
            if message["id"] == json!(id) {
                return match message["error"].take() {
                    Value::Null => Ok(message["result"].take()),
                    refusal => Err(refusal),
                };
            }
            self.events.push(message);
        }
    }
}
