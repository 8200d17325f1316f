//! What is no line yet waits, as bytes: a character may be cut, too.

#[derive(Default)]
pub struct Lines {
    rest: Vec<u8>,
}

impl Lines {
    pub fn take(&mut self, piece: &[u8]) -> Vec<String> {
        self.rest.extend(piece);
        let Some(end) = self.rest.iter().rposition(|&byte| byte == b'\n') else {
            return Vec::new();
        };
        let rest = self.rest.split_off(end + 1);
        let whole = std::mem::replace(&mut self.rest, rest);
        let lines = whole[..end].split(|&byte| byte == b'\n');
        lines.map(|line| String::from_utf8_lossy(line).into_owned()).collect()
    }
}
