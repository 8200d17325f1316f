//! What each browser does by itself, measured, and that the book's table says the same.

use std::collections::BTreeMap;
use std::io::{BufRead, BufReader, Read, Write};
use std::net::{TcpListener, TcpStream};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use push_by_hand_interop::engines::{Engine, Tab};
use push_by_hand_interop::{root, wait_for};
use serde_json::Value;

const LIMIT: Duration = Duration::from_secs(60);

/// A request that came: its path, its `Last-Event-ID`, and when.
type Request = (String, Option<String>, Instant);

/// A server that does one thing for each path, and remembers who asked.
struct Server {
    origin: String,
    requests: Arc<Mutex<Vec<Request>>>,
}

impl Server {
    fn start() -> Server {
        let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
        let address = listener.local_addr().expect("a bound listener has an address");
        let requests = Arc::default();
        let heard = Arc::clone(&requests);
        std::thread::spawn(move || {
            for connection in listener.incoming().map_while(Result::ok) {
                let heard = Arc::clone(&heard);
                std::thread::spawn(move || serve(connection, &heard));
            }
        });
        Server { origin: format!("http://{address}"), requests }
    }

    fn asked(&self, path: &str) -> Vec<Request> {
        let requests = self.requests.lock().expect("no connection panics");
        requests.iter().filter(|(asked, ..)| asked.starts_with(path)).cloned().collect()
    }
}

fn serve(mut connection: TcpStream, requests: &Mutex<Vec<Request>>) {
    let mut lines = BufReader::new(&connection).lines().map_while(Result::ok);
    let first = lines.next().unwrap_or_default();
    let path = first.split(' ').nth(1).unwrap_or_default().to_string();
    let last_id = lines
        .take_while(|line| !line.is_empty())
        .find_map(|line| line.to_lowercase().strip_prefix("last-event-id: ").map(str::to_owned));
    requests.lock().expect("no connection panics").push((path.clone(), last_id, Instant::now()));
    let html = "HTTP/1.1 200 OK\r\nContent-Type: text/html; charset=utf-8\r\n\
                X-Content-Type-Options: nosniff\r\nConnection: close\r\n";
    let script = "<!doctype html><script>parent.told.push('script')</script>\n";
    let chunk = format!("{:x}\r\n{script}\r\n", script.len());
    let (answer, stays) = match path.split('?').next() {
        Some("/events") => (
            "HTTP/1.1 200 OK\r\nContent-Type: text/event-stream\r\nConnection: close\r\n\r\n\
             id: 7\ndata: x\n\n"
                .to_string(),
            false,
        ),
        Some("/stop") => ("HTTP/1.1 204 No Content\r\nConnection: close\r\n\r\n".into(), false),
        // As a server of ours says it that has no thread left.
        Some("/full") => (
            "HTTP/1.1 503 Service Unavailable\r\nContent-Length: 0\r\nRetry-After: 1\r\n\
             Connection: close\r\n\r\n"
                .into(),
            false,
        ),
        Some("/cut") => (format!("{html}Transfer-Encoding: chunked\r\n\r\n{chunk}"), false),
        Some("/on") => (format!("{html}Transfer-Encoding: chunked\r\n\r\n{chunk}"), true),
        Some("/hold") => (String::new(), true),
        Some("/socket") => (
            "HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\nConnection: close\r\n\r\n".into(),
            false,
        ),
        _ => (format!("{html}\r\n<!doctype html><link rel=icon href=data:,>"), false),
    };
    // A browser that has gone away has no use for the rest.
    let _ = connection.write_all(answer.as_bytes());
    if stays {
        let _ = connection.read(&mut [0]); // until the browser leaves
    }
}

/// What a frame with this document tells the page in three seconds.
fn frame(tab: &mut dyn Tab, path: &str) -> Vec<String> {
    let told = tab.evaluate(&format!(
        "new Promise(end => {{
            window.told = [];
            const frame = document.createElement('iframe');
            frame.onload = () => told.push('load');
            frame.onerror = () => told.push('error');
            frame.src = '{path}';
            document.body.append(frame);
            setTimeout(() => {{ end([...told]); frame.remove(); }}, 3000);
        }})"
    ));
    let told = told.as_array().expect("a list");
    told.iter().map(|what| what.as_str().unwrap_or_default().to_string()).collect()
}

