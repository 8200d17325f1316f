//! Plots of the figures, as SVG written by hand: readable in light and dark, no script, no font of
//! their own.

use std::fmt::Write;

use crate::loads::{echo, keep_alive, parked};
use crate::peers::{OURS, PEERS, YARDSTICK};
use crate::results::{Point, Results};

const WIDTH: f64 = 760.0;
const PANEL: f64 = 300.0;
const LEFT: f64 = 64.0;
/// Room for the names at the ends of the lines.
const RIGHT: f64 = 130.0;
const TOP: f64 = 40.0;
const BOTTOM: f64 = 44.0;
const LINE_OF_TEXT: f64 = 15.0;

/// Colours that keep apart on white and on black; ours stands out, the yardsticks stand back.
const STYLE: &str = "
  text { font: 12px system-ui, sans-serif; fill: #333; }
  .title { font-size: 15px; font-weight: 600; }
  .grid { stroke: #0002; }
  .line { fill: none; stroke-width: 1.6; stroke: var(--colour); }
  .dot, .name { fill: var(--colour); stroke: none; }
  .leader { stroke: var(--colour); stroke-width: 0.6; opacity: 0.6; }
  .ours .line { stroke-width: 3.2; }
  .ours .name { font-weight: 700; }
  .yardstick .line { stroke-dasharray: 5 4; }
  .peer0 { --colour: #c2255c; } .peer1, .peer2 { --colour: #666; }
  .peer3 { --colour: #1971c2; } .peer4 { --colour: #0c8599; } .peer5 { --colour: #1971c2; } .peer6 { --colour: #2f9e44; }
  .peer7 { --colour: #e8590c; } .peer8 { --colour: #9c36b5; } .peer9 { --colour: #9c36b5; } .peer10 { --colour: #5f3dc4; }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd; }
    .grid { stroke: #fff3; }
    .peer0 { --colour: #ff6b9d; } .peer1, .peer2 { --colour: #aaa; }
    .peer3 { --colour: #74c0fc; } .peer4 { --colour: #66d9e8; } .peer5 { --colour: #74c0fc; } .peer6 { --colour: #8ce99a; }
    .peer7 { --colour: #ffa94d; } .peer8 { --colour: #e599f7; } .peer9 { --colour: #e599f7; } .peer10 { --colour: #b197fc; }
  }
";

/// One plot: a line for each peer.
struct Panel {
    title: String,
    unit: &'static str,
    /// Across, spaced by their logarithms.
    counts: Vec<usize>,
    /// A peer's place in the table of peers, and its values at some of the counts.
    lines: Vec<(usize, Vec<(usize, f64)>)>,
}

/// The files and what is in them. A plot without at least two points is left out.
pub fn all(results: &Results) -> Vec<(&'static str, String)> {
    let rate = |title: &str, load, bytes| {
        panel(results, title, "per second", load, bytes, |_, point, peer| {
            results.summary(point, peer, "operations/s").map(|summary| summary.median)
        })
    };
    let throughput = [
        rate("HTTP keep-alive, answers", keep_alive::NAME, 0),
        rate("WebSocket echo of 32 bytes, messages", echo::NAME, 32),
    ];
    let parked =
        |load: &str, what: &str, unit, value: &dyn Fn(usize, &Point, &str) -> Option<f64>| {
            panel(results, &format!("{what}, {load}"), unit, load, 0, value)
        };
    let loads = [parked::LONG_POLL, parked::STREAM, parked::SOCKET];
    let memory = loads.map(|load| {
        parked(load, "Resident memory", "MiB", &|count, point, peer| {
            results
                .summary(point, peer, "KiB/connection")
                .map(|summary| summary.median * count as f64 / 1024.0)
        })
    });
    let delay = loads.map(|load| {
        parked(load, "From the publisher to the last subscriber", "ms", &|_, point, peer| {
            results.summary(point, peer, "last delivery ms").map(|summary| summary.median)
        })
    });
    [
        ("throughput-by-connections.svg", drawing(throughput.into())),
        ("memory-by-connections.svg", drawing(memory.into())),
        ("delay-by-subscribers.svg", drawing(delay.into())),
    ]
    .into_iter()
    .filter_map(|(name, drawing)| Some((name, drawing?)))
    .collect()
}

fn panel(
    results: &Results,
    title: &str,
    unit: &'static str,
    load: &str,
    bytes: usize,
    value: impl Fn(usize, &Point, &str) -> Option<f64>,
) -> Panel {
    let mut points = results.points();
    points.retain(|point| point.load == load && point.bytes == bytes && point.outstanding == 1);
    let lines = PEERS.iter().enumerate().filter_map(|(place, peer)| {
        let known =
            |point: &Point| Some((point.connections, value(point.connections, point, peer.name)?));
        let values: Vec<_> = points.iter().filter_map(known).collect();
        (!values.is_empty()).then_some((place, values))
    });
    let lines = lines.collect();
    let counts = points.iter().map(|point| point.connections).collect();
    Panel { title: title.to_owned(), unit, counts, lines }
}

fn drawing(panels: Vec<Panel>) -> Option<String> {
    let panels: Vec<_> = panels
        .into_iter()
        .filter(|panel| panel.counts.len() > 1 && !panel.lines.is_empty())
        .collect();
    if panels.is_empty() {
        return None;
    }
    let height = PANEL * panels.len() as f64;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" aria-label=\"{}\">\n<style>{STYLE}</style>\n",
        panels[0].title
    );
    for (index, panel) in panels.iter().enumerate() {
        let _ = writeln!(svg, "<g transform=\"translate(0 {})\">", PANEL * index as f64);
        panel.draw(&mut svg);
        svg.push_str("</g>\n");
    }
    svg.push_str("</svg>\n");
    Some(svg)
}

impl Panel {
    fn draw(&self, svg: &mut String) {
        let highest = self
            .lines
            .iter()
            .flat_map(|(_, values)| values)
            .map(|(_, value)| *value)
            .fold(0.0, f64::max);
        let step = round_step(highest / 5.0);
        let top = (highest / step).ceil() * step;
        let across = |count: usize| {
            let place = |count: usize| (count as f64).ln();
            let (first, last) = (place(self.counts[0]), place(self.counts[self.counts.len() - 1]));
            LEFT + (place(count) - first) / (last - first) * (WIDTH - LEFT - RIGHT)
        };
        let up = |value: f64| PANEL - BOTTOM - value / top * (PANEL - TOP - BOTTOM);

        let _ = writeln!(
            svg,
            "<text class=\"title\" x=\"{LEFT}\" y=\"22\">{} ({})</text>",
            self.title, self.unit
        );
        let (mut value, right) = (0.0, WIDTH - RIGHT);
        while value <= top {
            let y = up(value);
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{right}\" y1=\"{y:.1}\" y2=\"{y:.1}\"/>"
            );
            let _ = writeln!(
                svg,
                "<text text-anchor=\"end\" x=\"{}\" y=\"{:.1}\">{}</text>",
                LEFT - 8.0,
                y + 4.0,
                short(value)
            );
            value += step;
        }
        for count in &self.counts {
            let (x, y) = (across(*count), PANEL - BOTTOM + 18.0);
            let _ = writeln!(
                svg,
                "<text text-anchor=\"middle\" x=\"{x:.1}\" y=\"{y}\">{}</text>",
                short(*count as f64)
            );
        }
        let (x, y) = ((LEFT + right) / 2.0, PANEL - BOTTOM + 34.0);
        let _ =
            writeln!(svg, "<text text-anchor=\"middle\" x=\"{x}\" y=\"{y}\">connections</text>");

        for ((place, values), label) in self.lines.iter().zip(self.label_heights(&up)) {
            let name = PEERS[*place].name;
            let kind = match name {
                OURS => " ours",
                YARDSTICK | "mio" => " yardstick",
                _ => "",
            };
            let _ = writeln!(svg, "<g class=\"peer{place}{kind}\">");
            let path: Vec<_> = values
                .iter()
                .map(|(count, value)| format!("{:.1},{:.1}", across(*count), up(*value)))
                .collect();
            let _ = writeln!(svg, "<polyline class=\"line\" points=\"{}\"/>", path.join(" "));
            for (count, value) in values {
                let _ = writeln!(
                    svg,
                    "<circle class=\"dot\" r=\"2.5\" cx=\"{:.1}\" cy=\"{:.1}\"/>",
                    across(*count),
                    up(*value)
                );
            }
            let (count, value) = values[values.len() - 1];
            let (x, y) = (across(count), up(value));
            let from = right + 18.0;
            let _ = writeln!(
                svg,
                "<line class=\"leader\" x1=\"{:.1}\" y1=\"{y:.1}\" x2=\"{from:.1}\" y2=\"{label:.1}\"/>",
                x + 4.0
            );
            let _ = writeln!(
                svg,
                "<text class=\"name\" x=\"{:.1}\" y=\"{:.1}\">{name}</text>\n</g>",
                from + 4.0,
                label + 4.0
            );
        }
    }

    /// Where the names stand: beside the ends of their lines, pushed apart where they would
    /// overlap.
    fn label_heights(&self, up: &impl Fn(f64) -> f64) -> Vec<f64> {
        let mut wanted: Vec<_> = self
            .lines
            .iter()
            .map(|(_, values)| up(values[values.len() - 1].1))
            .enumerate()
            .collect();
        wanted.sort_by(|one, other| one.1.total_cmp(&other.1));
        let mut lowest = PANEL - BOTTOM + LINE_OF_TEXT / 2.0 - LINE_OF_TEXT * wanted.len() as f64;
        let mut heights = vec![0.0; wanted.len()];
        let mut free = TOP - LINE_OF_TEXT;
        for (line, height) in wanted {
            // No higher than its own line unless the ones below need the room.
            lowest += LINE_OF_TEXT;
            free = height.min(lowest).max(free);
            heights[line] = free;
            free += LINE_OF_TEXT;
        }
        heights
    }
}

/// 1, 2 or 5 times a power of ten, the next above `step`.
fn round_step(step: f64) -> f64 {
    let power = 10_f64.powf(step.log10().floor());
    [1.0, 2.0, 5.0, 10.0]
        .map(|factor| factor * power)
        .into_iter()
        .find(|round| *round >= step)
        .unwrap_or(step)
}

fn short(value: f64) -> String {
    if value >= 1e6 {
        format!("{} M", value / 1e6)
    } else if value >= 1e3 {
        format!("{} k", value / 1e3)
    } else {
        format!("{value}")
    }
}
