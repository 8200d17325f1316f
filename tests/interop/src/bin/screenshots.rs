//! Takes the pictures of the README and of the chapters from real runs: `cargo run --manifest-path tests/interop/Cargo.toml --bin screenshots`.
//!
//! With names behind it (`-- polling`), only these.

use std::fs;
use std::time::Duration;

use push_by_hand_interop::browser::{Browser, ColorScheme};
use push_by_hand_interop::program::{Address, DATA_AND_PAGE, ONE_PORT, Program};

/// A lesson, how many messages its page shows when the picture is taken (enough to fill what it draws), and what makes them come
/// where they do not come by themselves.
const PICTURES: &[(&str, &[Address], u32, &str)] = &[
    ("polling", DATA_AND_PAGE, 20, ""),
    ("long_polling", ONE_PORT, 8, "setInterval(() => document.querySelector('#publish').requestSubmit(), 7000)"),
    ("iframe_stream", ONE_PORT, 20, ""),
    ("event_source", ONE_PORT, 20, ""),
    ("sse_stream", ONE_PORT, 30, "setTimeout(() => document.querySelector('#drop').click(), 12000)"),
];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let folder = push_by_hand_interop::root().join("docs/images");
    fs::create_dir_all(&folder).expect("docs/images can be made");
    let mut browser = Browser::start();
    for &(name, addresses, messages, script) in PICTURES {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let flags: &[&str] = if name == "sse_stream" { &["--retry-ms", "3000"] } else { &[] };
        let program = Program::start(name, addresses, flags);
        let mut page = browser.open_blank();
        page.resize(1280, 900);
        page.prefer(ColorScheme::Light);
        page.go_to(program.url("page"));
        if !script.is_empty() {
            page.evaluate(script);
        }
        let enough = format!("Number(document.querySelector('#messages').dataset.count) >= {messages}");
        page.wait_until(&format!("{name} shows {messages} messages"), Duration::from_secs(120), &enough);
        let path = folder.join(format!("{name}.png"));
        page.screenshot(&path);
        println!("{}", path.display());
    }
}
