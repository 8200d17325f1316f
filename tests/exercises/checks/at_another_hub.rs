use super::exercise::{Answer, answer};
use crate::checks::{Check, EPOCH, same, say};
use push_by_hand::feed::{Feed, Gap, Id};

pub fn check() -> Check {
    // The window has the messages 5 to 9 of its epoch.
    let window = Feed::new(0, 5, 1 << 20);
    for seq in 5..=9 {
        window.append(Id { epoch: EPOCH, seq }, 0, "message", "");
    }
    for (epoch, seq) in
        [(0, 9), (0, 7), (0, 4), (0, 3), (0, 0), (0, 10), (0, u64::MAX), (1, 7), (1, 0)]
    {
        for asked in [false, true] {
            let reader = Id { epoch: EPOCH + epoch, seq };
            let expected = match window.after(reader).gap {
                Gap::None => Answer::Serve,
                Gap::Missed(count) => Answer::Missed(count),
                Gap::OtherRun if asked => Answer::Reset,
                Gap::OtherRun => Answer::AskRedis,
            };
            let newest = window.newest();
            let key = if asked { "as Redis" } else { "by itself" };
            same(say(key, &[&reader, &newest]), expected, answer(reader, 5, newest, asked))?;
        }
    }
    Ok(())
}
