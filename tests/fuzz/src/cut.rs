//! The same bytes in other pieces: a network may cut anywhere, and it must make no difference.

use std::fmt::Debug;
use std::io::{self, BufRead, Read};

/// A reader that hands out its bytes piece by piece.
pub struct Cut<'a> {
    rest: &'a [u8],
    /// How long the piece at hand still is.
    here: usize,
    cuts: Cuts,
}

/// Where it is cut.
#[derive(Clone, Copy)]
enum Cuts {
    Nowhere,
    EveryByte,
    /// After 1 to 16 bytes, by the random numbers that follow this one.
    Random(u64),
}

/// What `read` makes of the bytes whole, after it has made the same of them byte by byte and in two
/// ways at random.
pub fn every_way<'a, T: PartialEq + Debug>(bytes: &'a [u8], read: impl Fn(&mut Cut<'a>) -> T) -> T {
    // Random, and the same each time: an input that fails must fail again.
    let seed = bytes.iter().fold(1, |seed: u64, &byte| (seed ^ u64::from(byte)).wrapping_mul(FNV));
    let with = |cuts| read(&mut Cut::new(bytes, cuts));
    let whole = with(Cuts::Nowhere);
    for cuts in [Cuts::EveryByte, Cuts::Random(seed), Cuts::Random(!seed)] {
        assert_eq!(with(cuts), whole, "cut in pieces, the same bytes are something else");
    }
    whole
}

/// The prime of the FNV hash.
const FNV: u64 = 0x100_0000_01b3;

impl<'a> Cut<'a> {
    fn new(bytes: &'a [u8], cuts: Cuts) -> Cut<'a> {
        let mut cut = Cut { rest: bytes, here: 0, cuts };
        cut.next_piece();
        cut
    }

    /// What nobody has read yet.
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }

    fn next_piece(&mut self) {
        let length = match &mut self.cuts {
            Cuts::Nowhere => usize::MAX,
            Cuts::EveryByte => 1,
            Cuts::Random(state) => {
                *state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                (*state >> 60) as usize + 1
            }
        };
        self.here = length.min(self.rest.len());
    }
}

impl BufRead for Cut<'_> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        Ok(&self.rest[..self.here])
    }

    fn consume(&mut self, n: usize) {
        self.rest = &self.rest[n..];
        self.here -= n;
        if self.here == 0 {
            self.next_piece();
        }
    }
}

impl Read for Cut<'_> {
    fn read(&mut self, out: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(out)?;
        self.consume(n);
        Ok(n)
    }
}
