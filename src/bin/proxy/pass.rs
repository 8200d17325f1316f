//! What any intermediary does: a request in, a request out; an answer in, an answer out (RFC 9110
//! §7.6). Where one ends is read anew and written anew, so that the two ends can never disagree
//! about it.

use crate::line::Line;
use crate::network::{Network, Passage};
use push_by_hand::connection::{Connection, Waited, Writer};
use push_by_hand::http::body::{Body, Framing};
use push_by_hand::http::{Fields, Method, Request, Response, Status, Version};
use push_by_hand::server::{Reserved, Responder, Sent, Threads};
use std::io;
use std::sync::Arc;
use std::sync::atomic::Ordering;
use std::thread;
use std::time::{Duration, Instant};

/// How we call ourselves in `Via`.
const NAME: &str = "push-by-hand";
/// The most that is held of an answer, in KiB, whatever the switch says.
const MOST_HELD: u64 = 64 * 1024;
/// How long the server may take to accept a connection.
const CONNECT_LIMIT: Duration = Duration::from_secs(5);
/// How often a request that waits for its answer looks whether its client is still there.
const LOOK: Duration = Duration::from_millis(250);
/// A tunnel may be silent for as long as it likes: what cuts it is a switch.
const FOR_EVER: Duration = Duration::from_secs(24 * 3600);
/// The fields that are for the next hop alone, whether `Connection` names them or not (RFC 9110
/// §7.6.1); and what tells where a body ends, which is written anew.
const HOP_BY_HOP: [&str; 9] = [
    "Connection",
    "Proxy-Connection",
    "Keep-Alive",
    "TE",
    "Trailer",
    "Transfer-Encoding",
    "Upgrade",
    "Content-Length",
    "Expect",
];

/// Passes a request on, and the answer back.
pub fn pass(
    network: &Network,
    threads: &Arc<Threads>,
    request: &Request,
    mut responder: Responder<'_>,
) -> io::Result<Sent> {
    let what = format!("{} {}", request.method.name(), request.target);
    let (guard, fails) = network.begin(what, responder.writer());
    let passage = &*guard.passage;
    network.wait_out_the_silence(passage)?;
    if fails {
        return Err(io::ErrorKind::ConnectionReset.into());
    }
    if network.get("refuse") > 0 {
        return responder.send(bad_gateway("this proxy has been told to answer so"));
    }
    // RFC 9110 §7.6.2: a question that goes no further is for us.
    if hops_left(request) == Some(0) {
        let here = Response::new(Status::NO_CONTENT);
        return responder.send(here.with("Allow", "GET, HEAD, POST, PUT, PATCH, DELETE, OPTIONS"));
    }
    // A thread for each direction beside this one: two for a tunnel, which has two directions.
    let places: Option<Vec<Reserved>> = (0..3).map(|_| threads.reserve()).collect();
    let Some(_places) = places else {
        let busy = Response::refusal(Status::SERVICE_UNAVAILABLE, "expected three free threads");
        return responder.send(busy.with("Retry-After", "1"));
    };
    let upgrade = wants_upgrade(request) && network.get("upgrade") == 0;
    let mut server = match ask(network, passage, request, upgrade) {
        Ok(server) => server,
        Err(error) => return responder.send(bad_gateway(&error.to_string())),
    };
    if !answers_in_time(&mut server, &mut responder, network.answer)? {
        let late = "expected an answer from the server behind this proxy; none came in time";
        return responder.send(Response::refusal(Status::GATEWAY_TIMEOUT, late));
    }
    server.set_deadline(network.answer);
    let head = read_head(network, passage, request, &mut server, &mut responder);
    let (response, framing) = match head {
        Ok(head) => head,
        Err(error) => return responder.send(bad_gateway(&error.to_string())),
    };
    server.set_patience(FOR_EVER);
    if response.status == Status::SWITCHING_PROTOCOLS {
        return match upgrade {
            true => tunnel(network, passage, response, responder, server),
            false => responder.send(bad_gateway("a 101 that nobody asked for")),
        };
    }
    answer(network, passage, request, response, framing, responder, server)
}

