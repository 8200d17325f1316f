//! The three engines that browsers are made of, each driven by a protocol that it speaks itself:
//! Chromium by its debugging protocol ([`crate::browser`]), Firefox by WebDriver BiDi, JSON on a
//! WebSocket, and WebKitGTK, which is Safari's engine, by WebDriver, JSON over HTTP.

use std::fs;
use std::io::{BufRead, BufReader};
use std::net::TcpStream;
use std::os::unix::process::CommandExt as _;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::mpsc;
use std::time::Duration;

use base64::Engine as _;
use serde_json::{Value, json};
use tungstenite::{Message, WebSocket};

use crate::browser::{Browser, ColorScheme, Page};
use crate::{Patient, client};

/// How long a browser may take to start, and to answer one command.
const LIMIT: Duration = Duration::from_secs(60);

/// What a browser is made of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Engine {
    Chromium,
    Firefox,
    WebKit,
}

impl Engine {
    pub const ALL: [Engine; 3] = [Engine::Chromium, Engine::Firefox, Engine::WebKit];

    /// A browser with one empty tab.
    pub fn start(self) -> Box<dyn Tab> {
        match self {
            Engine::Chromium => Box::new(Chromium::start()),
            Engine::Firefox => Box::new(Firefox::start()),
            Engine::WebKit => Box::new(WebKit::start()),
        }
    }
}

/// One tab of some browser.
pub trait Tab {
    /// Opens `url` and waits until the page has been read to its end.
    fn go_to(&mut self, url: &str);
    /// The value of a JavaScript expression; of a promise, what it comes to.
    fn evaluate(&mut self, expression: &str) -> Value;
    /// What the console has complained about since this was last asked.
    fn take_complaints(&mut self) -> Vec<String>;
    /// Writes what is in the window as a PNG file.
    fn screenshot(&mut self, path: &Path);

    /// Waits until a JavaScript expression is true, and returns its value. A page that is just
    /// being loaded again has no element yet, and nothing is true of it.
    fn wait_until(&mut self, what: &str, limit: Duration, expression: &str) -> Value {
        let expression = format!("document.documentElement && ({expression}) || null");
        crate::wait_for(what, limit, || {
            Some(self.evaluate(&expression)).filter(|value| !value.is_null())
        })
    }
}

/// Chromium, by its own protocol.
struct Chromium {
    page: Page,
    _browser: Browser, // last: it outlives its page
}

impl Chromium {
    fn start() -> Chromium {
        let mut browser = Browser::start();
        let mut page = browser.open_blank();
        page.resize(1280, 900);
        page.prefer(ColorScheme::Light);
        Chromium { page, _browser: browser }
    }
}

impl Tab for Chromium {
    fn go_to(&mut self, url: &str) {
        self.page.go_to(url);
    }
    fn evaluate(&mut self, expression: &str) -> Value {
        self.page.evaluate(expression)
    }
    fn take_complaints(&mut self) -> Vec<String> {
        self.page.take_complaints()
    }
    fn wait_until(&mut self, what: &str, limit: Duration, expression: &str) -> Value {
        self.page.wait_until(what, limit, expression)
    }
    fn screenshot(&mut self, path: &Path) {
        self.page.screenshot(path);
    }
}

/// A process with whatever it has started; dropped, all of them are killed.
struct Group(Child);

impl Group {
    fn spawn(command: &mut Command) -> Group {
        let name = command.get_program().to_owned();
        Group(command.process_group(0).stdin(Stdio::null()).spawn().unwrap_or_else(|error| {
            panic!("{name:?} does not start ({error}). Run tests/interop/install.")
        }))
    }
}

impl Drop for Group {
    fn drop(&mut self) {
        // std can end one process, but not a group.
        let _ = Command::new("kill").args(["-KILL", "--", &format!("-{}", self.0.id())]).status();
        let _ = self.0.wait();
    }
}

/// An empty folder that goes when it is dropped.
struct Folder(PathBuf);

impl Folder {
    fn new(name: &str) -> Folder {
        let name = format!("push-by-hand-{name}-{}-{}", std::process::id(), crate::free_port());
        let path = std::env::temp_dir().join(name);
        fs::create_dir_all(&path).expect("the temporary folder can be written to");
        Folder(path)
    }
}

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Firefox without what it would ask its makers for: the tests reach this machine only.
const PREFERENCES: &str = r#"
user_pref("app.normandy.enabled", false);
user_pref("app.update.disabledForTesting", true);
user_pref("browser.region.network.url", "");
user_pref("browser.safebrowsing.downloads.remote.enabled", false);
user_pref("browser.safebrowsing.malware.enabled", false);
user_pref("browser.safebrowsing.phishing.enabled", false);
user_pref("browser.search.update", false);
user_pref("browser.topsites.contile.enabled", false);
user_pref("datareporting.policy.dataSubmissionEnabled", false);
user_pref("extensions.getAddons.cache.enabled", false);
user_pref("extensions.systemAddon.update.enabled", false);
user_pref("extensions.update.enabled", false);
user_pref("intl.accept_languages", "en-US, en");
user_pref("network.captive-portal-service.enabled", false);
user_pref("network.connectivity-service.enabled", false);
user_pref("network.trr.mode", 5);
user_pref("services.settings.server", "http://127.0.0.1:1/");
user_pref("toolkit.telemetry.server", "");
"#;

