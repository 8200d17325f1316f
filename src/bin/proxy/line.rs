//! One direction of a connection: one thread takes in, another passes on, and between them is what
//! a network has under way.

use crate::network::{Flow, Network, Passage};
use push_by_hand::connection::Writer;
use std::io::{self, BufRead};
use std::mem;
use std::sync::atomic::Ordering;
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

/// The most that is taken in at once, in bytes.
const PIECE: usize = 4 * 1024;
/// How many of them may be under way: 64 KiB. Then nothing more is taken in until something has
/// been passed on, and the kernels' buffers fill.
const PIECES: usize = 16;
/// The stack of the second thread, in bytes.
const STACK: usize = 256 * 1024;
/// Between two pieces of a stream that is cut up, so that the other end reads them one by one.
const BETWEEN_PIECES: Duration = Duration::from_micros(100);
/// How often whoever has nothing to pass on looks whether its client is still there.
const LOOK: Duration = Duration::from_millis(250);

/// When it came, and what.
type Piece = (Instant, Vec<u8>);

/// Which way, and how the bytes are written there.
pub struct Line<'a> {
    pub network: &'a Network,
    pub passage: &'a Passage,
    pub flow: &'a Flow,
    pub to: &'a Writer,
    /// How much is collected before it is passed on.
    pub hold: usize,
    /// Whether nobody else reads or writes at that end. Then only this line can notice that it is
    /// gone.
    pub alone: bool,
    /// A piece as it stands on the wire: in a chunk, say.
    pub written: fn(&[u8]) -> Vec<u8>,
}

impl Line<'_> {
    /// Passes on whatever comes, until its end. What is pending at the other end (the head) leaves
    /// as what has come at `began`.
    ///
    /// # Errors
    /// Either end failed; both are cut.
    pub fn carry(&self, from: &mut (impl BufRead + Send), began: Instant) -> io::Result<()> {
        let outcome = thread::scope(|scope| {
            let (sender, line) = sync_channel(PIECES);
            let taking = thread::Builder::new().name("line".into()).stack_size(STACK);
            let taking = taking.spawn_scoped(scope, move || self.take_in(from, &sender))?;
            let passing = self.pass_on(line, began);
            if passing.is_err() {
                self.passage.cut();
            }
            let panicked = |_| Err(io::Error::other("a thread panicked"));
            passing.and(taking.join().unwrap_or_else(panicked))
        });
        if outcome.is_err() {
            self.passage.cut();
        }
        outcome
    }

    /// Takes in piece after piece, as long as there is room for it.
    fn take_in(&self, from: &mut impl BufRead, line: &SyncSender<Piece>) -> io::Result<()> {
        loop {
            let came = from.fill_buf()?;
            let piece = came[..came.len().min(PIECE)].to_vec();
            from.consume(piece.len());
            self.flow.taken.fetch_add(piece.len() as u64, Ordering::Relaxed);
            self.passage.alive();
            // Nobody takes it any more where the other end failed.
            if piece.is_empty() || line.send((Instant::now(), piece)).is_err() {
                return Ok(());
            }
        }
    }

    /// Passes each piece on when its time has come, or enough of them have.
    fn pass_on(&self, line: Receiver<Piece>, began: Instant) -> io::Result<()> {
        let (mut held, mut waiting) = (Vec::new(), 0);
        if self.hold == 0 {
            // The head leaves in its own time, whether a body follows or not.
            self.network.wait_out_the_delay(self.passage, began)?;
            self.send(&[])?;
        }
        while let Some((at, piece)) = self.next(&line)? {
            self.network.wait_out_the_delay(self.passage, at)?;
            held.extend((self.written)(&piece));
            waiting += piece.len() as u64;
            self.passage.doing(if self.hold > 0 { "holding" } else { "passing" });
            if held.len() >= self.hold {
                self.send(&held)?;
                self.flow.passed.fetch_add(mem::take(&mut waiting), Ordering::Relaxed);
                held.clear();
            }
        }
        self.send(&held)
    }

    /// Waits for the next piece; `None` is the end of the line.
    ///
    /// # Errors
    /// Whoever would get it has left, or the connection has been cut.
    fn next(&self, line: &Receiver<Piece>) -> io::Result<Option<Piece>> {
        loop {
            match line.recv_timeout(LOOK) {
                Ok(piece) => return Ok(Some(piece)),
                Err(RecvTimeoutError::Disconnected) => return Ok(None),
                Err(RecvTimeoutError::Timeout) => {}
            }
            // In a silent network nobody hears of anything.
            self.network.wait_out_the_silence(self.passage)?;
            if self.alone && self.to.peer_has_ended() {
                return Err(io::ErrorKind::BrokenPipe.into());
            }
        }
    }

    /// Writes as fast and in as large pieces as the network lets it.
    ///
    /// # Errors
    /// The other end is gone, or the connection has been cut.
    pub fn send(&self, bytes: &[u8]) -> io::Result<()> {
        self.network.wait_out_the_silence(self.passage)?;
        self.to.flush()?;
        let mut rest = bytes;
        while !rest.is_empty() {
            let (pieces, rate) = (self.network.get("pieces"), self.network.get("rate"));
            // A slow line is slow all the time, and not in jumps of a second.
            let steady = if rate > 0 { (rate / 20).max(1) } else { u64::MAX };
            let most = if pieces > 0 { pieces.min(steady) } else { steady };
            let most = usize::try_from(most).unwrap_or(usize::MAX).min(rest.len());
            let (piece, after) = rest.split_at(most);
            self.network.wait_out_the_silence(self.passage)?;
            self.to.append(|out| out.extend_from_slice(piece))?;
            self.to.flush()?;
            self.passage.alive();
            if let Some(each) = 1_000_000_000u64.checked_div(rate) {
                self.passage.doing("slow");
                thread::sleep(Duration::from_nanos(most as u64 * each));
            } else if pieces > 0 {
                self.passage.doing("pieces");
                thread::sleep(BETWEEN_PIECES);
            }
            rest = after;
        }
        Ok(())
    }
}
