//! What all lessons' programs have in common, tried on each as it is built: flags, ports, and
//! errors in words.

use crate::support;

use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::Command;
use support::{Client, Program};

/// Every program of `src/bin`, by name and as a file.
fn programs() -> Vec<(String, PathBuf)> {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("src/bin");
    let built = Path::new(env!("CARGO_BIN_EXE_polling"));
    let name =
        |entry: std::fs::DirEntry| entry.path().file_stem().unwrap().to_str().unwrap().to_owned();
    let mut names: Vec<_> = folder.read_dir().unwrap().map(|entry| name(entry.unwrap())).collect();
    names.sort();
    assert!(names.len() >= 5, "{names:?}");
    let file =
        |name: &String| built.with_file_name(format!("{name}{}", std::env::consts::EXE_SUFFIX));
    names.into_iter().map(|name| (name.clone(), file(&name))).collect()
}

/// Runs a program that ends by itself; its exit code, standard output, standard error.
fn run(program: &Path, flags: &[&str]) -> (Option<i32>, String, String) {
    Program::run(Command::new(program).args(flags)).wait_for_end()
}

/// The flags that give a program any free port, beside `except`: a server has one port or two.
fn free_ports(usage: &str, except: &str) -> Vec<&'static str> {
    [("--port N", "--port=0"), ("--page-port N", "--page-port=0")]
        .into_iter()
        .filter(|(flag, _)| usage.contains(flag) && !flag.starts_with(&format!("{except} ")))
        .map(|(_, zero)| zero)
        .collect()
}

#[test]
fn every_program_says_what_it_takes() {
    for (name, file) in programs() {
        for flag in ["--help", "-h"] {
            let (code, output, log) = run(&file, &[flag]);
            assert_eq!((code, log.as_str()), (Some(0), ""), "{name} {flag}");
            assert!(
                output.starts_with(&format!("{name}: ")) && output.contains("--help"),
                "{name} {flag}: {output}"
            );
        }
    }
}

#[test]
fn a_flag_that_nobody_knows_is_an_error_that_names_it_and_shows_those_there_are() {
    for (name, file) in programs() {
        let (_, usage, _) = run(&file, &["--help"]);
        let (code, output, log) = run(&file, &["--no-such-flag"]);
        assert_eq!((code, output.as_str()), (Some(2), ""), "{name}");
        assert!(
            log.lines().next().is_some_and(|line| line.contains("--no-such-flag")),
            "{name}: {log}"
        );
        assert!(log.contains(usage.trim_end()), "{name}: {log}");
    }
}

#[test]
fn a_port_that_is_taken_is_one_line_that_names_the_flag() {
    let taken = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = taken.local_addr().unwrap().port();
    let mut tried = 0;
    for (name, file) in programs() {
        let (_, usage, _) = run(&file, &["--help"]);
        for flag in ["--port", "--page-port"]
            .into_iter()
            .filter(|flag| usage.contains(&format!("{flag} N")))
        {
            let mut flags = free_ports(&usage, flag);
            let chosen = format!("{flag}={port}");
            flags.push(&chosen);
            let (code, output, log) = run(&file, &flags);
            assert_eq!((code, output.as_str()), (Some(1), ""), "{name}");
            assert_eq!(
                log,
                format!("Error: port {port} is taken; choose another with {flag}, or 0 for any"),
                "{name}"
            );
            tried += 1;
        }
    }
    assert!(tried >= 6, "{tried}");
}

#[test]
fn a_host_that_is_not_ours_is_one_line_that_names_the_flag() {
    // RFC 5737 keeps this address for documentation, so no machine has it.
    let (code, output, log) =
        run(Path::new(env!("CARGO_BIN_EXE_long_polling")), &["--port=0", "--host=192.0.2.1"]);
    assert_eq!((code, output.as_str()), (Some(1), ""));
    assert!(
        log.starts_with("Error: no listening on 192.0.2.1 port 0: ")
            && log.ends_with(" (see --host)"),
        "{log}"
    );
    assert_eq!(log.lines().count(), 1);
}

#[test]
fn the_url_names_the_host_that_was_asked_for_and_only_there_it_listens() {
    // Where the machine has no IPv6, there is nothing to try.
    let six = TcpListener::bind("[::1]:0").is_ok();
    for (host, written, other) in [("127.0.0.1", "127.0.0.1", "::1"), ("::1", "[::1]", "127.0.0.1")]
    {
        if host == "127.0.0.1" || six {
            let program = Program::start(
                env!("CARGO_BIN_EXE_long_polling"),
                &["--port", "0", "--host", host],
            );
            let port = program.port("page");
            assert_eq!(program.url("page"), format!("http://{written}:{port}/"));
            assert!(
                TcpStream::connect((host, port)).is_ok()
                    && TcpStream::connect((other, port)).is_err(),
                "{host}"
            );
        }
    }
}