/// Firefox, by WebDriver BiDi.
struct Firefox {
    socket: WebSocket<Patient>,
    last_id: u64,
    context: String,
    complaints: Vec<String>,
    _group: Group,
    _profile: Folder,
}

impl Firefox {
    fn start() -> Firefox {
        let profile = Folder::new("firefox");
        fs::write(profile.0.join("user.js"), PREFERENCES).expect("the profile can be written to");
        let mut group = Group::spawn(
            Command::new("firefox-esr")
                .args(["--headless", "--no-remote", "--window-size", "1280,900", "--profile"])
                .arg(&profile.0)
                .args(["--remote-debugging-port=0", "about:blank"])
                .stdout(Stdio::null())
                .stderr(Stdio::piped()),
        );
        let stderr = group.0.stderr.take().expect("stderr is piped");
        let endpoint = line_with(stderr, "WebDriver BiDi listening on ");
        let authority = endpoint.trim_start_matches("ws://");
        let stream = TcpStream::connect(authority).expect("Firefox accepts connections");
        let url = format!("ws://{authority}/session");
        let (socket, _) = tungstenite::client(url, Patient::new(stream, LIMIT))
            .expect("Firefox speaks WebSocket");
        let mut firefox = Firefox {
            socket,
            last_id: 0,
            context: String::new(),
            complaints: Vec::new(),
            _group: group,
            _profile: profile,
        };
        firefox.command("session.new", json!({"capabilities": {}}));
        firefox.command("session.subscribe", json!({"events": ["log.entryAdded"]}));
        let tree = firefox.command("browsingContext.getTree", json!({}));
        let context = &tree["contexts"][0]["context"];
        firefox.context = context.as_str().expect("a tab has a name").to_string();
        firefox
    }

    fn command(&mut self, method: &str, parameters: Value) -> Value {
        self.last_id += 1;
        let command = json!({"id": self.last_id, "method": method, "params": parameters});
        self.socket.send(Message::text(command.to_string())).expect("Firefox takes a command");
        loop {
            let message =
                self.socket.read().unwrap_or_else(|error| panic!("no answer to {method}: {error}"));
            let Message::Text(message) = message else { continue };
            let mut message: Value = serde_json::from_str(&message).expect("Firefox sends JSON");
            if message["id"] == json!(self.last_id) {
                assert_eq!(message["error"], Value::Null, "{method}: {}", message["message"]);
                return message["result"].take();
            }
            let entry = &message["params"];
            if message["method"] == "log.entryAdded"
                && matches!(entry["level"].as_str(), Some("error" | "warn"))
            {
                self.complaints.push(format!("{}: {}", entry["type"], entry["text"]));
            }
        }
    }
}

impl Tab for Firefox {
    fn go_to(&mut self, url: &str) {
        let context = self.context.clone();
        let parameters = json!({"context": context, "url": url, "wait": "interactive"});
        self.command("browsingContext.navigate", parameters);
    }

    fn evaluate(&mut self, expression: &str) -> Value {
        // BiDi has a notation of its own for values; JSON text is simpler.
        let expression =
            format!("Promise.resolve({expression}).then(v => JSON.stringify(v ?? null))");
        let context = self.context.clone();
        let parameters = json!({
            "expression": expression, "target": {"context": context}, "awaitPromise": true,
        });
        let answer = self.command("script.evaluate", parameters);
        assert_eq!(answer["type"], "success", "`{expression}` throws: {answer}");
        serde_json::from_str(answer["result"]["value"].as_str().expect("text")).expect("JSON")
    }

    fn take_complaints(&mut self) -> Vec<String> {
        self.evaluate("0");
        std::mem::take(&mut self.complaints)
    }

    fn screenshot(&mut self, path: &Path) {
        let context = self.context.clone();
        let answer = self.command("browsingContext.captureScreenshot", json!({"context": context}));
        write_picture(&answer["data"], path);
    }
}

/// WebDriver tells nothing of the console, so a page that has been loaded is asked to note what is
/// said there from then on. (What fails before shows in what the page does not do.)
const LISTEN: &str = "(window.complaints = [],
    addEventListener('error', event => complaints.push(event.message)),
    addEventListener('unhandledrejection', event => complaints.push(String(event.reason))),
    ['error', 'warn'].forEach(name => {
        const said = console[name];
        console[name] = (...words) => { complaints.push(words.join(' ')); said(...words); };
    }), 1)";

/// WebKitGTK, by WebDriver. It needs a screen and a session bus.
struct WebKit {
    session: String,
    _driver: Group,
    _screen: Group,
}

