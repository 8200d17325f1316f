//! A WebSocket server down to the bit: the steps of the tutorial's Node program
//! (`net.createServer`), in its order.
//!
//! Read it beside that program: each comment in quotes names the line there. Where that line is
//! wrong for some clients, what stands here is right for all, and says what it adds. Node's
//! `crypto` and `Buffer` are library calls here too, and so is `unmask`.
//!
//! Read `shake_hands` first, then `converse` and `read_frame`.

use push_by_hand::connection::{Connection, Waited};
use push_by_hand::http::{Method, Request, Response, Status, Version};
use push_by_hand::lesson::{Failure, Lesson, announce, print};
use push_by_hand::pages;
use push_by_hand::websocket::handshake::{Policy, Refusal, answer, decode_key};
use push_by_hand::websocket::{Accept, Close, Error, NotUtf8, Opcode, Violation, mask};
use std::io::Read;
use std::time::Duration;

const LESSON: Lesson =
    Lesson::new("raw_websocket", "a WebSocket, bit by bit, in the order of the Node program", 9999);

/// The longest message that is taken, in bytes.
const LIMIT: u64 = 16 * 1024 * 1024;
/// How long a client may be silent before it is asked whether it is there, and again before it is
/// given up.
const SILENCE: Duration = Duration::from_secs(30);

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let server = options.server()?;
    let port = options.bind(&server)?;
    announce("page", &options.origin("http", &port));
    announce("socket", &options.origin("ws", &port));
    // "net.createServer(function (socket) { socket.once('data', …": a request may come in any
    // number of reads, and is complete at its empty line. The library waits for that; what arrived
    // behind it stays in the connection's buffer, for the first frame.
    port.serve(|request, responder| {
        // "if (data.match(/Upgrade: websocket/))": a name and a list of tokens, both in any case,
        // and not anywhere in the text. Without it this is a request like any other, and is
        // answered, too.
        if request.version != Version::Http11
            || !request.fields.contains_token("Upgrade", "websocket")
        {
            return responder.send(pages::answer(request, "raw_websocket.html"));
        }
        match shake_hands(request) {
            // "socket.write(response); socket.on('data', …": the same connection goes on, as
            // something else.
            Ok(response) => responder.switch_protocols(response, |connection| {
                serve(connection);
                Ok(())
            }),
            // Every "if" in that program lacks its "else": what it does not like waits for an
            // answer for ever.
            Err(response) => responder.send(response),
        }
    })?;
    server.wait()
}

/// The opening handshake (RFC 6455 §4.2): 101, or the answer that says what is missing.
fn shake_hands(request: &Request) -> Result<Response, Response> {
    if request.path() != "/" {
        return Err(Response::not_found(request));
    }
    // The program does not look at the method.
    if request.method != Method::Get {
        return Err(Response::method_not_allowed(request, "GET"));
    }
    // "let [key, value] = row.split(': ')": the space is optional, the value may contain ": ", and
    // the name is of any case.
    let fields = &request.fields;
    if !fields.contains_token("Connection", "Upgrade") {
        return Err(
            Refusal::Connection(fields.get("Connection").unwrap_or_default().into()).response()
        );
    }
    // "if (headers['Sec-WebSocket-Version'] == 13)": another version is told which one is spoken
    // here.
    match fields.get("Sec-WebSocket-Version") {
        Some("13") => {}
        other => return Err(Refusal::Version(other.unwrap_or_default().into()).response()),
    }
    // "let wsKey = headers['Sec-WebSocket-Key']": once, and sixteen bytes; the program hashes
    // "undefined" without a word.
    let key = match fields.get("Sec-WebSocket-Key") {
        Some(key) if fields.count("Sec-WebSocket-Key") == 1 => key,
        _ => return Err(Refusal::KeyOnce(fields.count("Sec-WebSocket-Key")).response()),
    };
    decode_key(key).map_err(|came| Refusal::Key(came).response())?;
    // Not in the program: any page on the web could connect to it. The library's handshake looks at
    // `Origin` last of all, so what it still refuses now is a page that is not ours.
    answer(request, &Policy::default()).map_err(|refusal| refusal.response())?;
    // "crypto.createHash('sha1').update(wsKey + CODE).digest('base64')".
    let accept_key = Accept::of(key).value;
    // "let response = ['HTTP/1.1 101 Switching Protocols', 'Upgrade: websocket', …].join('\r\n')".
    Ok(Response::new(Status::SWITCHING_PROTOCOLS)
        .with("Upgrade", "websocket")
        .with("Sec-WebSocket-Accept", &accept_key)
        .with("Connection", "Upgrade"))
}

