//! The lesson `long_polling`, run as it is built, and asked over sockets.

use crate::support;

use push_by_hand::http::{Response, Status};
use std::io::{BufRead, ErrorKind};
use std::time::{Duration, Instant};
use support::{
    Client, Program, connections, eventually, get, id, is_time_of_day, request, text, values,
};

fn start() -> Program {
    Program::start(env!("CARGO_BIN_EXE_long_polling"), &["--port", "0"])
}

/// The port, and the id of the newest message.
fn port_and_newest(program: &Program) -> (u16, String) {
    let port = program.port("page");
    let newest = values(text(&get(port, "/poll")), "id")[0].to_owned();
    (port, newest)
}

fn publish(port: u16, message: &str) -> String {
    let answer = request(port, "POST", "/publish", "", message);
    assert_eq!(answer.status, Status::CREATED, "{}", text(&answer));
    values(text(&answer), "id")[0].to_owned()
}

/// A client that knows the newest message and has asked for the next.
fn held(port: u16) -> Client {
    let mut client = Client::connect(port);
    let newest = values(text(&client.get("/poll", "")), "id")[0].to_owned();
    client.ask("GET", &format!("/poll?after={newest}"), "");
    client
}

fn has_heard_nothing(client: &mut Client) -> bool {
    client.stream().set_nonblocking(true).expect("the socket is open");
    let heard = client.fill_buf().map(<[u8]>::len);
    client.stream().set_nonblocking(false).expect("the socket is open");
    heard.is_err_and(|error| error.kind() == ErrorKind::WouldBlock)
}

fn is_fresh_json(answer: &Response) {
    assert_eq!(answer.status, Status::OK);
    assert_eq!(answer.fields.get("content-type"), Some("application/json"));
    // Of two tabs that ask the same, a browser would let the second wait for what the first may
    // bring into the cache.
    assert_eq!(answer.fields.get("cache-control"), Some("no-store"));
}

#[test]
fn the_first_line_is_the_url_and_the_page_is_there() {
    let program = start();
    let port = program.port("page");
    assert_eq!(program.output()[0], format!("page  http://localhost:{port}/"));
    let page = get(port, "/");
    assert_eq!(
        (page.status, page.fields.get("content-type")),
        (Status::OK, Some("text/html; charset=utf-8"))
    );
}

#[test]
fn a_first_question_is_answered_at_once_with_the_newest_message() {
    let program = start();
    let port = program.port("page");
    for target in ["/poll", "/poll?after="] {
        let answer = get(port, target);
        is_fresh_json(&answer);
        let (ids, data) = (values(text(&answer), "id"), values(text(&answer), "data"));
        assert_eq!((ids.len(), ids[0], data.len()), (2, ids[1], 1));
        assert_eq!(id(ids[0]).1, 1);
        assert!(is_time_of_day(data[0]), "{}", text(&answer));
    }
    publish(port, "newer");
    assert_eq!(values(text(&get(port, "/poll")), "data"), ["newer"]);
}

#[test]
fn a_question_is_held_until_there_is_news_and_each_client_gets_it_once() {
    let program = start();
    let port = program.port("page");
    let mut clients: Vec<_> = (0..20).map(|_| held(port)).collect();
    // Nineteen have come after it and been answered once: time enough to answer this one, if it
    // were not held.
    assert!(has_heard_nothing(&mut clients[0]));
    let published = publish(port, "news");
    for client in &mut clients {
        let answer = client.response();
        is_fresh_json(&answer);
        assert_eq!(values(text(&answer), "id"), [published.as_str(), &published]);
        assert_eq!(values(text(&answer), "data"), ["news"]);
    }
    // The next question of each names what it has seen, and is held again.
    for client in &mut clients {
        client.ask("GET", &format!("/poll?after={published}"), "");
    }
    let next = publish(port, "more");
    for client in &mut clients {
        assert_eq!(values(text(&client.response()), "id"), [next.as_str(), &next]);
    }
}

