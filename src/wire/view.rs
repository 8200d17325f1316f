//! The wire view in the terminal: a block of lines for each crossing, a line for each part.
//!
//! Stands at the end of the tap: `--wire` hangs it on every connection.
//!
//! ```text
//!    time   n   bytes name           content                                 meaning
//!   0.412   1 ←    16  request-line   GET / HTTP/1.1\r\n                      send me this
//!                  22  field line     Host: localhost:8080\r\n                who is asked
//! ```
//!
//! A connection keeps its colour. Without a terminal, or with `NO_COLOR`, there is none. What
//! crosses comes from strangers: whatever could command a terminal is shown as its number.
//!
//! It fits the terminal: where a line has no room for the meaning, the meaning has a line of its
//! own. std cannot ask a terminal for its width; `COLUMNS` says it, or else the program `stty`.

use super::{Crossing, Direction, Dissector, Part, Tap, hex};
use crate::server::say;
use crate::terminal::{pieces, width};
use std::collections::HashMap;
use std::fmt::Write as _;
use std::fs::File;
use std::io::{self, IsTerminal};
use std::net::SocketAddr;
use std::process::{Command, Stdio};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// The columns where the parts of a line begin; the meaning has the last ones.
const BYTES: usize = 14;
const NAME: usize = 21;
const CONTENT: usize = 36;
const MEANING: usize = 24;
/// How wide a line is at least and at most, and where no terminal says it.
const NARROWEST: usize = 80;
const WIDEST: usize = 120;
const USUAL: usize = 100;

/// Colours of the 256 that can be read on black and on white, far enough from each other.
const PALETTE: [u8; 6] = [67, 137, 65, 132, 97, 66];
/// How many lines a part's content may take, and of how many bytes the unmasking is shown.
const LINES: usize = 3;
const UNMASKED: usize = 16;

/// Shows what crosses on the terminal, as it crosses. A terminal that is stopped (Ctrl-S) stops no
/// conversation: what is too much for the queue is lost.
pub fn to_terminal() -> Tap {
    let variable = |name| std::env::var(name).unwrap_or_default();
    let colour =
        io::stdout().is_terminal() && variable("NO_COLOR").is_empty() && variable("TERM") != "dumb";
    let view = Mutex::new(WireView::new(colour, columns()));
    let began = Instant::now();
    std::sync::Arc::new(move |number, crossing| {
        // Under the lock, so that the lines of two threads come in the order of their bytes.
        let mut view = view.lock().unwrap_or_else(PoisonError::into_inner);
        let text = view.show(began.elapsed(), number, crossing);
        say(text);
    })
}

/// How wide the terminal is.
fn columns() -> usize {
    let said = std::env::var("COLUMNS").ok().and_then(|text| text.trim().parse().ok());
    said.or_else(ask_stty).unwrap_or(USUAL)
}

/// `24 80` is what `stty size` prints of a terminal that is its standard input.
fn ask_stty() -> Option<usize> {
    let terminal = File::open("/dev/tty").ok().filter(|_| io::stdout().is_terminal())?;
    let asked = Command::new("stty").arg("size").stdin(terminal).stderr(Stdio::null()).output();
    let size = String::from_utf8(asked.ok()?.stdout).ok()?;
    size.split_whitespace().nth(1)?.parse().ok().filter(|&columns| columns > 0)
}

/// All open connections, and how to show them.
pub(super) struct WireView {
    colour: bool,
    /// Where a line ends.
    end: usize,
    open: HashMap<u64, Shown>,
}

/// One connection.
struct Shown {
    peer: SocketAddr,
    since: Duration,
    dissector: Dissector,
    /// Bytes in and out.
    totals: [u64; 2],
}

impl WireView {
    pub(super) fn new(colour: bool, columns: usize) -> WireView {
        WireView { colour, end: columns.clamp(NARROWEST, WIDEST), open: HashMap::new() }
    }

