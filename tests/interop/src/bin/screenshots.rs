//! Takes the README's pictures from real runs: `cargo run --manifest-path tests/interop/Cargo.toml --bin screenshots`.
//!
//! With names behind it (`-- polling`), only these.

use std::fs;
use std::time::Duration;

use push_by_hand_interop::browser::{Browser, ColorScheme};
use push_by_hand_interop::program::{Address, DATA_AND_PAGE, Program};

/// A lesson, and how many messages its page shows when the picture is taken: enough to fill what it draws.
const PICTURES: &[(&str, &[Address], u32)] = &[("polling", DATA_AND_PAGE, 20)];

fn main() {
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let folder = push_by_hand_interop::root().join("docs/images");
    fs::create_dir_all(&folder).expect("docs/images can be made");
    let mut browser = Browser::start();
    for &(name, addresses, messages) in PICTURES {
        if !wanted.is_empty() && !wanted.iter().any(|wanted| wanted == name) {
            continue;
        }
        let program = Program::start(name, addresses, &[]);
        let mut page = browser.open_blank();
        page.resize(1280, 900);
        page.prefer(ColorScheme::Light);
        page.go_to(program.url("page"));
        let enough = format!("Number(document.querySelector('#messages').dataset.count) >= {messages}");
        page.wait_until(&format!("{name} shows {messages} messages"), Duration::from_secs(120), &enough);
        let path = folder.join(format!("{name}.png"));
        page.screenshot(&path);
        println!("{}", path.display());
    }
}