/// "socket.on('end')", "socket.on('close')", "socket.on('error')": here they are what `converse`
/// returns, in one place.
fn serve(connection: &mut Connection) {
    match converse(connection) {
        Ok(()) => print("end\n"),
        Err(error) => {
            print(&format!("error {error}\n"));
            // Who broke a rule is told so before the connection ends (RFC 6455 §7.1.7).
            if let Error::Violation(violation) = error {
                let mut payload = Vec::new();
                Close::new(violation.close_code(), &violation.to_string()).write_to(&mut payload);
                // If it has left already, there is nobody to tell.
                let _ = connection
                    .writer()
                    .append(|out| write_frame(out, Opcode::Close as u8, &payload));
            }
        }
    }
    print("close\n");
}

/// One frame, taken apart.
struct Frame {
    fin: bool,
    opcode: Opcode,
    payload: Vec<u8>,
}

/// "socket.on('data', function (buffers) { … })", once for each frame, until the client has had
/// enough. What the program answers frame by frame is answered here message by message: a frame may
/// be a part of one, or no message at all.
fn converse(connection: &mut Connection) -> Result<(), Error> {
    let writer = connection.writer();
    // The message under way: what it is, and what has come of it.
    let mut begun: Option<Opcode> = None;
    let mut message = Vec::new();
    let mut asked = false;
    loop {
        match connection.wait_for_input(SILENCE)? {
            Waited::Ready => asked = false,
            Waited::Ended => return Ok(()),
            Waited::TimedOut if asked => return Err(Error::Silent),
            Waited::TimedOut => {
                asked = true;
                writer.append(|out| write_frame(out, Opcode::Ping as u8, b""))?;
                continue;
            }
        }
        let frame = read_frame(connection, message.len() as u64)?;
        match (frame.opcode, begun) {
            // The program sends a Ping back as a Ping, and answers a Close without ever closing.
            (Opcode::Ping, _) => {
                writer.append(|out| write_frame(out, Opcode::Pong as u8, &frame.payload))?
            }
            (Opcode::Pong, _) => {}
            (Opcode::Close, _) => {
                let mut payload = Vec::new();
                Close { reason: String::new(), ..Close::read_from(&frame.payload)? }
                    .write_to(&mut payload);
                writer.append(|out| write_frame(out, Opcode::Close as u8, &payload))?;
                return Ok(());
            }
            (Opcode::Continuation, None) => return Err(Violation::NothingToContinue.into()),
            (Opcode::Text | Opcode::Binary, Some(_)) => {
                return Err(Violation::MessageInterrupted { opcode: frame.opcode as u8 }.into());
            }
            (opcode, _) => {
                message.extend_from_slice(&frame.payload);
                let opcode = *begun.get_or_insert(opcode);
                if !frame.fin {
                    continue;
                }
                // Text is UTF-8, and whole messages are: a character may be split over two frames
                // (RFC 6455 §8.1).
                if opcode == Opcode::Text
                    && let Err(error) = str::from_utf8(&message)
                {
                    let at = error.valid_up_to();
                    return Err(Violation::Text(NotUtf8 {
                        at,
                        came: error.error_len().map(|_| message[at]),
                    })
                    .into());
                }
                // "//向客户端响应数据": the answer is the message, as it came.
                writer.append(|out| write_frame(out, opcode as u8, &message))?;
                begun = None;
                message.clear();
            }
        }
    }
}

