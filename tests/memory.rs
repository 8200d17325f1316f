//! What a connection costs that only waits: memory of the running program, divided by the number of
//! its connections.
//!
//! Heavy, and only meaningful for a release build: `cargo test --release --test memory -- --ignored
//! --nocapture`.

#![allow(clippy::unwrap_used)] // A test that panics has found something.

mod support;

use push_by_hand::http::Status;
use std::sync::{Mutex, PoisonError};
use support::{Client, Program, request, text};

/// How many connections wait.
const CONNECTIONS: usize = 5_000;
/// What each may cost: a thread's stack as far as it was touched, its kernel-side bookkeeping in
/// the process, its buffers.
const MOST_KIB: f64 = 16.0;

/// One at a time: each holds thousands of sockets.
static ALONE: Mutex<()> = Mutex::new(());

/// Starts a program, lets `park` do with one connection what leaves it waiting, and measures what
/// all of them cost together.
fn measure(
    what: &str,
    program: &str,
    flags: &[&str],
    port: &str,
    mut park: impl FnMut(&Program, &mut [Client]),
) {
    let _alone = ALONE.lock().unwrap_or_else(PoisonError::into_inner);
    if cfg!(not(target_os = "linux")) || cfg!(debug_assertions) {
        panic!(
            "expected a release build, which is what is measured, on Linux, whose /proc tells: cargo test --release"
        );
    }
    let limits = std::fs::read_to_string("/proc/self/limits").unwrap();
    let files = limits.lines().find_map(|line| {
        line.strip_prefix("Max open files")?.split_whitespace().next()?.parse().ok()
    });
    let enough = files.is_none_or(|files: usize| files > CONNECTIONS + 200);
    assert!(
        enough,
        "expected at least {} open files; came {}: see ulimit -n",
        CONNECTIONS + 200,
        files.unwrap_or_default()
    );

    let program = Program::start(program, flags);
    let port = program.port(port);
    // The first connection pays for what the program needs once.
    let mut first = [Client::connect(port)];
    park(&program, &mut first);
    let before = program.resident_kib();
    let mut clients: Vec<Client> = (0..CONNECTIONS).map(|_| Client::connect(port)).collect();
    park(&program, &mut clients);
    let (after, threads) = (program.resident_kib(), program.threads());

    assert!(threads > CONNECTIONS, "every connection has its thread; there are {threads}");
    #[allow(clippy::cast_precision_loss)] // Both are far below 2^53.
    let each = (after - before) as f64 / CONNECTIONS as f64;
    println!(
        "{what}: {each:.1} KiB each ({before} KiB with 1 connection, {after} KiB with {})",
        CONNECTIONS + 1
    );
    assert!(each <= MOST_KIB, "{what}: {each:.1} KiB each, more than {MOST_KIB}");
}

#[test]
#[ignore = "heavy: 5,000 connections"]
fn a_connection_between_two_polls_costs_at_most_16_kib() {
    let flags = ["--port", "0", "--page-port", "0"];
    measure("kept alive", env!("CARGO_BIN_EXE_polling"), &flags, "data", |_, clients| {
        for _ in 0..2 {
            clients
                .iter_mut()
                .for_each(|client| assert_eq!(client.get("/", "").status, Status::OK));
        }
    });
}

#[test]
#[ignore = "heavy: 5,000 connections"]
fn a_connection_held_in_a_long_poll_costs_at_most_16_kib() {
    measure(
        "held",
        env!("CARGO_BIN_EXE_long_polling"),
        &["--port", "0"],
        "page",
        |program, clients| {
            // Twice around: then every thread has been where it waits, and back.
            for round in ["first", "second"] {
                let published = request(program.port("page"), "POST", "/publish", "", round);
                assert_eq!(published.status, Status::CREATED);
                let id = text(&published).split('"').nth(3).unwrap().to_owned();
                for client in clients.iter_mut() {
                    // What is already there comes at once; after it there is nothing yet.
                    assert!(text(&client.get("/poll", "")).contains(round));
                    client.ask("GET", &format!("/poll?after={id}"), "");
                }
                if round == "first" {
                    assert_eq!(
                        request(program.port("page"), "POST", "/publish", "", "news").status,
                        Status::CREATED
                    );
                    clients
                        .iter_mut()
                        .for_each(|client| assert!(text(&client.response()).contains("news")));
                }
            }
        },
    );
}

#[test]
#[ignore = "heavy: 5,000 connections"]
fn an_event_stream_costs_at_most_16_kib() {
    measure(
        "streaming",
        env!("CARGO_BIN_EXE_sse_stream"),
        &["--port", "0"],
        "page",
        |_, clients| {
            for client in clients.iter_mut() {
                client.ask("GET", "/eventSource", "");
                client.read_through("\r\n\r\n");
            }
            for _ in 0..2 {
                clients
                    .iter_mut()
                    .for_each(|client| drop(client.read_through("\ndata: {\"ts\":\"")));
            }
        },
    );
}

#[test]
#[ignore = "heavy: 5,000 connections"]
fn an_event_stream_of_the_hub_costs_at_most_16_kib() {
    measure_hub("events");
}

#[test]
#[ignore = "heavy: 5,000 connections"]
fn a_fetch_stream_of_the_hub_costs_at_most_16_kib() {
    measure_hub("stream");
}

/// The hub serves every technique from one handler: what stands on the stack for one of them stands
/// there for all.
fn measure_hub(technique: &str) {
    let hub = env!("CARGO_BIN_EXE_hub");
    measure(technique, hub, &["--port", "0"], "page", |program, clients| {
        for client in clients.iter_mut() {
            client.ask("GET", &format!("/quiet/{technique}"), "");
            client.read_through("\r\n\r\n");
        }
        for round in ["first", "second"] {
            let published = request(
                program.port("page"),
                "POST",
                "/quiet/publish",
                "Content-Type: text/plain\r\n",
                round,
            );
            assert_eq!(published.status, Status::CREATED);
            clients.iter_mut().for_each(|client| drop(client.read_through(round)));
        }
    });
}

#[test]
#[ignore = "heavy: 5,000 connections"]
fn an_idle_websocket_costs_at_most_16_kib() {
    measure(
        "idle socket",
        env!("CARGO_BIN_EXE_websocket"),
        &["--port", "0", "--page-port", "0"],
        "socket",
        |_, clients| {
            let upgrade =
                "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n";
            for client in clients.iter_mut() {
                client.ask(
                    "GET",
                    "/echo",
                    &format!("{upgrade}Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"),
                );
                client.read_through("\r\n\r\n");
                // One message has gone around, so that its buffers have been used.
                client.send(b"\x81\x85\x37\xfa\x21\x3d\x7f\x9f\x4d\x51\x58");
                assert_eq!(client.read_through("Hello"), b"\x81\x05Hello");
            }
        },
    );
}
