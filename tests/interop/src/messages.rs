//! WebSocket messages made up at random, with the places at which they are cut into fragments.

use proptest::prelude::*;

/// Lengths on both sides of each step in the length field of a frame (RFC 6455 §5.2), and a
/// mebibyte, in bytes.
pub const SIZES: [usize; 8] = [0, 1, 125, 126, 127, 65_535, 65_536, 1 << 20];

/// A message, how it is cut, and what is said between its fragments.
#[derive(Debug, Clone)]
pub struct Plan {
    pub data: Data,
    /// Where fragments begin, in order; twice the same place makes an empty fragment.
    pub cuts: Vec<usize>,
    /// Before each fragment, a Ping may be sent: its payload.
    pub pings: Vec<Option<Vec<u8>>>,
}

/// What a message carries. Printed short: a mebibyte would hide what matters in a failure.
#[derive(Clone, PartialEq, Eq)]
pub enum Data {
    Text(String),
    Binary(Vec<u8>),
}

impl Data {
    /// `size` bytes that depend on `seed`. Text has characters of one to four bytes.
    pub fn new(text: bool, size: usize, seed: u64) -> Data {
        // Numbers that look random (xorshift), as many as needed and the same for the same seed.
        let mut state = seed | 1;
        let mut draw = move || {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            state.to_le_bytes()[4]
        };
        if !text {
            return Data::Binary((0..size).map(|_| draw()).collect());
        }
        let mut string = String::with_capacity(size);
        while string.len() < size {
            let character = ['a', '\n', 'é', '服', '👋', '\0', '\u{ffff}'][usize::from(draw()) % 7];
            let fits = character.len_utf8() <= size - string.len();
            string.push(if fits { character } else { '.' });
        }
        Data::Text(string)
    }

    pub fn bytes(&self) -> &[u8] {
        match self {
            Data::Text(text) => text.as_bytes(),
            Data::Binary(bytes) => bytes,
        }
    }
}

impl std::fmt::Debug for Data {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let kind = if matches!(self, Data::Text(_)) { "text" } else { "binary" };
        let bytes = self.bytes();
        write!(
            f,
            "{kind} of {} bytes: {}",
            bytes.len(),
            bytes[..bytes.len().min(40)].escape_ascii()
        )
    }
}

impl Plan {
    /// In one frame, without a Ping.
    pub fn whole(data: Data) -> Plan {
        Plan { data, cuts: Vec::new(), pings: Vec::new() }
    }

    /// The fragments, at least one, each with the Ping that comes before it.
    pub fn fragments(&self) -> Vec<(Option<&[u8]>, &[u8])> {
        let bytes = self.data.bytes();
        let ends = self.cuts.iter().copied().chain([bytes.len()]);
        let mut start = 0;
        let mut fragments = Vec::new();
        for (i, end) in ends.enumerate() {
            let ping = self.pings.get(i).and_then(Option::as_deref);
            fragments.push((ping, &bytes[start..end]));
            start = end;
        }
        fragments
    }
}

/// Messages of all kinds and sizes, most of them fragmented, cut anywhere: also inside a character.
pub fn plans() -> impl Strategy<Value = Plan> {
    let size = prop_oneof![
        4 => prop::sample::select(&SIZES[..7]),
        4 => 0..2000usize,
        1 => 0..200_000usize,
        1 => Just(SIZES[7]),
    ];
    let ping = prop::option::weighted(0.3, prop::collection::vec(any::<u8>(), 0..=125));
    (
        any::<bool>(),
        size,
        any::<u64>(),
        prop::collection::vec(any::<prop::sample::Index>(), 0..5),
        prop::collection::vec(ping, 0..6),
    )
        .prop_map(|(text, size, seed, cuts, pings)| {
            let mut cuts: Vec<_> = cuts.iter().map(|cut| cut.index(size + 1)).collect();
            cuts.sort_unstable();
            Plan { data: Data::new(text, size, seed), cuts, pings }
        })
}
