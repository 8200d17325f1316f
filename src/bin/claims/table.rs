//! The table: a claim, the verdict beside it, and below them what was measured. It fits into 80
//! columns.

use push_by_hand::terminal::print;
use std::time::Duration;

/// A claim, its verdict, and the line with the measurement.
pub fn row(claim: &str, measured: &str, verdict: &str) {
    line(&format!("{claim:<44}{verdict}"));
    line(&format!("    {measured}"));
}

/// A line that belongs to the section.
pub fn line(text: &str) {
    print(&format!("  {}\n", text.trim_end()));
}

/// The verdict, if what was measured bears it out.
pub fn so(holds: bool, verdict: &str) -> &str {
    if holds { verdict } else { "false here" }
}

pub fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1000.0)
}

/// A ratio with one decimal.
pub fn tenths(a: u64, b: u64) -> String {
    let tenths = (a * 10 + b / 2) / b.max(1);
    format!("{}.{}", tenths / 10, tenths % 10)
}
