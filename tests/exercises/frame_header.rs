//! Write the header of an unmasked frame that is the last of its message: FIN, opcode, and the
//! length in the fewest bytes that hold it (RFC 6455 §5.2).

pub fn header(opcode: u8, length: u64) -> Vec<u8> {
    vec![opcode, u8::try_from(length).unwrap_or(127)]
}

// Hints, one at a time: `--hint 1`, `--hint 2`, …
// 1. FIN is the highest bit of the first byte.
// 2. Up to 125 the second byte is the length. 126 says that it stands in the next two bytes, 127 in
//   the next eight.
// 3. Network byte order is `to_be_bytes`. Which is the first length that two bytes cannot hold?
