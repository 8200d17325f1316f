use super::exercise::header;
use crate::checks::{Check, hex, same, say};
use push_by_hand::websocket::{Header, Opcode};

pub fn check() -> Check {
    for opcode in [Opcode::Text, Opcode::Binary] {
        for length in [0, 5, 125, 126, 255, 256, 65_535, 65_536, 1 << 40] {
            let mut expected = Vec::new();
            Header { fin: true, opcode, masking_key: None, length }.write_to(&mut expected);
            let asked = say("header", &[&format!("{opcode:?}"), &length]);
            same(asked, hex(&expected), hex(&header(opcode as u8, length)))?;
        }
    }
    Ok(())
}