    /// The lines for a crossing; `now` is the time since the start.
    pub(super) fn show(&mut self, now: Duration, number: u64, crossing: Crossing<'_>) -> String {
        let colour = self.colour.then(|| colour_of(number));
        let mut block = Block { text: String::new(), column: 0, end: self.end, colour };
        let mut first = Some((now, number));
        let (direction, bytes) = match crossing {
            Crossing::Opened(peer) => {
                let shown =
                    Shown { peer, since: now, dissector: Dissector::default(), totals: [0, 0] };
                self.open.insert(number, shown);
                block.note(now, number, &format!("opened by {peer}   (← in, → out)"));
                return block.text;
            }
            Crossing::Closed => {
                let Some(mut shown) = self.open.remove(&number) else { return block.text };
                for part in shown.dissector.end() {
                    block.part(first.take(), &part);
                }
                let lasted = now.saturating_sub(shown.since).as_secs_f64();
                let [came, went] = shown.totals;
                block.note(
                    now,
                    number,
                    &format!(
                        "closed    {}   {came} bytes in, {went} out, {lasted:.3} s",
                        shown.peer
                    ),
                );
                return block.text;
            }
            Crossing::Received(bytes) => (Direction::In, bytes),
            Crossing::Sent(bytes) => (Direction::Out, bytes),
        };
        let Some(shown) = self.open.get_mut(&number) else { return block.text };
        shown.totals[direction as usize] += bytes.len() as u64;
        let parts = shown.dissector.read(direction, bytes);
        for part in &parts {
            block.part(first.take(), part);
        }
        if parts.is_empty() {
            block.begin(first, Some(direction), Some(bytes.len() as u64), "…");
            block.meaning("not yet a whole part");
        }
        block.text
    }
}

/// Connections take the colours in turn.
fn colour_of(number: u64) -> u8 {
    let turn = number.wrapping_sub(1) % PALETTE.len() as u64;
    PALETTE[usize::try_from(turn).unwrap_or(0)]
}

/// How a piece of a line looks, where there are colours.
#[derive(Clone, Copy)]
enum Ink {
    Plain,
    Coloured,
    Faint,
}

/// Lines in the making.
struct Block {
    text: String,
    /// How far the line has come, in columns of the terminal.
    column: usize,
    /// How far it may come.
    end: usize,
    colour: Option<u8>,
}

impl Block {
    fn note(&mut self, now: Duration, number: u64, text: &str) {
        self.begin(Some((now, number)), None, None, "");
        for (i, piece) in text.split("   ").enumerate() {
            if i > 0 && self.column + 3 + width(piece) > self.end {
                self.end();
                self.to(NAME);
            } else if i > 0 {
                self.to(self.column + 3);
            }
            self.put(Ink::Coloured, piece);
        }
        self.end();
    }

    /// The left columns. Only the first line of a crossing has its time and number.
    fn begin(
        &mut self,
        first: Option<(Duration, u64)>,
        direction: Option<Direction>,
        bytes: Option<u64>,
        name: &str,
    ) {
        if let Some((now, number)) = first {
            let arrow = direction
                .map_or(' ', |direction| if direction == Direction::In { '←' } else { '→' });
            self.put(Ink::Coloured, &format!("{:>7.3} {number:>3} {arrow}", now.as_secs_f64()));
        }
        if let Some(bytes) = bytes {
            self.to(BYTES);
            self.put(Ink::Plain, &format!("{bytes:>5}"));
        }
        self.to(NAME);
        self.put(Ink::Coloured, name);
    }

