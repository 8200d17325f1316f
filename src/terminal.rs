//! What a terminal is shown: text from strangers that cannot command it, and how wide that is.
//!
//! Needs std alone, and stands before whatever prints: the log, the wire view, the programs.
//!
//! ```text
//! bytes from a peer   ESC [ 2 J  hi  U+202E
//! on the terminal     \x1b[2Jhi\u{202e}
//! ```
//!
//! Left out: marks that join a letter to the one before. They are letters in many languages, and
//! command nothing.

use std::io::{self, Write};
use std::process;

/// Bytes as text that a terminal can only show: what is UTF-8 stays as it is, save control
/// characters, line ends, backslashes and whatever has no shape of its own, which are written as
/// escapes; other bytes are written as numbers.
///
/// ```
/// use push_by_hand::terminal::visible;
/// assert_eq!(visible("服务器\n\x1b[2J\u{202e}"), r"服务器\n\x1b[2J\u{202e}");
/// assert_eq!(visible(b"\xff\\"), r"\xff\\");
/// ```
pub fn visible(bytes: impl AsRef<[u8]>) -> String {
    pieces(bytes.as_ref()).collect()
}

/// The same, each character or byte by itself, for whoever breaks lines.
pub fn pieces(bytes: &[u8]) -> impl Iterator<Item = String> {
    bytes.utf8_chunks().flat_map(|chunk| {
        let invalid = chunk.invalid().iter().map(|byte| format!("\\x{byte:02x}"));
        chunk.valid().chars().map(visible_char).chain(invalid)
    })
}

fn visible_char(c: char) -> String {
    match c {
        '\\' | '\t' | '\r' | '\n' => c.escape_default().to_string(),
        c if c.is_ascii_control() => format!("\\x{:02x}", u32::from(c)),
        // C1 commands many terminals as ESC does. The others turn the direction of writing, break
        // lines or take no room: with them a line can look like another.
        '\u{80}'..='\u{9f}'
        | '\u{ad}'
        | '\u{34f}'
        | '\u{61c}'
        | '\u{115f}'..='\u{1160}'
        | '\u{17b4}'..='\u{17b5}'
        | '\u{180b}'..='\u{180f}'
        | '\u{200b}'..='\u{200f}'
        | '\u{2028}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{3164}'
        | '\u{feff}'
        | '\u{ffa0}'
        | '\u{fff0}'..='\u{fffb}'
        | '\u{13430}'..='\u{1343f}'
        | '\u{1bca0}'..='\u{1bca3}'
        | '\u{1d173}'..='\u{1d17a}'
        | '\u{e0000}'..='\u{e0fff}' => c.escape_unicode().to_string(),
        c => c.to_string(),
    }
}

/// Prints text on standard output at once, also into a pipe. When whoever read that pipe has left
/// (`client … | head -2`), the program ends: nobody asked for more.
pub fn print(text: &str) {
    let mut out = io::stdout().lock();
    let printed = out.write_all(text.as_bytes()).and_then(|()| out.flush());
    if printed.is_err_and(|error| error.kind() == io::ErrorKind::BrokenPipe) {
        process::exit(0);
    }
}

/// How many columns a text takes: a Chinese character takes two.
pub fn width(text: &str) -> usize {
    let wide = |c| {
        matches!(c, '\u{1100}'..='\u{115f}' | '\u{2e80}'..='\u{a4cf}' | '\u{ac00}'..='\u{d7a3}'
            | '\u{f900}'..='\u{faff}' | '\u{fe30}'..='\u{fe6f}' | '\u{ff00}'..='\u{ff60}'
            | '\u{ffe0}'..='\u{ffe6}' | '\u{1f300}'..='\u{1faff}' | '\u{20000}'..='\u{3fffd}')
    };
    text.chars().map(|c| if wide(c) { 2 } else { 1 }).sum()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_that_commands_a_terminal_or_hides_gets_through() {
        for c in ('\0'..=' ').chain('\u{7f}'..='\u{a0}').chain(
            "\u{ad}\u{61c}\u{180e}\u{200b}\u{200d}\u{200e}\u{2028}\u{202a}\u{202e}\u{2060}\u{2066}\
             \u{2069}\u{feff}\u{e0001}"
                .chars(),
        ) {
            let shown = visible(c.to_string());
            let harmless = [' ', '\u{a0}'].contains(&c);
            assert_eq!(shown.starts_with('\\'), !harmless, "U+{:04X}: {shown}", u32::from(c));
            assert!(harmless || shown.bytes().all(|byte| byte.is_ascii_graphic()), "{shown}");
        }
    }

    #[test]
    fn what_can_be_read_stays_as_it_is() {
        for text in ["hello", "{\"a\":'b'}", "服务器回应:水　💧", "नमस्ते", "e\u{301}"]
        {
            assert_eq!(visible(text), text);
        }
    }

    #[test]
    fn bytes_that_are_no_text_are_shown_as_numbers() {
        assert_eq!(visible(b"a\x80\xe6\xb0b"), r"a\x80\xe6\xb0b");
    }
}
