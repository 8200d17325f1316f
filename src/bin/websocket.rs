//! WebSocket with a library, as with the `ws` package: `connection`, `message`, `send`. The library
//! is ours.
//!
//! The page comes from 3000, the socket listens on 8888: two origins, and no CORS between them.
//! What guards a socket is that the server looks at `Origin` itself. Read `answer` first, then
//! `push`.

use push_by_hand::feed::{Feed, Gap, Id};
use push_by_hand::http::{Method, Request, Response, Status};
use push_by_hand::lesson::{self, Failure, Lesson, MAX_TEXT, announce};
use push_by_hand::server::{Responder, Sent, Threads, say};
use push_by_hand::terminal::visible;
use push_by_hand::websocket::{self, CloseCode, Error, Message, Policy, Sender, State, WebSocket};
use push_by_hand::{clock, json, pages};
use std::io;
use std::sync::Arc;
use std::thread;
use std::time::{Duration, Instant};

const LESSON: Lesson = Lesson {
    page_port: Some(3000),
    ..Lesson::new("websocket", "either side speaks when it likes", 8888)
};

/// How many ticks the log keeps: five minutes of them.
const KEPT: usize = 300;
/// How long the pushing thread sleeps at most before it looks whether the socket is still open.
const LOOK: Duration = Duration::from_secs(1);
/// The stack of the pushing thread, in bytes.
const STACK: usize = 128 * 1024;

fn main() -> Result<(), Failure> {
    let options = LESSON.options();
    let server = options.server()?;
    let page = options.bind_page(&server)?;
    let socket = options.bind(&server)?;
    let socket_origin = options.origin("ws", &socket);
    let page_origin = options.origin("http", &page);
    let policy = Policy { origins: options.socket_origins(&page), ..Policy::default() };
    let feed = lesson::ticks(KEPT, |now| clock::time_of_day(now / 1000))?;

    announce("page", &page_origin);
    announce("socket", &socket_origin);
    options.what_next(LESSON.name, &format!("cargo run --bin client -- {socket_origin}/"));
    page.serve(move |request, responder| {
        responder.send(match (request.method, request.path()) {
            (Method::Get | Method::Head, "/socket-origin") => {
                Response::text(Status::OK, socket_origin.clone()).with("Cache-Control", "no-store")
            }
            (_, "/socket-origin") => Response::other_method(request, "GET, HEAD"),
            _ => pages::answer(request, "websocket.html"),
        })
    })?;
    let threads = server.threads();
    socket
        .serve(move |request, responder| connect(request, responder, &policy, &feed, &threads))?;
    server.wait()
}

/// Which conversation belongs to which path.
fn connect(
    request: &Request,
    responder: Responder<'_>,
    policy: &Policy,
    feed: &Feed,
    threads: &Arc<Threads>,
) -> io::Result<Sent> {
    match request.path() {
        "/" | "/echo" | "/push" if request.method == Method::Options => {
            responder.send(Response::other_method(request, "GET, HEAD"))
        }
        "/" => websocket::serve(request, responder, policy, |socket| {
            // wsServer.on('connection', function (socket) { … })
            say("连接成功\n".into());
            answer(socket)
        }),
        "/echo" => websocket::serve(request, responder, policy, echo),
        "/push" => match lesson::after(request, feed) {
            Ok(after) => websocket::serve(request, responder, policy, |socket| {
                push(socket, feed, after, threads)
            }),
            Err(expected) => responder.send(Response::refusal(Status::BAD_REQUEST, &expected)),
        },
        _ => responder.send(Response::not_found(request)),
    }
}

/// The tutorial's server: says what it has received, and sends it back with a word before it. What
/// came as text leaves as text, and bytes leave as bytes.
fn answer(socket: &mut WebSocket<'_>) -> Result<(), Error> {
    const ANSWER: &str = "服务器回应:";
    socket.set_max_message(MAX_TEXT);
    // socket.on('message', function (message) { … })
    while let Some(message) = socket.receive()? {
        match message {
            Message::Text(text) => {
                say(format!("接收到客户端消息:{}\n", visible(&text)));
                socket.send_text(&format!("{ANSWER}{text}"))?;
            }
            Message::Binary(bytes) => {
                say(format!("接收到客户端消息:{} bytes\n", bytes.len()));
                socket.send(&Message::Binary([ANSWER.as_bytes(), &bytes].concat()))?;
            }
        }
    }
    Ok(())
}

/// Sends every message back as it came.
fn echo(socket: &mut WebSocket<'_>) -> Result<(), Error> {
    while let Some(message) = socket.receive()? {
        socket.send(&message)?;
    }
    Ok(())
}

/// Both directions at once: the feed goes out unasked from a thread of its own, while this one
/// waits for messages and answers them. A thread that waits for the peer cannot wait for the feed
/// as well; with blocking sockets, full duplex is two threads.
fn push(
    socket: &mut WebSocket<'_>,
    feed: &Feed,
    after: Id,
    threads: &Arc<Threads>,
) -> Result<(), Error> {
    // The second thread counts like any other: a process that runs out of them is aborted, not
    // refused.
    let Some(_second) = threads.reserve() else {
        return socket.close(CloseCode::TRY_AGAIN_LATER, "no thread is free");
    };
    let sender = socket.sender();
    thread::scope(|scope| {
        let pushing = || send_feed(&sender, feed, after);
        thread::Builder::new()
            .name("push".into())
            .stack_size(STACK)
            .spawn_scoped(scope, pushing)?;
        answer(socket)
    })
}

/// Sends what is published, until the socket is no longer open. Where it breaks does not matter
/// here: the thread that receives finds out, and says so in the log.
fn send_feed(sender: &Sender, feed: &Feed, mut after: Id) {
    while sender.state() == State::Open {
        let news = feed.wait_after(after, Instant::now() + LOOK);
        let missed =
            (news.gap != Gap::None).then(|| format!(r#"{{"missed":{}}}"#, json::missed(news.gap)));
        let texts =
            missed.into_iter().chain(news.messages.iter().map(|message| json::message(message)));
        for text in texts {
            if sender.send_text(&text).is_err() {
                return;
            }
        }
        after = news.last;
    }
}
