//! The Markdown table.

use std::fmt::Write;

use crate::loads::{connection_per_request, echo, idle, keep_alive, parked, slow_readers};
use crate::peers::{OURS, PEERS, YARDSTICK};
use crate::results::{Point, Results};
use crate::targets;

/// The figures of a load, the one that is compared first.
fn columns(load: &str) -> &'static [&'static str] {
    match load {
        parked::LONG_POLL | parked::STREAM | parked::SOCKET => &[
            "last delivery ms",
            "KiB/connection",
            "threads",
            "deliveries/s",
            "slowest publish ms",
            "server µs/delivery",
            "lost",
        ],
        slow_readers::STREAM | slow_readers::SOCKET => &[
            "last delivery ms",
            "KiB/slow reader",
            "slowest publish ms",
            "server µs/delivery",
            "lost",
        ],
        idle::NAME => &["KiB/connection", "threads"],
        _ => &["operations/s", "server µs/operation", "client µs/operation", "resident MiB"],
    }
}

/// One load in a table that has a column for each: its heading, and the point it stands for.
type Column = (&'static str, &'static str, usize, usize, u64);

const THROUGHPUT: &[Column] = &[
    ("keep-alive", keep_alive::NAME, 64, 0, 1),
    ("connection per request", connection_per_request::NAME, 64, 0, 1),
    ("echo, 32 B", echo::NAME, 64, 32, 1),
    ("echo, 32 B, 16 outstanding", echo::NAME, 64, 32, 16),
    ("echo, 16 KiB", echo::NAME, 64, 16 * 1024, 1),
];
const HELD: &[Column] = &[
    ("long poll", parked::LONG_POLL, 10_000, 0, 1),
    ("event stream", parked::STREAM, 10_000, 0, 1),
    ("socket", parked::SOCKET, 10_000, 0, 1),
    ("idle socket", idle::NAME, 10_000, 0, 1),
];
const TOLD: &[Column] = &[
    ("2,000 long polls", parked::LONG_POLL, 2_000, 0, 1),
    ("2,000 event streams", parked::STREAM, 2_000, 0, 1),
    ("2,000 sockets", parked::SOCKET, 2_000, 0, 1),
    ("10,000 long polls", parked::LONG_POLL, 10_000, 0, 1),
    ("10,000 event streams", parked::STREAM, 10_000, 0, 1),
    ("10,000 sockets", parked::SOCKET, 10_000, 0, 1),
];

/// The tables that fit one look: a server a row, a load a column.
const AT_A_GLANCE: &[(&str, &str, &[Column])] = &[
    ("Operations a second, 64 connections", "operations/s", THROUGHPUT),
    ("Processor time of the server, µs an operation", "server µs/operation", THROUGHPUT),
    ("Resident memory, KiB for each of 10,000 connections that wait", "KiB/connection", HELD),
    ("From the publisher's first byte to the last subscriber, ms", "last delivery ms", TOLD),
];

impl Point {
    pub fn describe(&self) -> String {
        let mut text = format!("{}, {} connections", self.load, thousands(self.connections as f64));
        if self.bytes > 0 {
            let size = if self.bytes < 1024 {
                format!("{} B", self.bytes)
            } else {
                format!("{} KiB", self.bytes / 1024)
            };
            let _ = write!(text, ", {size}");
        }
        if self.outstanding > 1 {
            let _ = write!(text, ", {} outstanding", self.outstanding);
        }
        text
    }
}

pub fn markdown(results: &Results) -> String {
    let mut text =
        format!("# Measured beside the field ({})\n\nOn {}.\n\n", results.effort, results.machine);
    for missing in &results.missing {
        let _ = writeln!(text, "Missing: {missing}\n");
    }
    let spoiled = results.runs.iter().filter(|run| run.spoiled).count();
    let _ = writeln!(
        text,
        "{} runs, {spoiled} of them beside other load. Medians over undisturbed runs, ± half the range; `*` where every run \
was disturbed. A ratio is the median of the ratios within a round.\n",
        results.runs.len()
    );
    for peer in PEERS {
        let _ = writeln!(text, "- **{}**: {}", peer.name, peer.what);
    }
    let targets = targets::rows(results);
    if !targets.is_empty() {
        text.push_str(
            "\n## Targets\n\n| load | figure | target | reached | met |\n|---|---|---|---|---|\n",
        );
        text.push_str(&targets.join("\n"));
        text.push('\n');
    }
    for (title, figure, columns) in AT_A_GLANCE {
        glance(&mut text, results, title, figure, columns);
    }
    let mut load = "";
    let points = results.points();
    for point in &points {
        if point.load != load {
            load = &point.load;
            let _ = writeln!(text, "\n## {load}");
        }
        table(&mut text, results, point);
    }
    text
}

