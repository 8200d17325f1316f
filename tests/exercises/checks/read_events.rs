use super::exercise::read_events;
use crate::checks::{Check, Fired, fire, holds, same, say};
use std::cell::Cell;
use std::io::{BufReader, Read};

pub fn check() -> Check {
    for bytes in [
        "data: a\n\n",
        "data:a\ndata: b\ndata:  c\n\n",
        "event: tick\nid: 7\ndata: a\n\ndata: b\n\n",
        "data\n\nevent: x\n\ndata: c\n\n",
        ": a comment\nData: a\nretry: 5\nother: b\ndata: c:d\n\n",
        "id: 7\n\nid\ndata: a\n\n",
        "id: 7\nid: 8\0\ndata: a\n\n",
        "data: a\r\n\r\ndata: b\r\rdata: c\n\r\n",
        "\u{feff}data: a\n\n\u{feff}data: b\n\n",
        "data: 你好\n\n",
        "data: a\n\ndata: cut off\n",
    ] {
        // One byte at a time, so that every line end is cut once.
        let mut reader = BufReader::with_capacity(1, bytes.as_bytes());
        let mut came: Vec<Fired> = Vec::new();
        let outcome = read_events(&mut reader, &mut |kind, data, id| {
            came.push((kind.into(), data.into(), id.into()));
        });
        same(say("fired", &[&bytes.escape_debug()]), fire(bytes.as_bytes()).0, came)?;
        holds(outcome.is_ok(), say("end", &[]), "Ok(())", format!("{outcome:?}"))?;
    }
    // How many have been fired when the reader asks for the second block.
    let fired = Cell::new(0);
    let seen = Cell::new(0);
    let second = Later { bytes: b"data: b\n\n", fired: &fired, seen: &seen };
    let mut reader = BufReader::new(b"data: a\n\n".chain(second));
    let outcome = read_events(&mut reader, &mut |_, _, _| fired.set(fired.get() + 1));
    holds(outcome.is_ok(), say("end", &[]), "Ok(())", format!("{outcome:?}"))?;
    same(say("at once", &[]), 1, seen.get())
}

struct Later<'a> {
    bytes: &'static [u8],
    fired: &'a Cell<usize>,
    seen: &'a Cell<usize>,
}

impl Read for Later<'_> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.bytes.starts_with(b"data") {
            self.seen.set(self.fired.get());
        }
        self.bytes.read(out)
    }
}
