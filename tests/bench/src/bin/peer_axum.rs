//! The peer `axum` on tokio's threads, with its own WebSocket (tokio-tungstenite).
//!
//! One program for every load: `/` the time, `/echo`, `/poll`, `/events`, `/push`, and `POST
//! /publish`.

use std::convert::Infallible;
use std::io::{self, Write};
use std::time::{SystemTime, UNIX_EPOCH};

use axum::Router;
use axum::extract::State;
use axum::extract::ws::{Message, WebSocket, WebSocketUpgrade};
use axum::http::StatusCode;
use axum::response::Response;
use axum::response::sse::{Event, Sse};
use axum::routing::{get, post};
use axum::serve::ListenerExt;
use futures_util::{Stream, StreamExt};
use tokio::net::TcpListener;
use tokio::sync::broadcast::Sender;
use tokio_stream::wrappers::BroadcastStream;

#[tokio::main]
async fn main() -> io::Result<()> {
    let news: Sender<String> = Sender::new(1024);
    let routes = Router::new()
        .route("/", get(time))
        .route("/echo", get(async |upgrade: WebSocketUpgrade| upgrade.on_upgrade(echo)))
        .route("/poll", get(poll))
        .route("/events", get(events))
        .route("/push", get(push))
        .route("/publish", post(publish))
        .with_state(news);
    let listener = TcpListener::bind("127.0.0.1:0").await?;
    let address = listener.local_addr()?;
    println!("data  http://{address}/\nsocket  ws://{address}/");
    io::stdout().flush()?;
    axum::serve(
        listener.tap_io(|stream| stream.set_nodelay(true).expect("a new socket takes options")),
        routes,
    )
    .await
}

async fn time() -> String {
    let second =
        SystemTime::now().duration_since(UNIX_EPOCH).expect("the clock is past 1970").as_secs()
            % 86_400;
    format!("{:02}:{:02}:{:02}", second / 3600, second / 60 % 60, second % 60)
}

async fn echo(mut socket: WebSocket) {
    while let Some(Ok(message)) = socket.recv().await {
        let answers = matches!(message, Message::Text(_) | Message::Binary(_));
        if answers && socket.send(message).await.is_err() {
            return;
        }
    }
}

async fn poll(State(news): State<Sender<String>>) -> Result<String, StatusCode> {
    news.subscribe().recv().await.map_err(|_| StatusCode::NO_CONTENT)
}

async fn events(
    State(news): State<Sender<String>>,
) -> Sse<impl Stream<Item = Result<Event, Infallible>>> {
    let messages = BroadcastStream::new(news.subscribe());
    Sse::new(messages.filter_map(async |message| Some(Ok(Event::default().data(message.ok()?)))))
}

async fn push(State(news): State<Sender<String>>, upgrade: WebSocketUpgrade) -> Response {
    upgrade.on_upgrade(async move |mut socket| {
        let mut messages = news.subscribe();
        loop {
            tokio::select! {
                message = messages.recv() => {
                    let Ok(message) = message else { return };
                    if socket.send(Message::Text(message.into())).await.is_err() {
                        return;
                    }
                }
                incoming = socket.recv() => if !matches!(incoming, Some(Ok(_))) { return },
            }
        }
    })
}

async fn publish(State(news): State<Sender<String>>, message: String) -> StatusCode {
    // With nobody listening there is nobody to miss it.
    let _ = news.send(message);
    StatusCode::NO_CONTENT
}