/// How many hops OPTIONS may still go, where it says so.
fn hops_left(request: &Request) -> Option<u64> {
    let hops = request.fields.get("Max-Forwards").filter(|_| request.method == Method::Options);
    hops?.parse().ok()
}

/// Reads the head of the answer. RFC 9110 §15.2: interim answers before it are passed on, to
/// whoever knows them.
fn read_head(
    network: &Network,
    passage: &Passage,
    request: &Request,
    server: &mut Connection,
    responder: &mut Responder<'_>,
) -> io::Result<(Response, Framing)> {
    loop {
        let (mut response, framing) =
            Response::read_any_head_from(server, request.method == Method::Head)?;
        if !response.status.is_interim() {
            return Ok((response, framing));
        }
        network.wait_out_the_delay(passage, Instant::now())?;
        network.wait_out_the_silence(passage)?;
        response.fields = end_to_end(&response.fields);
        responder.send_interim(&response)?;
    }
}

/// Waits for the server's answer, for as long as the client waits for ours. A server that hangs up
/// instead is found when its answer is read.
fn answers_in_time(
    server: &mut Connection,
    responder: &mut Responder<'_>,
    limit: Duration,
) -> io::Result<bool> {
    let deadline = Instant::now() + limit;
    while matches!(server.wait_for_input(LOOK), Ok(Waited::TimedOut)) {
        if responder.client_has_ended() {
            return Err(io::ErrorKind::BrokenPipe.into());
        }
        if Instant::now() > deadline {
            return Ok(false);
        }
    }
    Ok(true)
}

/// Sends the request to the server, on a connection of its own.
fn ask(
    network: &Network,
    passage: &Passage,
    request: &Request,
    upgrade: bool,
) -> io::Result<Connection> {
    let came = Instant::now();
    let mut fields = end_to_end(&request.fields);
    if fields.get("Host") != Some(request.host()) {
        // RFC 9112 §3.2.2: the authority of the request-target replaces Host.
        fields = fields.without(|name| name.eq_ignore_ascii_case("Host"));
        let host = Some(request.host()).filter(|host| !host.is_empty());
        fields.push("Host", host.unwrap_or(&network.to.authority));
    }
    if let Some(hops) = hops_left(request) {
        fields = fields.without(|name| name.eq_ignore_ascii_case("Max-Forwards"));
        fields.push("Max-Forwards", &hops.saturating_sub(1).to_string());
    }
    // RFC 9110 §7.6.3: the version that came, and who passes it on.
    let version = if request.version == Version::Http10 { "1.0" } else { "1.1" };
    fields.push("Via", &format!("{version} {NAME}"));
    if !request.body.is_empty() || request.fields.get("Content-Length").is_some() {
        fields.push("Content-Length", &request.body.len().to_string());
    }
    if upgrade {
        fields.push("Upgrade", "websocket");
    }
    fields.push("Connection", if upgrade { "Upgrade" } else { "close" });
    let mut forwarded = request.clone();
    (forwarded.fields, forwarded.version) = (fields, Version::Http11);
    let bytes = forwarded.to_bytes();

    network.wait_out_the_delay(passage, came)?;
    let to = (network.to.host.as_str(), network.to.port);
    let server = Connection::connect(to, CONNECT_LIMIT, None)?;
    let to = server.writer();
    passage.joined_by(to.clone());
    let flow = &passage.up;
    let line =
        Line { network, passage, flow, to: &to, hold: 0, alone: false, written: <[u8]>::to_vec };
    line.send(&bytes)?;
    passage.doing("waiting");
    Ok(server)
}