#[test]
fn the_first_lines_are_the_addresses_and_what_to_do_next() {
    for (file, name, words) in [
        (env!("CARGO_BIN_EXE_polling"), "polling", &["page", "data", "read", "try", "stop"][..]),
        (env!("CARGO_BIN_EXE_sse_stream"), "sse_stream", &["page", "read", "try", "stop"]),
        (env!("CARGO_BIN_EXE_websocket"), "websocket", &["page", "socket", "read", "try", "stop"]),
    ] {
        let ports: &[&str] =
            if name == "sse_stream" { &["--port=0"] } else { &["--port=0", "--page-port=0"] };
        let program = Program::start(file, ports);
        program.output_line("Ctrl-C");
        let output = program.output();
        let first = output.iter().map(|line| line.split("  ").next().unwrap().trim());
        assert_eq!(first.collect::<Vec<_>>(), words, "{output:#?}");
        let chapter = program.output_line("read").split_whitespace().nth(1).unwrap().to_owned();
        assert!(chapter.ends_with(&format!("-{name}.md")), "{chapter}");
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(chapter).is_file());
        assert!(output.iter().all(|line| line.len() <= 80), "{output:#?}");
    }
}

#[test]
fn a_host_that_others_reach_is_said_so_and_has_an_address_that_they_can_use() {
    let flags = ["--port=0", "--host=0.0.0.0"];
    let program = Program::start(env!("CARGO_BIN_EXE_long_polling"), &flags);
    program.log_line("anyone who reaches this machine over the network may now read and publish");
    let url = program.url("page");
    assert!(!url.contains("0.0.0.0"), "{url}");
    let authority = url.trim_start_matches("http://").trim_end_matches('/');
    assert!(TcpStream::connect(authority).is_ok(), "{url}");
}

#[test]
fn the_first_lines_of_a_server_say_where_it_is_what_to_read_and_how_it_ends() {
    for (name, file) in programs() {
        let (_, usage, _) = run(&file, &["--help"]);
        if !usage.contains("  --port N") {
            continue;
        }
        let program = Program::start(file.to_str().unwrap(), &free_ports(&usage, ""));
        program.output_line("stop  Ctrl-C");
        let lines = program.output();
        assert!(lines[0].starts_with("page  http://localhost:"), "{name}: {lines:?}");
        let chapter = lines.iter().find_map(|line| line.strip_prefix("read  ")).unwrap();
        assert!(Path::new(env!("CARGO_MANIFEST_DIR")).join(chapter).is_file(), "{name}: {chapter}");
        let command = lines.iter().find_map(|line| line.strip_prefix("try   ")).unwrap();
        assert!(command.contains("localhost:"), "{name}: {command}");
    }
}

#[test]
fn a_misspelt_flag_is_answered_with_the_nearest() {
    for (name, file) in programs() {
        let (_, usage, _) = run(&file, &["--help"]);
        for (flag, meant) in [("--wrie", "--wire"), ("--prot", "--port"), ("--exakt", "--exact")] {
            // The smallest server stands on std alone, its reading of flags too.
            if name != "http" && usage.contains(&format!("  {meant}")) {
                let (code, _, log) = run(&file, &[flag]);
                let expected = format!("{name} does not know \"{flag}\"; is it {meant}?");
                assert_eq!((code, log.lines().next()), (Some(2), Some(expected.as_str())));
            }
        }
    }
}

#[test]
fn no_usage_is_wider_than_eighty_columns() {
    for (name, file) in programs() {
        let (_, usage, _) = run(&file, &["--help"]);
        for line in usage.lines() {
            assert!(line.chars().count() <= 80, "{name}: {line}");
        }
    }
}

/// Each program that is a server of the library's names and origins, started with these flags on
/// free ports, and its ports. `http` stands on std alone, and has a test of its own.
fn servers(flags: &[&str]) -> Vec<(String, Program, Vec<u16>)> {
    let mut servers = Vec::new();
    for (name, file) in programs() {
        let (_, usage, _) = run(&file, &["--help"]);
        if usage.contains("--allow-host") {
            let ports = free_ports(&usage, "");
            let program = Program::start(file.to_str().unwrap(), &[&ports, flags].concat());
            program.output_line("stop  Ctrl-C");
            let is_printed = |what: &&str| {
                program.output().iter().any(|line| line.starts_with(&format!("{what}  http")))
                    || program.output().iter().any(|line| line.starts_with(&format!("{what}  ws")))
            };
            let ports = ["page", "data", "socket"].into_iter().filter(is_printed);
            let ports: Vec<_> = ports.map(|what| program.port(what)).collect();
            assert!(!ports.is_empty(), "{name}");
            servers.push((name, program, ports));
        }
    }
    assert!(servers.len() >= 8);
    servers
}