/// Reads one frame (RFC 6455 §5.2). "buffers" is whatever TCP delivered: half a frame, or three;
/// here each `read_exact` waits for as many bytes as are needed, and takes no more. `before` is how
/// much of the message has come with earlier frames.
fn read_frame(connection: &mut Connection, before: u64) -> Result<Frame, Error> {
    let mut bytes = [0; 2];
    connection.read_exact(&mut bytes)?;
    // "let _fin = (buffers[0] & 0b10000000) === 0b10000000". The program never uses it.
    let fin = bytes[0] & 0b1000_0000 != 0;
    // Not in the program: three bits that only extensions may use.
    let rsv = (bytes[0] & 0b0111_0000) >> 4;
    if rsv != 0 {
        return Err(Violation::ReservedBits { bits: rsv }.into());
    }
    // "let _opcode = buffers[0] & 0b00001111". Ten of the sixteen values mean nothing.
    let opcode = Opcode::try_from(bytes[0] & 0b0000_1111)?;
    // "let _masked = buffers[1] & 0b100000000 === 0b100000000": nine bits where a byte has eight,
    // and === before &: that is the last bit of the length. A client must mask, so this is asked,
    // too.
    let masked = bytes[1] & 0b1000_0000 != 0;
    if !masked {
        return Err(Violation::NotMasked.into());
    }
    // "let _payloadLength = buffers[1] & 0b01111111": up to 125. A longer one stands in the bytes
    // that follow, highest byte first, and in no more of them than it needs.
    let length = match bytes[1] & 0b0111_1111 {
        length @ 126.. if opcode.is_control() => {
            return Err(Violation::ControlTooLong { length }.into());
        }
        126 => {
            let mut longer = [0; 2];
            connection.read_exact(&mut longer)?;
            match u16::from_be_bytes(longer).into() {
                length @ 0..126 => {
                    return Err(Violation::LengthNotMinimal { length, bytes: 2 }.into());
                }
                length => length,
            }
        }
        127 => {
            let mut longer = [0; 8];
            connection.read_exact(&mut longer)?;
            match u64::from_be_bytes(longer) {
                length @ 0..65_536 => {
                    return Err(Violation::LengthNotMinimal { length, bytes: 8 }.into());
                }
                length if length >> 63 == 1 => {
                    return Err(Violation::LengthTopBit { length }.into());
                }
                length => length,
            }
        }
        length => length.into(),
    };
    if opcode.is_control() && !fin {
        return Err(Violation::ControlFragmented { opcode: opcode as u8 }.into());
    }
    if !opcode.is_control() && length > LIMIT - before {
        let limit = usize::try_from(LIMIT).unwrap_or(usize::MAX);
        return Err(
            Violation::MessageTooLong { length: before.saturating_add(length), limit }.into()
        );
    }
    // "let _mask = buffers.slice(2, 6)": the key stands after the length, wherever that ends.
    let mut key = [0; 4];
    connection.read_exact(&mut key)?;
    // "let payload = buffers.slice(6)": as many bytes as the length says. What follows them is the
    // next frame.
    let mut payload = Vec::new();
    let came = connection.take(length).read_to_end(&mut payload)? as u64;
    if came < length {
        return Err(Error::CutOff { part: "a frame's payload", expected: length, came });
    }
    // "unmask(payload, _mask)": buffer[i] ^= mask[i & 3].
    mask(&mut payload, key, 0);
    Ok(Frame { fin, opcode, payload })
}

/// Writes one frame that is a whole message: "let response = Buffer.alloc(2 + payload.length)", and
/// two or eight bytes more where the length needs them.
fn write_frame(out: &mut Vec<u8>, opcode: u8, payload: &[u8]) {
    // "response[0] = _opcode | 0b10000000;//1表示发送结束".
    out.push(opcode | 0b1000_0000);
    // "response[1] = payload.length": up to 125. From 128 on, that line sets the MASK bit instead.
    let length = payload.len();
    if let Ok(length @ 0..=125) = u8::try_from(length) {
        out.push(length);
    } else if let Ok(length) = u16::try_from(length) {
        out.push(126);
        out.extend_from_slice(&length.to_be_bytes());
    } else {
        out.push(127);
        out.extend_from_slice(&(length as u64).to_be_bytes());
    }
    // "payload.copy(response, 2); socket.write(response)". It leaves when this connection next
    // waits for input.
    out.extend_from_slice(payload);
}
