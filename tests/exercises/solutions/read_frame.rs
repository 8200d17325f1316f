//! Every refusal comes before the bytes that it refuses are read, and before anything is reserved.

use std::io::{self, BufRead};

/// The most bytes of payload that are read.
pub const LIMIT: u64 = 1 << 20;

pub fn read_frame(reader: &mut dyn BufRead) -> io::Result<(bool, u8, Vec<u8>)> {
    let [first, second] = read(reader)?;
    if second & 0b1000_0000 == 0 {
        return Err(io::Error::other("a client masks"));
    }
    let (length, shortest) = match second & 0b0111_1111 {
        126 => (u64::from(u16::from_be_bytes(read(reader)?)), 126),
        127 => (u64::from_be_bytes(read(reader)?), 65_536),
        length => (u64::from(length), 0),
    };
    if !(shortest..=LIMIT).contains(&length) {
        return Err(io::Error::other("a length that is too long, or written too long"));
    }
    let key: [u8; 4] = read(reader)?;
    let mut payload = vec![0; usize::try_from(length).map_err(io::Error::other)?];
    reader.read_exact(&mut payload)?;
    for (byte, key) in payload.iter_mut().zip(key.iter().cycle()) {
        *byte ^= key;
    }
    Ok((first & 0b1000_0000 != 0, first & 0b0000_1111, payload))
}

fn read<const N: usize>(reader: &mut dyn BufRead) -> io::Result<[u8; N]> {
    let mut bytes = [0; N];
    reader.read_exact(&mut bytes)?;
    Ok(bytes)
}
