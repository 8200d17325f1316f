//! Claims: what is said about these techniques, measured on this machine.
//!
//! One server that offers all of them (`offer`), and our own clients (`client`), in one process. A
//! tap at the server's end of every socket counts the bytes of HTTP and WebSocket (`bench`); what
//! TCP and IP put around them is left out. What our clients send is, where it matters, what a
//! browser sends: its requests stand in `requests/`, as they came. Read `SECTIONS`, then the claim
//! that you doubt.
//!
//! Bytes, connections and orders of events are the same on every machine. Times, threads and
//! memory are not, and are shown with their spread.

mod bench;
mod bytes;
mod client;
mod delay;
mod distance;
mod held;
mod offer;
mod processor;
mod table;
mod turns;

use bench::Bench;
use push_by_hand::arguments::Usage;
use push_by_hand::terminal::{print, visible};
use std::io;
use std::process::ExitCode;
use std::thread;

/// A section: its name, its heading, whether it is exact, and what measures it.
type Section = (&'static str, &'static str, bool, fn(&Bench) -> io::Result<()>);

const SECTIONS: [Section; 11] = [
    ("poll", "one poll of a page, in bytes", true, bytes::poll),
    ("bytes", "one message of 13 bytes by each technique, up + down", true, bytes::techniques),
    ("frames", "what a WebSocket frame adds to its payload, in bytes", true, bytes::frames),
    ("connections", "a hundred polls", true, turns::connections),
    ("http", "who may speak when", true, turns::http),
    ("open", "an event stream before its first event", true, turns::open),
    ("distance", "trips from publishing to reading", true, distance::distance),
    ("crossing", "requests in a minute that is played in 2.4 s", false, held::crossing),
    ("held", "what held requests cost the server", false, held::held),
    ("processor", "what polling and waiting cost the server", false, processor::processor),
    ("delay", "when the news is there: the median (the middle 80 %)", false, delay::delay),
];

fn main() -> ExitCode {
    let wanted = wanted();
    let bench = match Bench::new() {
        Ok(bench) => bench,
        Err(error) => {
            eprintln!("no thread to be had: {error} (see ulimit -u)");
            return ExitCode::FAILURE;
        }
    };
    let mut introduced = false;
    for (name, heading, exact, measure) in &wanted {
        if !exact && !std::mem::replace(&mut introduced, true) {
            print(&this_machine());
        }
        print(&format!("{name}: {heading}\n"));
        if let Err(error) = measure(&bench) {
            eprintln!("{name}: {error}");
            return ExitCode::FAILURE;
        }
        print("\n");
    }
    let is_wanted = |name: &str| wanted.iter().any(|section| section.0 == name);
    let left_out: Vec<&str> =
        SECTIONS.iter().map(|section| section.0).filter(|name| !is_wanted(name)).collect();
    if !left_out.is_empty() {
        print(&format!("left out: {}\n", left_out.join(", ")));
    }
    ExitCode::SUCCESS
}

/// The sections that the command line asks for.
fn wanted() -> Vec<Section> {
    let names = |exact| {
        let sections = SECTIONS.iter().filter(move |section| section.2 == exact);
        sections.map(|section| section.0).collect::<Vec<_>>().join(" ")
    };
    let usage = Usage {
        name: "claims",
        about: "what is said about push techniques, measured on this machine",
        synopsis: "--release --bin claims -- [flags]".into(),
        flags: vec![
            ("--only NAME", "this section; may be repeated".into()),
            ("--exact", "no times, no threads, no memory: only what never differs".into()),
            ("sections", format!("exact: {}", names(true))),
            ("", format!("others: {}", names(false))),
        ],
        operands: 0,
    };
    let arguments = usage.read();
    let only: Vec<&str> = arguments.all("--only").collect();
    for name in &only {
        if SECTIONS.iter().all(|section| section.0 != *name) {
            usage.fail(&format!("--only expects a section; came \"{}\"", visible(name)));
        }
    }
    let is_wanted = |section: &Section| {
        (only.is_empty() || only.contains(&section.0)) && (section.2 || !arguments.has("--exact"))
    };
    SECTIONS.into_iter().filter(is_wanted).collect()
}

/// What the numbers are true of that are not exact.
fn this_machine() -> String {
    let processors = thread::available_parallelism().map_or(0, usize::from);
    let build = if cfg!(debug_assertions) { "debug" } else { "release" };
    format!(
        "this machine: {} on {}, {processors} processors, {build} build\n\n",
        std::env::consts::OS,
        std::env::consts::ARCH
    )
}
