//! The task: docs/14-many_machines.md, at its end. 题目：docs/zh/14-many_machines.md 末尾。

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
    match reader.seq + 1 < oldest || newest.seq < reader.seq || asked {
        true => Answer::Reset,
        false => Answer::Serve,
    }
}
