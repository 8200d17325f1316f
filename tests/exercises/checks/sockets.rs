//! Chapters 7, 9 and 10: WebSockets that are open, or nearly.

use super::{Check, holds, miss, predicted, same, serve};
use crate::support::{Program, frames};
use push_by_hand::connection::{Connection, Crossing, Tap};
use push_by_hand::feed::{Feed, Id, Message};
use push_by_hand::http::{Request, Response, Status};
use push_by_hand::json;
use push_by_hand::lesson::after;
use push_by_hand::server::{Limits, Responder, Sent, Server};
use push_by_hand::websocket::handshake::{self, check_answer};
use push_by_hand::websocket::{
    self, Accept, CONNECT_LIMIT, Client, DEFAULT_LIMIT, Error, Header, Message as Received,
    MessageReader, Opcode, Policy, Role, Url, WebSocket,
};
use std::io::{self, Write};
use std::process::{Command, Stdio};
use std::sync::{Arc, Mutex};

pub fn predict_the_reply(bytes: Option<u64>) -> Check {
    let lesson =
        Program::start(env!("CARGO_BIN_EXE_websocket"), &["--port", "0", "--page-port", "0"]);
    let url = Url::parse(&lesson.url("socket")).unwrap();
    let connection = Connection::connect((url.host.as_str(), url.port), CONNECT_LIMIT).unwrap();
    let writer = connection.writer();
    let mut client = Client::over(connection, &url, &[]).unwrap();
    let before = writer.bytes().0;
    let mut socket = client.socket();
    socket.send_text("你").unwrap();
    socket.receive().unwrap();
    predicted("how many bytes come back", bytes, writer.bytes().0 - before)
}

pub fn a_room(room: fn(&mut WebSocket<'_>, &Feed, Id) -> Result<(), Error>) -> Check {
    const SAID: &str = "she said \"hi\"\nand left";
    let feed = Arc::new(Feed::new(1_763_700_000_000, 100, 1 << 20));
    let shared = Arc::clone(&feed);
    let talk = move |socket: &mut WebSocket<'_>| room(socket, &shared, shared.origin());
    let port = serve(move |request, responder| {
        websocket::serve(request, responder, &Policy::default(), &talk)
    });
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
        let said = heard
            .iter()
            .filter(|text| text.contains(&format!("\"data\":{}", json::string(SAID))))
            .count();
        let asked = format!("{SAID:?}, as {who} hears it, until \"the end\"");
        holds(said == 1 && heard.len() == 2, &asked, "it once, as JSON", heard.join("\n"))?;
    }
    Ok(())
}

