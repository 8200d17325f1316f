//! Bars above a line of time, as SVG written by hand: readable in light and dark, no script, no
//! font of its own.

use std::fmt::Write;

const WIDTH: usize = 760;
const PANEL: usize = 150;
const LEFT: usize = 56;
const RIGHT: usize = 20;
const TOP: usize = 34;
const BOTTOM: usize = 24;

const STYLE: &str = "
  text { font: 12px system-ui, sans-serif; fill: #333; }
  .title { font-size: 14px; font-weight: 600; }
  .grid { stroke: #0002; }
  .asked { fill: #c2255c; opacity: 0.35; }
  .served { fill: #c2255c; }
  @media (prefers-color-scheme: dark) {
    text { fill: #ddd; }
    .grid { stroke: #fff3; }
    .asked, .served { fill: #ff6b9d; }
  }
";

/// One crowd: how many asked in each tenth of a second, and how many were served.
pub struct Panel {
    pub title: &'static str,
    pub asked: Vec<usize>,
    pub served: Vec<usize>,
}

/// All panels below one another, on one scale: what is flat is flat.
pub fn drawing(panels: &[Panel]) -> String {
    let highest = panels.iter().flat_map(|panel| &panel.asked).max().copied().unwrap_or(1);
    // To the next full second.
    let longest = panels.iter().map(|panel| panel.served.len()).max().unwrap_or(0);
    let slices = longest.div_ceil(10) * 10;
    let height = PANEL * panels.len() + BOTTOM;
    let mut svg = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {WIDTH} {height}\" role=\"img\" \
         aria-label=\"connections in each 100 ms after the server is back\">\n\
         <style>{STYLE}</style>\n"
    );
    for (n, panel) in panels.iter().enumerate() {
        let _ = writeln!(svg, "<g transform=\"translate(0 {})\">", PANEL * n);
        panel.draw(&mut svg, slices, highest);
        svg.push_str("</g>\n");
    }
    let (x, y) = (LEFT + (WIDTH - LEFT - RIGHT) / 2, height - 8);
    let _ = writeln!(
        svg,
        "<text text-anchor=\"middle\" x=\"{x}\" y=\"{y}\">seconds after the server is back; \
         pale: who asks in 100 ms, dark: who is served</text>\n</svg>"
    );
    svg
}

impl Panel {
    fn draw(&self, svg: &mut String, slices: usize, highest: usize) {
        let (bottom, room) = (PANEL - BOTTOM, PANEL - TOP - BOTTOM);
        let across = |slice: usize| LEFT + (WIDTH - LEFT - RIGHT) * slice / slices;
        let _ = writeln!(svg, "<text class=\"title\" x=\"{LEFT}\" y=\"20\">{}</text>", self.title);
        for value in [0, highest] {
            let y = bottom - room * value / highest;
            let _ = writeln!(
                svg,
                "<line class=\"grid\" x1=\"{LEFT}\" x2=\"{}\" y1=\"{y}\" y2=\"{y}\"/>\n\
                 <text text-anchor=\"end\" x=\"{}\" y=\"{}\">{value}</text>",
                WIDTH - RIGHT,
                LEFT - 8,
                y + 4
            );
        }
        for second in 0..=slices / 10 {
            let (x, y) = (across(10 * second), PANEL - BOTTOM + 16);
            let _ =
                writeln!(svg, "<text text-anchor=\"middle\" x=\"{x}\" y=\"{y}\">{second}</text>");
        }
        let wide = ((WIDTH - LEFT - RIGHT) / slices).saturating_sub(1).max(1);
        for (class, slices) in [("asked", &self.asked), ("served", &self.served)] {
            for (n, &count) in slices.iter().enumerate().filter(|(_, count)| **count > 0) {
                let high = (room * count / highest).max(1);
                let (x, y) = (across(n), bottom - high);
                let _ = writeln!(
                    svg,
                    "<rect class=\"{class}\" x=\"{x}\" y=\"{y}\" \
                     width=\"{wide}\" height=\"{high}\"/>"
                );
            }
        }
    }
}
