//! The type may go, for `message` is what a block without one has; and so may the spaces.

use push_by_hand::feed::Message;

pub fn block(message: &Message) -> String {
    format!("id:{}\ndata:{}\n\n", message.id.seq, message.data)
}
