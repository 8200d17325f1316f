use super::exercise::shout;
use crate::checks::{Check, open, same, say, serve};
use crate::support::frames;
use push_by_hand::websocket::{self, Opcode, Policy};

pub fn check() -> Check {
    let mut client = open(
        serve(|request, responder| websocket::serve(request, responder, &Policy::default(), shout)),
        "/",
    );
    let long = "x".repeat(125);
    for text in ["hello", "straße", "ŉ", "", &long] {
        client.send(frames::masked(0x81, text.as_bytes()));
        let asked = say("answer", &[&format!("{text:?}")]);
        same(asked, text.to_uppercase(), frames::next_text(&mut client))?;
    }
    client.send(frames::masked(0x82, b"\xffbytes"));
    let asked = say("six bytes", &[]);
    let answer = frames::next(&mut client);
    let expected = (Opcode::Binary, b"\xffbytes".to_vec());
    same(asked, expected, (answer.opcode, answer.payload))
}
