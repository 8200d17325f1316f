//! Only numbers of one epoch can be compared, and only Redis knows the newest of them.

use push_by_hand::feed::Id;

#[derive(Debug, PartialEq)]
pub enum Answer {
    /// What comes after the reader's id, from the window.
    Serve,
    /// The same, and word that so many are gone.
    Missed(u64),
    /// Redis may know this id.
    AskRedis,
    /// Nobody knows it: all that there is.
    Reset,
}

/// `oldest` is the number of the first message in the window. `asked`: the window was just filled
/// up to where Redis is.
pub fn answer(reader: Id, oldest: u64, newest: Id, asked: bool) -> Answer {
    if reader.epoch != newest.epoch || reader.seq > newest.seq {
        return if asked { Answer::Reset } else { Answer::AskRedis };
    }
    match oldest.saturating_sub(reader.seq + 1) {
        0 => Answer::Serve,
        missed => Answer::Missed(missed),
    }
}