/// Passes an answer on: the head with its fields, the body piece by piece.
fn answer(
    network: &Network,
    passage: &Passage,
    request: &Request,
    mut response: Response,
    framing: Framing,
    responder: Responder<'_>,
    mut server: Connection,
) -> io::Result<Sent> {
    let came = Instant::now();
    let length = response.fields.get("Content-Length").and_then(|text| text.parse().ok());
    response.fields = end_to_end(&response.fields);
    response.fields.push("Via", &format!("1.1 {NAME}"));
    let hold = usize::try_from(1024 * network.get("hold").min(MOST_HELD)).unwrap_or(usize::MAX);
    let to = responder.writer();
    let mut body = Body::new(&mut server, framing);
    let mut carry = |written| {
        let flow = &passage.down;
        let line = Line { network, passage, flow, to: &to, hold, alone: true, written };
        line.carry(&mut body, came)
    };
    if request.method == Method::Head || response.status.never_has_content() {
        network.wait_out_the_delay(passage, came)?;
        network.wait_out_the_silence(passage)?;
    }
    match (framing, length) {
        (Framing::Length(_), Some(length)) => {
            responder.send_with(response, length, |_| {
                carry(<[u8]>::to_vec)?;
                // Fewer than were announced: only the end of the connection can say so.
                let whole = passage.down.taken.load(Ordering::Relaxed) == length as u64;
                if whole { Ok(()) } else { Err(io::ErrorKind::ConnectionReset.into()) }
            })
        }
        // Chunks, where the client knows them. Where it does not, the end of the connection.
        _ if request.version == Version::Http11 => responder.stream(response, |_| carry(chunk)),
        _ => responder.stream(response, |_| carry(<[u8]>::to_vec)),
    }
}

/// A piece as a chunk. Not by the library's writer, which never cuts a chunk in two.
fn chunk(piece: &[u8]) -> Vec<u8> {
    [format!("{:x}\r\n", piece.len()).as_bytes(), piece, b"\r\n"].concat()
}

/// After a 101: bytes both ways, whatever they mean.
fn tunnel(
    network: &Network,
    passage: &Passage,
    mut response: Response,
    responder: Responder<'_>,
    mut server: Connection,
) -> io::Result<Sent> {
    response.fields = end_to_end(&response.fields);
    response.fields.push("Upgrade", "websocket");
    response.fields.push("Connection", "Upgrade");
    network.wait_out_the_delay(passage, Instant::now())?;
    network.wait_out_the_silence(passage)?;
    responder.switch_protocols(response, |client| {
        client.set_patience(FOR_EVER);
        let (to_client, to_server) = (client.writer(), server.writer());
        let written = <[u8]>::to_vec;
        let line = |flow, to| Line { network, passage, flow, to, hold: 0, alone: false, written };
        let carry = |line: Line<'_>, from: &mut Connection| {
            line.carry(from, Instant::now())?;
            end(line.to)
        };
        thread::scope(|scope| {
            let up = scope.spawn(|| carry(line(&passage.up, &to_server), client));
            let down = carry(line(&passage.down, &to_client), &mut server);
            let up = up.join().unwrap_or_else(|_| Err(io::Error::other("a thread panicked")));
            down.and(up)
        })
    })
}

/// One direction is over; the other may still have something to say. Whoever is gone already need
/// not be told.
fn end(to: &Writer) -> io::Result<()> {
    let _ = to.end();
    Ok(())
}

/// The fields that are for both ends, without those that were for the way to us.
fn end_to_end(fields: &Fields) -> Fields {
    fields.without(|name| {
        let listed = HOP_BY_HOP.iter().any(|hop| hop.eq_ignore_ascii_case(name));
        listed || fields.contains_token("Connection", name) && !name.eq_ignore_ascii_case("Host")
    })
}

fn wants_upgrade(request: &Request) -> bool {
    // RFC 9110 §7.8: in HTTP/1.0 there is no Upgrade.
    request.version == Version::Http11
        && request.fields.contains_token("Upgrade", "websocket")
        && request.fields.contains_token("Connection", "Upgrade")
}

fn bad_gateway(why: &str) -> Response {
    let reason = format!("expected an answer from the server behind this proxy; {why}");
    Response::refusal(Status::BAD_GATEWAY, &reason)
}
