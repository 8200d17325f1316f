use super::exercise::connect;
use crate::checks::{Check, EPOCH, miss, same, say, serve};
use push_by_hand::feed::{Id, Message};
use push_by_hand::json;
use push_by_hand::websocket::{Client, Message as Received, Url};

pub fn check() -> Check {
    let id = Id { epoch: EPOCH, seq: 42 };
    let data = "07:20:01".to_owned();
    let message = Message {
        id,
        time: EPOCH + 42_000,
        event: "message".into(),
        data: data.clone(),
        written: String::new(),
    };
    let (short, long) = (data, json::message(&message));
    let port = serve(move |request, responder| connect(request, responder, &message));
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/push")).unwrap();
    for (offered, chosen, text) in [
        (&[][..], None, &long),
        (&["time.v1"], Some("time.v1"), &short),
        (&["chat", "time.v1"], Some("time.v1"), &short),
    ] {
        let offers = format!("{offered:?}");
        let mut client = Client::connect(&url, offered)
            .map_err(|error| miss(say("connects", &[&offers]), "101", error))?;
        same(say("chooses", &[&offers]), chosen, client.protocol.as_deref())?;
        let asked = say("message", &[&offers]);
        match client.socket().receive() {
            Ok(came) => same(asked, Some(Received::Text(text.clone())), came)?,
            Err(error) => return Err(miss(asked, text, error)),
        }
    }
    Ok(())
}
