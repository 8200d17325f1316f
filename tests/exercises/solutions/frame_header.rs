//! A solution of `frame_header`.

pub fn header(opcode: u8, length: u64) -> Vec<u8> {
    let mut header = vec![0b1000_0000 | opcode];
    if let Ok(short @ 0..126) = u8::try_from(length) {
        header.push(short);
    } else if let Ok(length) = u16::try_from(length) {
        header.push(126);
        header.extend(length.to_be_bytes());
    } else {
        header.push(127);
        header.extend(length.to_be_bytes());
    }
    header
}
