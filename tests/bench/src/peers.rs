//! The table of peers: who they are, and which program of theirs stands for which kind of load.

use std::path::{Path, PathBuf};
use std::process::Command;

pub struct Peer {
    pub name: &'static str,
    pub what: &'static str,
}

pub const OURS: &str = "push-by-hand";
pub const YARDSTICK: &str = "threads";

/// In the order of the tables.
pub const PEERS: &[Peer] = &[
    Peer { name: OURS, what: "the lessons of this repository, release build" },
    Peer {
        name: YARDSTICK,
        what: "yardstick: a std thread per connection that only moves bytes, the limit of this design",
    },
    Peer {
        name: "mio",
        what: "yardstick: one thread and one `epoll` that only move bytes, the limit of the machine",
    },
    Peer {
        name: "express",
        what: "the tutorial's programs on Node: express, with ssestream for the event stream",
    },
    Peer { name: "raw net", what: "the tutorial's WebSocket server on Node's bare `net`" },
    Peer { name: "ws", what: "Node with the package ws, as the tutorial uses it, without its log" },
    Peer { name: "node", what: "Node's own `http` module, no framework" },
    Peer { name: "bun", what: "Bun's own server" },
    Peer { name: "tiny_http", what: "tiny_http: blocking, a pool of threads" },
    Peer { name: "tungstenite", what: "tungstenite: blocking, a thread per connection" },
    Peer { name: "axum", what: "axum on tokio, with its own WebSocket (tokio-tungstenite)" },
];

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Family {
    /// `GET` of the time of day.
    Time,
    /// A WebSocket that sends back what comes.
    Echo,
    /// A request that is held until something is published.
    Poll,
    /// An endless `text/event-stream`.
    Stream,
    /// A WebSocket that hears what is published.
    Socket,
}

