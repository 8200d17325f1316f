//! Chapters 7, 9 and 10: WebSockets that are open, or nearly.

use super::{Check, holds, miss, predicted, same, serve};
use crate::support::{Program, frames};
use push_by_hand::connection::Connection;
use push_by_hand::feed::{Feed, Id, Message};
use push_by_hand::http::{Request, Response};
use push_by_hand::json;
use push_by_hand::server::{Responder, Sent};
use push_by_hand::websocket::handshake::check_answer;
use push_by_hand::websocket::{self, Accept, CONNECT_LIMIT, Client, Error, Message as Received, Opcode, Policy, Url, WebSocket};
use std::io;
use std::sync::Arc;

pub fn predict_the_reply(bytes: Option<u64>) -> Check {
    let lesson = Program::start(env!("CARGO_BIN_EXE_websocket"), &["--port", "0", "--page-port", "0"]);
    let url = Url::parse(&lesson.url("socket")).unwrap();
    let connection = Connection::connect((url.host.as_str(), url.port), CONNECT_LIMIT).unwrap();
    let writer = connection.writer();
    let mut client = Client::over(connection, &url, &[]).unwrap();
    let before = writer.octets().0;
    let mut socket = client.socket();
    socket.send_text("你").unwrap();
    socket.receive().unwrap();
    predicted("how many bytes come back", bytes, writer.octets().0 - before)
}

pub fn a_room(room: fn(&mut WebSocket<'_>, &Feed, Id) -> Result<(), Error>) -> Check {
    const SAID: &str = "she said \"hi\"\nand left";
    let feed = Arc::new(Feed::new(1_763_700_000_000, 100, 1 << 20));
    let shared = Arc::clone(&feed);
    let talk = move |socket: &mut WebSocket<'_>| room(socket, &shared, shared.origin());
    let port = serve(move |request, responder| websocket::serve(request, responder, &Policy::default(), &talk));
    let mut clients = [frames::open(port, "/push"), frames::open(port, "/push")];
    // The Pong comes when the server is done with the text before it.
    clients[0].send(frames::masked(0x81, SAID.as_bytes()));
    clients[0].send(frames::masked(0x89, b""));
    let mut heard = [Vec::new(), Vec::new()];
    loop {
        let frame = frames::next(&mut clients[0]);
        if frame.opcode == Opcode::Pong {
            break;
        }
        heard[0].push(String::from_utf8_lossy(&frame.payload).into_owned());
    }
    // What was published before this has been heard by whoever hears this.
    feed.publish("the end");
    for (client, heard) in clients.iter_mut().zip(&mut heard) {
        while heard.last().is_none_or(|text| !text.contains("the end")) {
            heard.push(frames::next_text(client));
        }
    }
    for (who, heard) in ["the one who said it", "the other"].iter().zip(&heard) {
        let said = heard.iter().filter(|text| text.contains(&format!("\"data\":{}", json::string(SAID)))).count();
        let asked = format!("{SAID:?}, as {who} hears it, until \"the end\"");
        holds(said == 1 && heard.len() == 2, &asked, "it once, as JSON", heard.join("\n"))?;
    }
    Ok(())
}

pub fn a_subprotocol(connect: fn(&Request, Responder<'_>, &Message) -> io::Result<Sent>) -> Check {
    let id = Id { epoch: 1_763_700_000_000, seq: 42 };
    let message = Message { id, time: 1_763_700_042_000, event: "message".into(), data: "07:20:01".into() };
    let (short, long) = (message.data.clone(), json::message(&message));
    let port = serve(move |request, responder| connect(request, responder, &message));
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/push")).unwrap();
    for (offered, chosen, text) in
        [(&[][..], None, &long), (&["time.v1"], Some("time.v1"), &short), (&["chat", "time.v1"], Some("time.v1"), &short)]
    {
        let asked = format!("a client that offers {offered:?}");
        let mut client = Client::connect(&url, offered).map_err(|error| miss(&asked, "a 101", error))?;
        same(&format!("{asked}: what the server chooses"), chosen, client.protocol.as_deref())?;
        let came = client.socket().receive().map_err(|error| miss(&asked, "a message", error))?;
        same(&format!("{asked}: its message"), Some(Received::Text(text.clone())), came)?;
    }
    Ok(())
}

pub fn close_codes(codes: [(&[u8], Option<u16>); 6]) -> Check {
    let echo = |socket: &mut WebSocket<'_>| -> Result<(), Error> {
        while let Some(message) = socket.receive()? {
            socket.send(&message)?;
        }
        Ok(())
    };
    let port = serve(move |request, responder| websocket::serve(request, responder, &Policy::default(), echo));
    for (bytes, code) in codes {
        let mut client = frames::open(port, "/");
        client.send(bytes);
        predicted(&format!("the code that answers {}", bytes.escape_ascii()), code, frames::close_and_end(&mut client).0)?;
    }
    Ok(())
}

pub fn trust_the_answer(is_ours: fn(&Response, &str) -> bool) -> Check {
    const KEY: &str = "dGhlIHNhbXBsZSBub25jZQ==";
    let accept = |key| format!("Sec-WebSocket-Accept: {}\r\n", Accept::of(key).value);
    let (ours, upgrade) = (accept(KEY), "Upgrade: websocket\r\nConnection: Upgrade\r\n");
    for (status, fields) in [
        ("101 Switching Protocols", format!("{upgrade}{ours}")),
        ("101", format!("connection: keep-alive, UPGRADE\r\nUPGRADE: WebSocket\r\n{ours}")),
        ("200 OK", format!("{upgrade}{ours}")),
        ("101 Switching Protocols", format!("{upgrade}{}", accept("AAAAAAAAAAAAAAAAAAAAAA=="))),
        ("101 Switching Protocols", upgrade.into()),
        ("101 Switching Protocols", format!("Upgrade: h2c\r\nConnection: Upgrade\r\n{ours}")),
        ("101 Switching Protocols", format!("Upgrade: websocket\r\n{ours}")),
        ("101 Switching Protocols", format!("{upgrade}{ours}Sec-WebSocket-Protocol: chat\r\n")),
        ("101 Switching Protocols", format!("{upgrade}{ours}Sec-WebSocket-Extensions: permessage-deflate\r\n")),
    ] {
        let text = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
        let answer = Response::read_from(&mut text.as_bytes(), false, 0).unwrap();
        let verdict = |ours| if ours { "ours" } else { "not ours" };
        same(text.trim_end(), verdict(check_answer(&answer, KEY, &[]).is_ok()), verdict(is_ours(&answer, KEY)))?;
    }
    Ok(())
}
