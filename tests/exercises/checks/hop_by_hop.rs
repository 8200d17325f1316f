use super::exercise::end_to_end;
use crate::checks::{Check, connect, lesson, same, say, serve};
use crate::support::{Program, text};
use push_by_hand::http::{Response, Status};

pub fn check() -> Check {
    // The server says which field lines came; `Via` and what the proxy says for its own hop are not
    // asked for here.
    let port = serve(|request, responder| {
        let own = ["Host", "Via", "Connection"];
        let came = request.fields.iter().filter(|(name, _)| !own.contains(name));
        let lines: String = came.map(|(name, value)| format!("{name}: {value}\n")).collect();
        responder.send(Response::text(Status::OK, lines))
    });
    let flags = ["--port", "0", "--page-port", "0", "--to"];
    let to = format!("localhost:{port}");
    let proxy = Program::start(lesson("proxy").to_str().unwrap(), &[&flags[..], &[&to]].concat());
    let requests: [&[(&str, &str)]; 6] = [
        &[("Accept", "*/*"), ("X-Mine", "1")],
        &[("Connection", "close"), ("Accept", "*/*")],
        &[("Keep-Alive", "timeout=5"), ("TE", "trailers"), ("Cookie", "a=b"), ("Upgrade", "h2c")],
        &[("Proxy-Connection", "keep-alive"), ("X-End", "1")],
        &[("Connection", "X-Mine, keep-alive"), ("X-Mine", "1"), ("X-Mine-Too", "2")],
        &[("connection", "x-a"), ("X-A", "1"), ("X-B", "2"), ("Connection", "close,X-B")],
    ];
    for fields in requests {
        let lines = |fields: &[(&str, &str)]| -> String {
            fields.iter().map(|(name, value)| format!("{name}: {value}\n")).collect()
        };
        let came = connect(proxy.port("proxy")).get("/", &lines(fields).replace('\n', "\r\n"));
        let asked = say("goes on", &[&format!("{:?}", lines(fields))]);
        same(asked, text(&came), &lines(&end_to_end(fields)))?;
    }
    Ok(())
}