/// One table of `AT_A_GLANCE`; nothing if we were not measured there. In brackets: ours ÷ it.
fn glance(text: &mut String, results: &Results, title: &str, figure: &str, columns: &[Column]) {
    let rows: Vec<_> =
        PEERS.iter().filter_map(|peer| glance_row(results, peer.name, figure, columns)).collect();
    if rows.first().is_some_and(|row| row.starts_with(&format!("| {OURS} |"))) {
        let headings: Vec<_> = columns.iter().map(|(heading, ..)| *heading).collect();
        let _ = writeln!(
            text,
            "\n## {title}\n\nIn brackets: ours ÷ it.\n\n| server | {} |",
            headings.join(" | ")
        );
        let _ = writeln!(text, "|---|{}\n{}", "---:|".repeat(columns.len()), rows.join("\n"));
    }
}

fn glance_row(results: &Results, peer: &str, figure: &str, columns: &[Column]) -> Option<String> {
    let mut known = false;
    let mut row = format!("| {peer} |");
    for &(_, load, connections, bytes, outstanding) in columns {
        let point = Point { load: load.to_owned(), connections, bytes, outstanding };
        if let Some(summary) = results.summary(&point, peer, figure) {
            known = true;
            let _ = write!(
                row,
                " {}{}",
                readable(summary.median),
                if summary.all_spoiled { "*" } else { "" }
            );
            if let Some(ratio) = results.ratio(&point, OURS, peer, figure).filter(|_| peer != OURS)
            {
                let _ = write!(row, " ({})", readable(ratio));
            }
        }
        row.push_str(" |");
    }
    known.then_some(row)
}

fn table(text: &mut String, results: &Results, point: &Point) {
    let columns = columns(&point.load);
    let compared = columns[0];
    let _ = write!(text, "\n{}\n\n| server |", point.describe());
    for column in columns {
        let _ = write!(text, " {column} |");
    }
    let _ = write!(
        text,
        " ours ÷ it | it ÷ {YARDSTICK} |\n|---|{}\n",
        "---:|".repeat(columns.len() + 2)
    );
    for peer in PEERS {
        if let Some(failure) = results.failure(point, peer.name) {
            let _ = writeln!(
                text,
                "| {} | {} |{}",
                peer.name,
                failure.replace('\n', " "),
                " |".repeat(columns.len() + 1)
            );
            continue;
        }
        if results.summary(point, peer.name, compared).is_none() {
            continue;
        }
        let _ = write!(text, "| {} |", peer.name);
        for (index, column) in columns.iter().enumerate() {
            let Some(summary) = results.summary(point, peer.name, column) else {
                text.push_str(" |");
                continue;
            };
            let _ = write!(text, " {}", readable(summary.median));
            if index == 0 && summary.spread.is_finite() {
                let _ = write!(text, " ±{:.0} %", summary.spread * 100.0);
            }
            text.push_str(if summary.all_spoiled { "* |" } else { " |" });
        }
        for (one, other) in [(OURS, peer.name), (peer.name, YARDSTICK)] {
            match results.ratio(point, one, other, compared) {
                Some(ratio) => {
                    let _ = write!(text, " {ratio:.2} |");
                }
                None => text.push_str(" |"),
            }
        }
        text.push('\n');
    }
}

/// Three digits that mean something.
fn readable(value: f64) -> String {
    match value.abs() {
        size if size >= 100.0 => thousands(value),
        size if size >= 10.0 => format!("{value:.1}"),
        0.0 => "0".to_owned(),
        _ => format!("{value:.2}"),
    }
}

fn thousands(value: f64) -> String {
    let digits = format!("{:.0}", value.abs());
    let mut text = String::new();
    for (index, digit) in digits.chars().enumerate() {
        if index > 0 && (digits.len() - index) % 3 == 0 {
            text.push(',');
        }
        text.push(digit);
    }
    if value < 0.0 { format!("-{text}") } else { text }
}