#[test]
fn what_is_published_between_an_answer_and_the_next_question_comes_all_at_once() {
    let program = start();
    let (port, newest) = port_and_newest(&program);
    let published = ["one", "two", "three"].map(|message| publish(port, message));
    let answer = get(port, &format!("/poll?after={newest}"));
    is_fresh_json(&answer);
    assert_eq!(values(text(&answer), "data"), ["one", "two", "three"]);
    assert_eq!(values(text(&answer), "id")[1..], published);
    // The cursor is the newest of them.
    assert_eq!(values(text(&answer), "id")[0], published[2]);
    assert!(text(&answer).contains(r#","missed":0,"#));
}

#[test]
fn who_stays_away_too_long_is_told_how_many_messages_are_gone() {
    let program = start();
    let (port, newest) = port_and_newest(&program);
    let mut client = Client::connect(port);
    // The log keeps 1000; with the first message there are 1003.
    let requests: String = (0..1002)
        .map(|n| {
            let message = n.to_string();
            format!(
                "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n{message}",
                message.len()
            )
        })
        .collect();
    client.send(requests);
    for _ in 0..1002 {
        assert_eq!(client.response().status, Status::CREATED);
    }
    let (epoch, first) = id(&newest);
    let answer = client.get(&format!("/poll?after={newest}"), "");
    let ids = values(text(&answer), "id");
    assert!(text(&answer).contains(r#","missed":2,"#), "{}", &text(&answer)[..80]);
    assert_eq!(id(ids[1]), (epoch, first + 3));
    // The rest comes piece by piece, and nothing more is missed.
    let (mut last, mut came) = (ids[0].to_owned(), ids.len() - 1);
    while id(&last) != (epoch, first + 1002) {
        let answer = client.get(&format!("/poll?after={last}"), "");
        assert!(text(&answer).contains(r#","missed":0,"#), "{}", &text(&answer)[..80]);
        let ids = values(text(&answer), "id");
        assert_eq!(id(ids[1]).1, id(&last).1 + 1);
        (last, came) = (ids[0].to_owned(), came + ids.len() - 1);
    }
    assert_eq!(came, 1000);
}

#[test]
fn a_cursor_of_another_run_is_answered_at_once() {
    let program = start();
    let (port, newest) = port_and_newest(&program);
    for after in ["1-1".to_owned(), format!("{}-4000000000", id(&newest).0)] {
        let answer = get(port, &format!("/poll?after={after}"));
        is_fresh_json(&answer);
        assert!(
            text(&answer)
                .starts_with(&format!(r#"{{"id":"{newest}","missed":null,"messages":[{{"#)),
            "{}",
            text(&answer)
        );
    }
}

#[test]
fn a_cursor_that_is_none_is_refused_and_not_held() {
    let program = start();
    let answer = get(program.port("page"), "/poll?after=yesterday");
    assert_eq!(answer.status, Status::BAD_REQUEST);
    assert_eq!(text(&answer), "expected an id as in 1763700000000-42; came \"yesterday\"\n");
}

#[test]
fn questions_sent_together_are_answered_in_their_order() {
    let program = start();
    let port = program.port("page");
    let mut client = held(port);
    // A second question behind the one that is held is no sign that the client has left.
    client.ask("GET", "/nowhere", "");
    publish(port, "news");
    assert_eq!(values(text(&client.response()), "data"), ["news"]);
    assert_eq!(client.response().status, Status::NOT_FOUND);
}

#[test]
fn a_client_that_only_stops_sending_still_gets_its_answer() {
    let program = start();
    let port = program.port("page");
    let mut client = held(port);
    client.end_sending();
    publish(port, "news");
    assert_eq!(values(text(&client.response()), "data"), ["news"]);
    assert_eq!(client.rest(), b"");
}

#[test]
fn no_thread_outlives_its_client_once_there_is_news() {
    let program = start();
    let port = program.port("page");
    let clients: Vec<_> = (0..10).map(|_| held(port)).collect();
    drop(clients);
    publish(port, "news");
    eventually("all threads have ended", || connections(&program) == 0);
}

#[test]
#[ignore = "heavy: waits 5 s"]
fn a_client_that_leaves_is_noticed_though_there_is_no_news() {
    let program = start();
    let port = program.port("page");
    let clients: Vec<_> = (0..10).map(|_| held(port)).collect();
    let mut faithful = held(port);
    drop(clients);
    eventually("their threads have ended", || connections(&program) == 1);
    assert!(has_heard_nothing(&mut faithful));
    publish(port, "news");
    assert_eq!(values(text(&faithful.response()), "data"), ["news"]);
}

#[test]
#[ignore = "heavy: waits 25 s"]
fn a_question_without_news_is_answered_in_the_end_and_may_be_asked_again() {
    let program = start();
    let (port, newest) = port_and_newest(&program);
    let asked = Instant::now();
    let mut client = held(port);
    let answer = client.response();
    assert_eq!((answer.status, answer.body.len()), (Status::NO_CONTENT, 0));
    assert_eq!(answer.fields.get("cache-control"), Some("no-store"));
    assert_eq!(
        (answer.fields.get("content-length"), answer.fields.get("transfer-encoding")),
        (None, None)
    );
    // It was held for as long as the lesson says: less would be polling.
    assert!(asked.elapsed() >= Duration::from_secs(25));
    // The connection is still good, and so is the cursor.
    client.ask("GET", &format!("/poll?after={newest}"), "");
    publish(port, "news");
    assert_eq!(values(text(&client.response()), "data"), ["news"]);
}

#[test]
fn one_question_more_than_there_are_threads_is_refused_and_the_held_ones_are_not() {
    let program =
        Program::start(env!("CARGO_BIN_EXE_long_polling"), &["--port", "0", "--max-threads", "3"]);
    let port = program.port("page");
    let mut held = [held(port), held(port)];
    let mut publisher = Client::connect(port);
    assert_eq!(publisher.get("/poll", "").status, Status::OK);
    let refused = get(port, "/poll");
    assert_eq!(
        (refused.status, refused.fields.get("retry-after")),
        (Status::SERVICE_UNAVAILABLE, Some("1"))
    );
    publisher.send("POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: 4\r\n\r\nnews");
    assert_eq!(publisher.response().status, Status::CREATED);
    for client in &mut held {
        assert_eq!(values(text(&client.response()), "data"), ["news"]);
    }
}

#[test]
fn any_text_comes_back_as_it_was_and_can_end_no_script() {
    let program = start();
    let (port, newest) = port_and_newest(&program);
    publish(port, "</script>\n\"中文\" \\ \u{2028} & 服务器回应:");
    let answer = get(port, &format!("/poll?after={newest}"));
    let written = r#""data":"\u003c/script\u003e\n\"中文\" \\ \u2028 \u0026 服务器回应:""#;
    assert!(text(&answer).contains(written), "{}", text(&answer));
}

#[test]
fn what_cannot_be_published_is_refused_in_words() {
    let program = start();
    let port = program.port("page");
    let mut client = Client::connect(port);
    for (body, status, reason) in [
        (
            b"caf\xe9".to_vec(),
            Status::BAD_REQUEST,
            "expected UTF-8 text; at byte 3 came something else\n",
        ),
        (
            vec![b'x'; 65_537],
            Status::CONTENT_TOO_LARGE,
            "expected at most 65536 bytes of text; came 65537\n",
        ),
    ] {
        client.send(format!(
            "POST /publish HTTP/1.1\r\nHost: localhost\r\nContent-Length: {}\r\n\r\n",
            body.len()
        ));
        client.send(body);
        let answer = client.response();
        assert_eq!((answer.status, text(&answer)), (status, reason));
    }
    assert_eq!(
        values(text(&get(port, "/poll")), "id")[0].split_once('-').unwrap().1,
        "1",
        "nothing was published"
    );
    publish(port, &"x".repeat(65_536));
}

#[test]
fn a_foreign_page_cannot_publish() {
    let program = start();
    let port = program.port("page");
    let answer = request(port, "POST", "/publish", "Origin: http://evil.example\r\n", "spam");
    assert_eq!(answer.status, Status::FORBIDDEN);
    assert_eq!(
        text(&answer),
        "expected a page of this server (see --allow-origin); came Origin \"http://evil.example\"\n"
    );
    assert_ne!(values(text(&get(port, "/poll")), "data"), ["spam"]);
    // Our own page may; a browser names it in both fields.
    let own = format!(
        "POST /publish HTTP/1.1\r\nHost: localhost:{port}\r\nOrigin: http://localhost:{port}\r\nContent-Length: 2\r\n\r\nhi"
    );
    let mut client = Client::connect(port);
    client.send(own);
    assert_eq!(client.response().status, Status::CREATED);
}

#[test]
fn each_path_says_which_method_it_takes() {
    let program = start();
    let port = program.port("page");
    for (method, target, allow) in
        [("POST", "/poll", "GET, HEAD"), ("GET", "/publish", "POST"), ("DELETE", "/", "GET, HEAD")]
    {
        let answer = request(port, method, target, "", "");
        assert_eq!(
            (answer.status, answer.fields.get("allow")),
            (Status::METHOD_NOT_ALLOWED, Some(&*format!("{allow}, OPTIONS"))),
            "{method} {target}"
        );
    }
}

#[test]
fn options_is_told_the_methods_of_a_path_and_a_path_that_is_none_is_not_found() {
    let program = start();
    let port = program.port("page");
    for (target, allow) in [
        ("/poll", "GET, HEAD, OPTIONS"),
        ("/publish", "POST, OPTIONS"),
        ("/", "GET, HEAD, OPTIONS"),
    ] {
        let answer = request(port, "OPTIONS", target, "", "");
        assert_eq!(
            (answer.status, answer.fields.get("allow")),
            (Status::NO_CONTENT, Some(allow)),
            "{target}"
        );
    }
    for method in ["GET", "POST", "OPTIONS"] {
        assert_eq!(request(port, method, "/nowhere", "", "").status, Status::NOT_FOUND, "{method}");
    }
}

#[test]
fn head_is_not_held_and_gets_the_head_of_an_answer_of_now() {
    let program = start();
    let (port, newest) = port_and_newest(&program);
    let mut client = Client::connect(port);
    client.ask("HEAD", &format!("/poll?after={newest}"), "");
    assert_eq!(client.response_to_head().status, Status::NO_CONTENT);
    client.ask("HEAD", "/poll", "");
    let head = client.response_to_head();
    assert_eq!(
        (head.status, head.fields.get("content-type")),
        (Status::OK, Some("application/json"))
    );
}

#[test]
fn a_body_that_is_compressed_or_in_another_charset_is_not_published() {
    let program = start();
    let port = program.port("page");
    for (fields, came) in [
        ("Content-Encoding: gzip\r\n", "Content-Encoding: gzip"),
        ("Content-Encoding: identity, br\r\n", "Content-Encoding: br"),
        ("Content-Type: text/plain; charset=utf-16le\r\n", "charset=utf-16le"),
    ] {
        let answer = request(port, "POST", "/publish", fields, "hi");
        assert_eq!(
            (answer.status, answer.fields.get("accept-encoding")),
            (Status::UNSUPPORTED_MEDIA_TYPE, Some("identity")),
            "{fields}"
        );
        assert_eq!(text(&answer), format!("expected UTF-8 text as it is; came {came}\n"));
    }
    for fields in [
        "Content-Encoding: identity\r\nContent-Type: text/plain;charset=\"UTF-8\"\r\n",
        "Content-Type: text/plain; charset=us-ascii\r\n",
    ] {
        assert_eq!(
            request(port, "POST", "/publish", fields, "hi").status,
            Status::CREATED,
            "{fields}"
        );
    }
}