enum Start {
    /// A lesson, with its arguments.
    Lesson(&'static str, &'static [&'static str]),
    /// A program of this package, with its mode.
    Rust(&'static str, &'static str),
    Node(&'static str),
    /// A program of `docs/node`, on a port that it did not ask for.
    Tutorial(&'static str),
    Bun(&'static str),
}

/// One program of one peer, and where it answers.
pub struct Program {
    pub peer: &'static str,
    pub family: Family,
    start: Start,
    /// The word before the URL in the program's output.
    pub label: &'static str,
    pub target: &'static str,
    /// Where news is posted; empty where the load needs none.
    pub publish: &'static str,
}

const fn program(
    peer: &'static str,
    family: Family,
    start: Start,
    label: &'static str,
    target: &'static str,
) -> Program {
    let publish = match family {
        Family::Time | Family::Echo => "",
        _ => "/publish",
    };
    Program { peer, family, start, label, target, publish }
}

/// The hub, on a channel of our own: no clock publishes there.
const fn hub(family: Family, target: &'static str) -> Program {
    Program {
        publish: "/bench/publish",
        ..program(OURS, family, Start::Lesson("hub", MANY), "page", target)
    }
}

const MANY: &[&str] = &["--port", "0", "--max-threads", "12000"];
const TWO_PORTS: &[&str] = &["--port", "0", "--page-port", "0", "--max-threads", "12000"];

use Family::{Echo, Poll, Socket, Stream, Time};
use Start::{Bun, Lesson, Node, Rust, Tutorial};

pub const PROGRAMS: &[Program] = &[
    program(OURS, Time, Lesson("polling", TWO_PORTS), "data", "/"),
    program(YARDSTICK, Time, Rust("yardstick_threads", "time"), "data", "/"),
    program("mio", Time, Rust("yardstick_mio", "time"), "data", "/"),
    program("express", Time, Tutorial("polling.js"), "8080", "/"),
    program("node", Time, Node("plain.js"), "data", "/"),
    program("bun", Time, Bun("bun.js"), "data", "/"),
    program("tiny_http", Time, Rust("peer_tiny_http", "time"), "data", "/"),
    program("axum", Time, Rust("peer_axum", ""), "data", "/"),
    program(OURS, Echo, Lesson("websocket", TWO_PORTS), "socket", "/echo"),
    program(YARDSTICK, Echo, Rust("yardstick_threads", "echo"), "data", "/"),
    program("mio", Echo, Rust("yardstick_mio", "echo"), "data", "/"),
    program("raw net", Echo, Tutorial("raw_websocket.js"), "9999", "/"),
    program("ws", Echo, Node("ws.js"), "socket", "/echo"),
    program("bun", Echo, Bun("bun.js"), "socket", "/echo"),
    program("tungstenite", Echo, Rust("peer_tungstenite", "echo"), "socket", "/"),
    program("axum", Echo, Rust("peer_axum", ""), "socket", "/echo"),
    program(OURS, Poll, Lesson("long_polling", MANY), "page", "/poll"),
    program(YARDSTICK, Poll, Rust("yardstick_threads", "poll"), "data", "/"),
    program("mio", Poll, Rust("yardstick_mio", "poll"), "data", "/"),
    program("express", Poll, Node("express_poll.js"), "data", "/poll"),
    program("node", Poll, Node("plain.js"), "data", "/poll"),
    program("bun", Poll, Bun("bun.js"), "data", "/poll"),
    program("tiny_http", Poll, Rust("peer_tiny_http", "poll"), "data", "/"),
    program("axum", Poll, Rust("peer_axum", ""), "data", "/poll"),
    hub(Stream, "/bench/events"),
    program(YARDSTICK, Stream, Rust("yardstick_threads", "stream"), "data", "/"),
    program("mio", Stream, Rust("yardstick_mio", "stream"), "data", "/"),
    program("express", Stream, Node("express_stream.js"), "data", "/events"),
    program("node", Stream, Node("plain.js"), "data", "/events"),
    program("bun", Stream, Bun("bun.js"), "data", "/events"),
    program("axum", Stream, Rust("peer_axum", ""), "data", "/events"),
    hub(Socket, "/bench/ws"),
    program(YARDSTICK, Socket, Rust("yardstick_threads", "socket"), "data", "/"),
    program("mio", Socket, Rust("yardstick_mio", "socket"), "data", "/"),
    program("ws", Socket, Node("ws.js"), "socket", "/push"),
    program("bun", Socket, Bun("bun.js"), "socket", "/push"),
    program("tungstenite", Socket, Rust("peer_tungstenite", "socket"), "socket", "/"),
    program("axum", Socket, Rust("peer_axum", ""), "socket", "/push"),
];

/// Where the built programs are.
pub struct Paths {
    pub lessons: PathBuf,
    pub own: PathBuf,
    pub node_scripts: PathBuf,
    pub bun: PathBuf,
}

impl Paths {
    pub fn new(package: &Path) -> Paths {
        let root = package.join("../..");
        let target = |package: &Path| {
            std::env::var_os("CARGO_TARGET_DIR")
                .map_or_else(|| package.join("target"), PathBuf::from)
                .join("release")
        };
        let node_scripts = package.join("node");
        let bun = node_scripts.join("node_modules/.bin/bun");
        Paths { lessons: target(&root), own: target(package), node_scripts, bun }
    }
}

impl Program {
    /// Whether the answers of this program are the bytes that were sent (see `Frames`).
    pub fn is_verbatim(&self) -> bool {
        [YARDSTICK, "mio"].contains(&self.peer)
    }

    /// The command that starts it, or what is missing. Yardsticks answer with as many bytes as
    /// ours, `answer` of them.
    pub fn command(&self, paths: &Paths, answer: Option<usize>) -> Result<Command, String> {
        let existing = |path: PathBuf| {
            if path.exists() { Ok(path) } else { Err(format!("{} is not there", path.display())) }
        };
        let mut command = match self.start {
            Lesson(name, arguments) => {
                let mut command = Command::new(existing(paths.lessons.join(name))?);
                command.args(arguments);
                command
            }
            Rust(name, mode) => {
                let mut command = Command::new(existing(paths.own.join(name))?);
                command.arg(mode).args(answer.map(|bytes| bytes.to_string()));
                command
            }
            Node(script) => {
                existing(paths.node_scripts.join("node_modules"))?;
                let mut command = Command::new("node");
                command.arg(existing(paths.node_scripts.join(script))?);
                command
            }
            Tutorial(script) => {
                let modules = existing(paths.node_scripts.join("node_modules"))?;
                let mut command = Command::new("node");
                command.env("NODE_PATH", modules).arg("--require").arg("./any_port.js");
                command.arg(existing(paths.node_scripts.join("../../../docs/node").join(script))?);
                command
            }
            Bun(script) => {
                let mut command = Command::new(existing(paths.bun.clone())?);
                command.arg(existing(paths.node_scripts.join(script))?);
                command
            }
        };
        command.current_dir(&paths.node_scripts);
        Ok(command)
    }
}