impl WebKit {
    fn start() -> WebKit {
        let mut screen = Group::spawn(
            Command::new("Xvfb")
                .args(["-displayfd", "1", "-screen", "0", "1400x1000x24", "-nolisten", "tcp"])
                .stdout(Stdio::piped())
                .stderr(Stdio::null()),
        );
        let number = line_with(screen.0.stdout.take().expect("stdout is piped"), "");
        let port = crate::free_port();
        let driver = Group::spawn(
            Command::new("dbus-run-session")
                .args(["--", "WebKitWebDriver", &format!("--port={port}")])
                .env("DISPLAY", format!(":{number}"))
                .env("LANGUAGE", "en")
                .env("LC_ALL", "C.UTF-8")
                // As root there is no other way; what these pages load is our own.
                .env("WEBKIT_DISABLE_SANDBOX_THIS_IS_DANGEROUS", "1")
                .stdout(Stdio::null())
                .stderr(Stdio::null()),
        );
        crate::wait_for("WebKitWebDriver", LIMIT, || TcpStream::connect(("127.0.0.1", port)).ok());
        let origin = format!("http://127.0.0.1:{port}");
        let options = json!({
            "binary": mini_browser(),
            "args": ["--automation"],
        });
        let wanted = json!({
            "capabilities": {"alwaysMatch": {"webkitgtk:browserOptions": options}},
        });
        let answer = driver_command("POST", &format!("{origin}/session"), &wanted);
        let id = answer["sessionId"].as_str().expect("a session has an id");
        let session = format!("{origin}/session/{id}");
        let size = json!({"width": 1280, "height": 900});
        driver_command("POST", &format!("{session}/window/rect"), &size);
        WebKit { session, _driver: driver, _screen: screen }
    }

    fn command(&self, path: &str, parameters: &Value) -> Value {
        driver_command("POST", &format!("{}/{path}", self.session), parameters)
    }
}

fn driver_command(method: &str, url: &str, parameters: &Value) -> Value {
    let body = if method == "POST" { parameters.to_string() } else { String::new() };
    let answer = client::exchange(method, url, &[], body.as_bytes());
    let mut value: Value = serde_json::from_slice(&answer.body).expect("WebDriver sends JSON");
    assert_eq!(answer.status, 200, "{url}: {value}");
    value["value"].take()
}

/// Debian puts the browser beside the engine, under the architecture's and the engine's names.
fn mini_browser() -> PathBuf {
    let folders = fs::read_dir("/usr/lib").into_iter().flatten().flatten();
    folders
        .filter_map(|folder| fs::read_dir(folder.path()).ok())
        .flat_map(|inside| inside.flatten())
        .map(|folder| folder.path().join("MiniBrowser"))
        .find(|path| path.is_file())
        .expect("MiniBrowser is installed. Run tests/interop/install.")
}

impl Tab for WebKit {
    fn go_to(&mut self, url: &str) {
        self.command("url", &json!({"url": url}));
        self.evaluate(LISTEN);
    }

    fn evaluate(&mut self, expression: &str) -> Value {
        let script = format!(
            "const done = arguments[arguments.length - 1];
             new Promise(then => then(({expression})))
                 .then(value => done([value ?? null]), error => done(String(error)));"
        );
        let mut answer = self.command("execute/async", &json!({"script": script, "args": []}));
        assert!(answer.is_array(), "`{expression}` throws: {answer}");
        answer[0].take()
    }

    fn take_complaints(&mut self) -> Vec<String> {
        let heard = self.evaluate("(window.complaints ?? []).splice(0)");
        let text = |each: &Value| each.as_str().unwrap_or_default().to_string();
        heard.as_array().into_iter().flatten().map(text).collect()
    }

    fn screenshot(&mut self, path: &Path) {
        let picture = driver_command("GET", &format!("{}/screenshot", self.session), &json!({}));
        write_picture(&picture, path);
    }
}

impl Drop for WebKit {
    fn drop(&mut self) {
        // A panic in a destructor would hide the test's own.
        let url = self.session.clone();
        let _ = std::panic::catch_unwind(|| client::exchange("DELETE", &url, &[], b""));
    }
}

/// What follows `beginning` on the first line that begins so; what comes after is read away.
fn line_with(pipe: impl std::io::Read + Send + 'static, beginning: &'static str) -> String {
    let (said, heard) = mpsc::channel();
    std::thread::spawn(move || {
        for line in BufReader::new(pipe).lines().map_while(Result::ok) {
            let _ = said.send(line);
        }
    });
    loop {
        let line = heard.recv_timeout(LIMIT).expect("the program says where it listens");
        if let Some(rest) = line.strip_prefix(beginning) {
            return rest.trim().to_string();
        }
    }
}

fn write_picture(base64: &Value, path: &Path) {
    let text = base64.as_str().expect("a screenshot is base64 text");
    let picture = base64::engine::general_purpose::STANDARD.decode(text).expect("base64");
    fs::write(path, picture).unwrap_or_else(|error| panic!("{}: {error}", path.display()));
}