/// What an EventSource, a fetch and a WebSocket make of a server that is full and says when to come
/// back; and how often each asks within three seconds.
fn of_a_full_server(tab: &mut dyn Tab, server: &Server) -> [String; 4] {
    let told = tab.evaluate(
        "new Promise(end => {
            const told = { socket: [] };
            const source = new EventSource('/full?events');
            source.onerror = () => { told.events = String(source.readyState); };
            fetch('/full?fetch').then(({ status, headers }) => {
                told.fetch = `${status}, Retry-After: ${headers.get('Retry-After')}`;
            });
            const socket = new WebSocket(location.origin.replace('http', 'ws') + '/full?socket');
            socket.onerror = () => told.socket.push('error');
            socket.onclose = ({ code }) => told.socket.push('close ' + code);
            setTimeout(() => end({ ...told, socket: told.socket.join(', ') }), 3000);
        })",
    );
    let asked = ["events", "fetch", "socket"]
        .map(|who| server.asked(&format!("/full?{who}")).len().to_string())
        .join(", ");
    let said = |who: &str| told[who].as_str().unwrap_or("?").to_owned();
    [said("events"), said("fetch"), said("socket"), asked]
}

/// The column of one browser, from top to bottom.
fn measured(engine: Engine) -> Vec<String> {
    let mut tab = engine.start();
    let server = Server::start();
    tab.go_to(&server.origin);

    // How many requests it sends while none is answered.
    tab.evaluate("(Array.from({ length: 12 }, (_, i) => fetch('/hold?' + i).catch(() => 0)), 1)");
    let mut count = 0;
    let mut since = Instant::now();
    let connections = wait_for("no more requests", LIMIT, || {
        if server.asked("/hold").len() > count {
            count = server.asked("/hold").len();
            since = Instant::now();
        }
        (count > 0 && since.elapsed() > Duration::from_secs(3)).then_some(count)
    });
    tab.go_to("about:blank"); // lets them go
    tab.go_to(&server.origin);

    // How it comes back to an event stream that has ended.
    tab.evaluate("(source = new EventSource('/events'), 1)");
    let returned = wait_for("it comes back", LIMIT, || {
        let asked = server.asked("/events");
        (asked.len() > 1).then_some(asked)
    });
    let pause = returned[1].2 - returned[0].2;
    tab.evaluate("(source.close(), 1)");

    let stopped = tab.evaluate(
        "new Promise(end => {
            const source = new EventSource('/stop');
            source.onerror = () => end(source.readyState);
        })",
    );
    let refused = tab.evaluate(&format!(
        "new Promise(end => {{
            const source = new EventSource('http://127.0.0.1:{}/');
            source.onerror = () => {{ end(source.readyState); source.close(); }};
        }})",
        push_by_hand_interop::free_port()
    ));
    let cut = frame(tab.as_mut(), "/cut");
    let on = frame(tab.as_mut(), "/on");
    let socket = tab.evaluate(
        "new Promise(end => {
            const told = [], socket = new WebSocket(location.origin.replace('http', 'ws') + '/socket');
            socket.onerror = () => told.push('error');
            socket.onclose = ({ code }) => end([...told, 'close ' + code].join(', '));
        })",
    );
    let or_dash = |list: &[String]| match list {
        [] => "–".to_string(),
        list => list.join(", "),
    };
    let number = |value: Value| value.as_u64().map_or("?".into(), |number| number.to_string());
    vec![
        connections.to_string(),
        pause.as_secs_f64().round().to_string(),
        returned[1].1.clone().unwrap_or_else(|| "–".into()),
        number(stopped),
        number(refused),
        or_dash(&on),
        or_dash(&cut),
        socket.as_str().unwrap_or_default().to_string(),
    ]
    .into_iter()
    .chain(of_a_full_server(tab.as_mut(), &server))
    .collect()
}

/// The columns of the table that follows this mark in a chapter.
fn written(file: &str) -> BTreeMap<String, Vec<String>> {
    let text = std::fs::read_to_string(root().join(file)).expect("the chapter is there");
    let table = text.split("<!-- engines -->\n").nth(1).expect("the mark is there");
    let rows: Vec<Vec<&str>> = table
        .lines()
        .skip_while(|line| line.is_empty())
        .take_while(|line| line.starts_with('|'))
        .map(|line| line.trim_matches('|').split('|').map(|cell| cell.trim()).collect())
        .collect();
    let column = |at: usize| {
        let cells = rows[2..].iter().map(|row| row[at].replace('`', ""));
        (rows[0][at].to_string(), cells.collect())
    };
    (1..rows[0].len()).map(column).collect()
}

#[test]
fn each_browser_does_what_the_book_says() {
    let measured: BTreeMap<String, Vec<String>> =
        Engine::ALL.iter().map(|engine| (format!("{engine:?}"), measured(*engine))).collect();
    for file in ["docs/browsers.md", "docs/zh/browsers.md"] {
        assert_eq!(written(file), measured, "{file}");
    }
}
