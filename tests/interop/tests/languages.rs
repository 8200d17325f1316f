//! Other people's clients, in Python, Node and Java: each reads a channel by every technique that
//! it has and publishes by each, through a network that cuts them all, and has every message once.

use std::process::Command;

use push_by_hand_interop::client::{LIMIT, exchange};
use push_by_hand_interop::process::Process;
use push_by_hand_interop::program::{Address, ONE_PORT, Program};
use serde_json::Value;

/// The bad network in a box: where it passes on, and where it is told to cut.
const PROXY: &[Address] =
    &[Address { label: "proxy", flag: "--port" }, Address { label: "page", flag: "--page-port" }];
/// How many messages are published after the cut.
const COUNT: usize = 40;

/// An id and what was said.
type Said = (String, String);

/// One program, which reads by these techniques at once.
struct Client {
    language: &'static str,
    techniques: &'static [&'static str],
    process: Process,
}

impl Client {
    fn start(
        language: &'static str,
        command: &str,
        techniques: &'static [&'static str],
        arguments: [&str; 2],
    ) -> Client {
        let mut words = command.split(' ');
        let mut command = Command::new(words.next().expect("a program"));
        command.args(words).args(arguments).current_dir(folder());
        let process = Process::start(&mut command)
            .unwrap_or_else(|error| panic!("{language} cannot be started: {error}"));
        Client { language, techniques, process }
    }

    /// What came by a technique: an answer's messages, or one by itself. The rest is heartbeats.
    fn read(lines: &[String], technique: &str) -> Vec<Said> {
        let mut all = Vec::new();
        for line in lines {
            let Some((_, text)) = line.split_once('\t').filter(|(by, _)| *by == technique) else {
                continue;
            };
            let came: Value = serde_json::from_str(text).expect("JSON");
            assert!(came.get("missed").is_none_or(|missed| missed == 0), "{line}");
            match came["messages"].as_array() {
                Some(messages) => all.extend(messages.iter().filter_map(said)),
                None => all.extend(said(&came)),
            }
        }
        all
    }

    /// Waits until it has read so many messages by each technique.
    fn wait_for(&self, count: usize) {
        let has = |lines: &[String]| {
            self.techniques.iter().all(|by| Client::read(lines, by).len() >= count).then_some(())
        };
        let waited = self.process.output.wait_for(LIMIT, has);
        let (read, log) = (self.process.output.lines(), self.process.log.lines());
        waited.unwrap_or_else(|| panic!("{} has {read:#?} and says {log:#?}", self.language));
    }
}

fn folder() -> std::path::PathBuf {
    push_by_hand_interop::here().join("clients")
}

fn said(message: &Value) -> Option<Said> {
    Some((message["id"].as_str()?.to_owned(), message["data"].as_str()?.to_owned()))
}

fn publish(channel: &str, text: &str) -> String {
    let answer = exchange("POST", &format!("{channel}/publish"), &[], text.as_bytes());
    let answer: Value = serde_json::from_str(answer.text()).expect("JSON");
    answer["id"].as_str().expect("an id").to_owned()
}

#[test]
fn clients_in_python_node_and_java_are_cut_and_have_every_message_once() {
    let packages = folder().join("node_modules");
    assert!(packages.is_dir(), "Node has no packages here. Run tests/interop/install.");
    // Debian's own Python is the one that has Debian's packages.
    let python = "/usr/bin/python3 client.py";
    let hub = Program::start("hub", ONE_PORT, &[]);
    let to = format!("localhost:{}", hub.port("page"));
    let proxy = Program::start("proxy", PROXY, &["--to", &to]);
    let [channel, through] =
        [hub.url("page"), proxy.url("proxy")].map(|origin| format!("{origin}clients"));
    let first = publish(&channel, "first");
    let from = [through.as_str(), first.as_str()];
    let five = &["poll", "long-poll", "stream", "events", "ws"];
    let six = &["poll", "long-poll", "iframe", "stream", "events", "ws"];
    let mut clients = [
        Client::start("Python", python, six, from),
        Client::start("Node", "node client.js", five, from),
        Client::start("Java", "java Client.java", five, from),
    ];
    // Each publishes by each of its techniques, and all read it.
    let own: usize = clients.iter().map(|client| client.techniques.len()).sum();
    clients.iter().for_each(|client| client.wait_for(own));
    exchange("POST", &format!("{}cut", proxy.url("page")), &[], b"");
    for number in 0..COUNT {
        publish(
            &channel,
            &format!("{number} 服务器 👋 </script> \" \\ \u{2028} & <!--\r\nid: 7\n\n"),
        );
    }
    publish(&channel, "the end");

    let all = exchange("GET", &format!("{channel}/poll?after={first}"), &[], b"");
    let all: Value = serde_json::from_str(all.text()).expect("JSON");
    let all: Vec<Said> =
        all["messages"].as_array().expect("a list").iter().filter_map(said).collect();
    assert_eq!(all.len(), own + COUNT + 1);
    for Client { language, techniques, process } in &mut clients {
        assert!(
            process.output.wait_for_end(LIMIT),
            "{language} goes on: {:#?}",
            process.log.lines()
        );
        let (code, log) = (process.wait(), process.log.lines());
        assert_eq!(code, Some(0), "{language}: {log:#?}");
        for technique in *techniques {
            let read = Client::read(&process.output.lines(), technique);
            assert_eq!(read, all, "{language} by {technique}");
            // A poll may have been between two requests.
            assert!(
                technique.ends_with("poll") || log.iter().any(|cut| cut == technique),
                "{log:?}"
            );
        }
    }
}