    fn part(&mut self, first: Option<(Duration, u64)>, part: &Part) {
        let direction = Some(part.direction);
        if let Some(bits) = &part.bits {
            let row = bit_row(&part.bytes);
            if bits.start == 0 {
                self.begin(first, direction, Some(part.length), "frame");
                self.to(CONTENT);
                self.put(Ink::Plain, &row);
                self.meaning(&hex(&part.bytes, " "));
            }
            self.begin(None, None, None, part.name);
            let (start, end) = (place(bits.start), place(bits.end - 1) + 1);
            self.to(CONTENT + start);
            self.put(Ink::Plain, &row[start..end]);
            return self.meaning(&part.meaning);
        }
        self.begin(first, direction, Some(part.length), part.name);
        let clear = part.unmasked.as_ref();
        if let Some(clear) = clear {
            for (masked, clear) in part.bytes.chunks(4).zip(clear.chunks(4)).take(UNMASKED / 4) {
                let key: Vec<u8> =
                    masked.iter().zip(clear).map(|(masked, clear)| masked ^ clear).collect();
                self.to(CONTENT);
                self.put(
                    Ink::Plain,
                    &format!(
                        "{:11} ^ {:11} = {}",
                        hex(masked, " "),
                        hex(&key, " "),
                        hex(clear, " ")
                    ),
                );
                self.end();
            }
            self.begin(None, None, None, "unmasked");
        }
        let lines = match part.name {
            "masking-key" | "extended payload length" => vec![hex(&part.bytes, " ")],
            _ => wrap(clear.unwrap_or(&part.bytes), part.length, self.end - CONTENT),
        };
        for (i, line) in lines.iter().enumerate() {
            if i > 0 {
                self.end();
            }
            self.to(CONTENT);
            self.put(Ink::Plain, line);
        }
        self.meaning(&part.meaning);
    }

    /// The last column, and the end of the line. A meaning moves left if it is long and right if
    /// the content is; if there is no room for both, it has a line of its own.
    fn meaning(&mut self, meaning: &str) {
        if !meaning.is_empty() {
            let rightmost = self.end.saturating_sub(width(meaning));
            let at = (self.end - MEANING).min(rightmost);
            if self.column >= rightmost {
                self.end();
            }
            self.to(if self.column < at { at } else { rightmost });
            self.put(Ink::Faint, meaning);
        }
        self.end();
    }

    fn to(&mut self, column: usize) {
        let gap = column.saturating_sub(self.column).max(usize::from(self.column > 0));
        self.text.extend(std::iter::repeat_n(' ', gap));
        self.column += gap;
    }

    fn put(&mut self, ink: Ink, text: &str) {
        self.column += width(text);
        let written = match (ink, self.colour) {
            (Ink::Coloured, Some(colour)) => write!(self.text, "\x1b[38;5;{colour}m{text}\x1b[0m"),
            (Ink::Faint, Some(_)) => write!(self.text, "\x1b[2m{text}\x1b[0m"),
            _ => self.text.write_str(text),
        };
        written.expect("a String takes every write because it grows");
    }

    fn end(&mut self) {
        self.text.push('\n');
        self.column = 0;
    }
}

/// The first two bytes of a frame, spaced as their parts: `1 000 0001  1 0000101`.
fn bit_row(bytes: &[u8]) -> String {
    let mut row = String::new();
    for bit in 0..16 {
        row.extend(std::iter::repeat_n(' ', place(bit) - row.len()));
        row.push(if bytes[usize::from(bit / 8)] & (0b1000_0000 >> (bit % 8)) == 0 {
            '0'
        } else {
            '1'
        });
    }
    row
}

/// Where a bit stands in the row.
fn place(bit: u8) -> usize {
    let spaces = match bit {
        0 => 0,
        1..4 => 1,
        4..8 => 2,
        8 => 4,
        _ => 5,
    };
    usize::from(bit) + spaces
}

/// Bytes as text that can only be shown, in lines that fit.
fn wrap(bytes: &[u8], length: u64, room: usize) -> Vec<String> {
    let mut lines = vec![String::new()];
    for piece in pieces(bytes) {
        let last = lines.len() - 1;
        if width(&lines[last]) + width(&piece) <= room {
            lines[last].push_str(&piece);
        } else if lines.len() < LINES {
            lines.push(piece);
        } else {
            lines.push(format!("… of {length} bytes"));
            break;
        }
    }
    lines
}