pub fn a_subprotocol(connect: fn(&Request, Responder<'_>, &Message) -> io::Result<Sent>) -> Check {
    let id = Id { epoch: 1_763_700_000_000, seq: 42 };
    let message =
        Message { id, time: 1_763_700_042_000, event: "message".into(), data: "07:20:01".into() };
    let (short, long) = (message.data.clone(), json::message(&message));
    let port = serve(move |request, responder| connect(request, responder, &message));
    let url = Url::parse(&format!("ws://127.0.0.1:{port}/push")).unwrap();
    for (offered, chosen, text) in [
        (&[][..], None, &long),
        (&["time.v1"], Some("time.v1"), &short),
        (&["chat", "time.v1"], Some("time.v1"), &short),
    ] {
        let asked = format!("a client that offers {offered:?}");
        let mut client =
            Client::connect(&url, offered).map_err(|error| miss(&asked, "a 101", error))?;
        same(&format!("{asked}: what the server chooses"), chosen, client.protocol.as_deref())?;
        let came = client.socket().receive().map_err(|error| miss(&asked, "a message", error))?;
        same(&format!("{asked}: its message"), Some(Received::Text(text.clone())), came)?;
    }
    Ok(())
}

/// Sends back what comes.
fn echo(socket: &mut WebSocket<'_>) -> Result<(), Error> {
    while let Some(message) = socket.receive()? {
        socket.send(&message)?;
    }
    Ok(())
}

fn serve_sockets(talk: fn(&mut WebSocket<'_>) -> Result<(), Error>) -> u16 {
    serve(move |request, responder| websocket::serve(request, responder, &Policy::default(), talk))
}

type Fault = Option<(&'static str, u16)>;

pub fn which_is_wrong(faults: [(&[u8], Fault); 8]) -> Check {
    // As `websocket::serve`, without the line in the log for each frame that is wrong on purpose.
    let port = serve(|request, responder| match handshake::answer(request, &Policy::default()) {
        Err(refusal) => responder.send(refusal.response()),
        Ok(answer) => responder.switch_protocols(answer, |connection| {
            let outcome = echo(&mut WebSocket::new(connection, Role::Server));
            if let Err(Error::Violation(_)) = outcome { Ok(()) } else { Ok(outcome?) }
        }),
    });
    for (bytes, fault) in faults {
        let asked = format!("the section and the code for {}", bytes.escape_ascii());
        let mut client = frames::open(port, "/");
        client.send(bytes);
        let (code, _) = frames::close_and_end(&mut client);
        let section = match MessageReader::new(Role::Server, DEFAULT_LIMIT).read_from(&mut &*bytes)
        {
            Err(Error::Violation(violation)) => violation.section(),
            came => return Err(miss(&asked, "a frame that is wrong", format!("{came:?}"))),
        };
        predicted(&asked, fault, (section, code))?;
    }
    Ok(())
}

pub fn frame_by_hand(frame: Option<&[u8]>) -> Check {
    let mut expected = Vec::new();
    Header { fin: true, opcode: Opcode::Text, masking_key: Some([1, 2, 3, 4]), length: 2 }
        .write_to(&mut expected);
    let Some(frame) = frame else { return predicted("the frame of OK", None, ()) };
    let head = frame[..frame.len().min(expected.len())].escape_ascii().to_string();
    same("its header, from FIN to the masking-key", expected.escape_ascii().to_string(), head)?;
    same("how many bytes it has", expected.len() + 2, frame.len())?;
    let mut client = frames::open(serve_sockets(echo), "/");
    client.send(frame);
    let echo = frames::next(&mut client);
    same("what a server reads in it", "OK".into(), String::from_utf8_lossy(&echo.payload))
}

pub fn shout(shout: fn(&mut WebSocket<'_>) -> Result<(), Error>) -> Check {
    let mut client = frames::open(serve_sockets(shout), "/");
    let long = "x".repeat(125);
    for text in ["hello", "straße", "ŉ", "", &long] {
        client.send(frames::masked(0x81, text.as_bytes()));
        same(
            &format!("the answer to {text}"),
            text.to_uppercase(),
            frames::next_text(&mut client),
        )?;
    }
    client.send(frames::masked(0x82, b"\xffbytes"));
    let answer = frames::next(&mut client);
    same(
        "the answer to six bytes",
        (Opcode::Binary, &b"\xffbytes"[..]),
        (answer.opcode, &answer.payload),
    )
}

pub fn predict_the_goodbye(bytes: Option<usize>) -> Check {
    let received = Arc::new(Mutex::new(Vec::new()));
    let record = Arc::clone(&received);
    let tap: Tap = Arc::new(move |_, crossing| {
        if let Crossing::Received(bytes) = crossing {
            record.lock().unwrap().extend_from_slice(bytes);
        }
    });
    let server = Server::new(Limits::default(), Some(tap)).unwrap();
    let port = server.bind("127.0.0.1", 0).unwrap();
    let url = format!("ws://127.0.0.1:{}/", port.number);
    port.serve(|request, responder| websocket::serve(request, responder, &Policy::default(), echo))
        .unwrap();
    let mut client = Command::new(env!("CARGO_BIN_EXE_client"))
        .arg(url)
        .stdin(Stdio::piped())
        .stdout(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .unwrap();
    client.stdin.take().unwrap().write_all(b"hello\n").unwrap();
    client.wait().unwrap();
    let received = received.lock().unwrap();
    let head = received.windows(4).position(|end| end == b"\r\n\r\n").map_or(0, |at| at + 4);
    predicted("how many bytes come after the handshake", bytes, received.len() - head)
}

/// Three connections: each sends two messages and a text that is none, and breaks.
pub fn back_again(target: fn(&[String]) -> String) -> Check {
    let feed = Arc::new(Feed::new(1_763_700_000_000, 100, 1 << 20));
    feed.publish("a");
    let shared = Arc::clone(&feed);
    let port = serve(move |request, responder| match after(request, &shared) {
        Ok(after) => websocket::serve(request, responder, &Policy::default(), |socket| {
            for message in shared.after(after).messages.iter().take(2) {
                socket.send_text(&json::message(message))?;
            }
            socket.send_text(r#"{"missed":0}"#)
        }),
        Err(expected) => responder.send(Response::refusal(Status::BAD_REQUEST, &expected)),
    });
    let mut heard: Vec<String> = Vec::new();
    for connection in 1..=3 {
        let target = target(&heard);
        let asked = format!("connection {connection}, to {target}");
        let url = Url::parse(&format!("ws://127.0.0.1:{port}{target}"))
            .map_err(|error| miss(&asked, "a target", error))?;
        let mut client =
            Client::connect(&url, &[]).map_err(|error| miss(&asked, "a 101", error))?;
        let mut socket = client.socket();
        while let Ok(Some(Received::Text(text))) = socket.receive() {
            heard.push(text);
        }
        if connection == 1 {
            for data in ["b", "c", "d", "e"] {
                feed.publish(data);
            }
        }
        let data: Vec<_> = heard
            .iter()
            .filter_map(|text| text.split("\"data\":").nth(1))
            .map(|data| &data[1..2])
            .collect();
        let all = ["a", "b", "c", "d", "e"];
        same(&format!("{asked}: all that was heard so far"), &all[..connection * 2 - 1], &data)?;
    }
    Ok(())
}

pub fn say_it_in_binary(message: fn(&str) -> Received) -> Check {
    let port = serve_sockets(echo);
    let mut client =
        Client::connect(&Url::parse(&format!("ws://127.0.0.1:{port}/")).unwrap(), &[]).unwrap();
    let mut socket = client.socket();
    for (line, bytes) in [
        ("hello", None),
        ("0x00ff", Some(&b"\x00\xff"[..])),
        ("0x68656C6c6f", Some(b"hello")),
        (" 0x00", None),
        ("0xhell", None),
        ("0x0", None),
        ("0x+1", None),
        ("0x0é1", None),
    ] {
        let expected =
            bytes.map_or(Received::Text(line.into()), |bytes| Received::Binary(bytes.into()));
        socket.send(&message(line)).unwrap();
        same(
            &format!("what a server gets of the line {line:?}"),
            Some(expected),
            socket.receive().unwrap(),
        )?;
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
        (
            "101 Switching Protocols",
            format!("{upgrade}{ours}Sec-WebSocket-Extensions: permessage-deflate\r\n"),
        ),
    ] {
        let text = format!("HTTP/1.1 {status}\r\n{fields}\r\n");
        let answer = Response::read_from(&mut text.as_bytes(), false, 0).unwrap();
        let verdict = |ours| if ours { "ours" } else { "not ours" };
        same(
            text.trim_end(),
            verdict(check_answer(&answer, KEY, &[]).is_ok()),
            verdict(is_ours(&answer, KEY)),
        )?;
    }
    Ok(())
}