const UPGRADE: &str = "Connection: Upgrade\r\nUpgrade: websocket\r\nSec-WebSocket-Version: 13\r\n\
                       Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n";

/// What a request is answered with: status and text.
fn answer(port: u16, request: &str) -> (u16, String) {
    let mut client = Client::connect(port);
    client.send(request);
    let (response, body) = client.response_in_parts();
    let body = if response.status.code() >= 400 { body.read_whole(4096).unwrap() } else { vec![] };
    (response.status.code(), String::from_utf8(body).unwrap())
}

/// A page of evil.example whose name leads to this machine: host and origin are the same.
#[test]
fn no_program_answers_to_a_name_that_somebody_else_owns() {
    for (name, program, ports) in servers(&[]) {
        for port in ports {
            let evil = format!("evil.example:{port}");
            let same = format!("Host: {evil}\r\nOrigin: http://{evil}\r\n");
            for request in [
                format!("GET / HTTP/1.1\r\n{same}\r\n"),
                format!("GET / HTTP/1.0\r\n{same}\r\n"),
                format!("GET / HTTP/1.1\r\n{same}{UPGRADE}\r\n"),
                format!("GET /ws HTTP/1.1\r\n{same}{UPGRADE}\r\n"),
                format!("GET /control?view=abcdefgh HTTP/1.1\r\n{same}{UPGRADE}\r\n"),
                format!("POST /publish HTTP/1.1\r\n{same}Content-Length: 0\r\n\r\n"),
                format!("POST /stop HTTP/1.1\r\n{same}Content-Length: 0\r\n\r\n"),
                format!("POST /drop HTTP/1.1\r\n{same}Content-Length: 0\r\n\r\n"),
                format!("OPTIONS / HTTP/1.1\r\n{same}\r\n"),
                // Of the two the target counts (RFC 9112 §3.2.2).
                format!("GET http://{evil}/ HTTP/1.1\r\nHost: localhost\r\n\r\n"),
                "GET / HTTP/1.1\r\nHost: localhost.evil.example\r\n\r\n".into(),
            ] {
                let (status, body) = answer(port, &request);
                assert_eq!(status, 421, "{name}: {request}{body}");
                assert!(body.contains("--allow-host"), "{name}: {body}");
            }
            let (status, body) = answer(
                port,
                &format!("GET http://localhost/ HTTP/1.1\r\nHost: {evil}\r\n{UPGRADE}\r\n"),
            );
            assert!([200, 101].contains(&status), "{name}: the target counts: {status} {body}");
        }
        let line = program.log_line("--allow-host");
        assert!(line.starts_with("421 ") && line.contains("evil.example"), "{name}: {line}");
    }
}

#[test]
fn every_program_answers_to_the_names_it_is_told_and_lets_in_the_pages_it_is_told() {
    let flags = ["--allow-host", "HUB.example:443", "--allow-origin", "file://"];
    for (name, _program, ports) in servers(&flags) {
        for port in ports {
            let file = "Host: hub.example\r\nOrigin: file://\r\n";
            let (status, body) = answer(port, &format!("GET / HTTP/1.1\r\n{file}{UPGRADE}\r\n"));
            assert!([200, 101].contains(&status), "{name}: {status} {body}");
        }
    }
}

#[test]
fn what_is_no_origin_and_no_host_is_an_error_in_one_line_that_names_the_flag() {
    for (name, file) in programs() {
        let (_, usage, _) = run(&file, &["--help"]);
        for (flag, value) in [
            ("--allow-origin", "foo"),
            ("--allow-origin", ""),
            ("--allow-origin", "http://a,http://b"),
            ("--allow-host", "http://hub.example/"),
            ("--allow-host", "*"),
        ] {
            if usage.contains(flag) {
                let (code, output, log) = run(&file, &[flag, value]);
                assert_eq!((code, output.as_str()), (Some(2), ""), "{name}");
                let first = log.lines().next().unwrap();
                assert!(first.contains(&format!("{flag} expects ")), "{name}: {log}");
                assert!(first.ends_with(&format!("; came \"{value}\"")), "{name}: {log}");
            }
        }
    }
}
