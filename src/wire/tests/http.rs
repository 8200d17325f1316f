use super::*;
use crate::event_stream::Event;

#[test]
fn a_request_and_its_answer_are_cut_into_lines_and_body() {
    expect(
        &[
            (In, b"GET / HTTP/1.1\r\nHost: localhost:8080\r\nX-Own:1\r\n\r\n"),
            (
                Out,
                b"HTTP/1.1 200 OK\r\nContent-Length: 8\r\nAccess-Control-Allow-Origin: *\r\n\r\n\
                07:20:01",
            ),
            (In, b"POST /publish HTTP/1.1\r\nContent-Length: 2\r\n\r\nhi"),
            (Out, b"HTTP/1.1 404 Not Found\r\nContent-Length: 0\r\n\r\n"),
        ],
        &[
            ("request-line", b"GET / HTTP/1.1\r\n", "send me this"),
            ("field line", b"Host: localhost:8080\r\n", "who is asked"),
            ("field line", b"X-Own:1\r\n", ""),
            ("end of head", b"\r\n", "no body follows"),
            ("status-line", b"HTTP/1.1 200 OK\r\n", "here it is"),
            ("field line", b"Content-Length: 8\r\n", "bytes in the body"),
            ("field line", b"Access-Control-Allow-Origin: *\r\n", "whose pages may read it"),
            ("end of head", b"\r\n", "8 bytes to come"),
            ("message body", b"07:20:01", "8 bytes"),
            ("request-line", b"POST /publish HTTP/1.1\r\n", "take this"),
            ("field line", b"Content-Length: 2\r\n", "bytes in the body"),
            ("end of head", b"\r\n", "2 bytes to come"),
            ("message body", b"hi", "2 bytes"),
            ("status-line", b"HTTP/1.1 404 Not Found\r\n", "the request is at fault"),
            ("field line", b"Content-Length: 0\r\n", "bytes in the body"),
            ("end of head", b"\r\n", "no body follows"),
        ],
    );
}

#[test]
fn answers_to_head_and_answers_204_and_304_have_no_body_whatever_they_announce() {
    let asked = b"HEAD / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\nGET / HTTP/1.1\r\n\r\n\
        GET / HTTP/1.1\r\n\r\n";
    let answered = b"HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 200 OK\r\nContent-Length: 9\r\n\r\n\
        HTTP/1.1 204 No Content\r\nContent-Length: 9\r\n\r\n\
        HTTP/1.1 304 Not Modified\r\nTransfer-Encoding: chunked\r\n\r\nHTTP/1.1 200 OK\r\n\
            Content-Length: 1\r\n\r\n!";
    for crossings in [[(In, &asked[..]), (Out, answered)], [(Out, asked), (In, answered)]] {
        let parts = parts(&crossings, usize::MAX);
        let bodies: Vec<_> = parts
            .iter()
            .filter(|part| part.name == "message body")
            .map(|part| part.bytes.as_slice())
            .collect();
        assert_eq!(bodies, [b"!"]);
        assert_eq!(parts.iter().filter(|part| part.name == "status-line").count(), 5);
    }
}

#[test]
fn the_chunks_of_an_endless_answer_are_shown_one_by_one() {
    expect(
        &[(
            Out,
            b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nb;x=1\r\n<p>1</p>\n12\r\n\
            0\r\nDate: x\r\n\r\nHTTP/1.1 204 No Content\r\n",
        )],
        &[
            ("status-line", b"HTTP/1.1 200 OK\r\n", "here it is"),
            ("field line", b"Transfer-Encoding: chunked\r\n", "how the body is coded"),
            ("end of head", b"\r\n", "a body in chunks follows"),
            ("chunk size", b"b;x=1\r\n", "11 bytes"),
            ("chunk data", b"<p>1</p>\n12", ""),
            ("end of chunk", b"\r\n", ""),
            ("last chunk", b"0\r\n", "nothing follows"),
            ("trailer field", b"Date: x\r\n", "when it was made"),
            ("end of body", b"\r\n", ""),
            ("status-line", b"HTTP/1.1 204 No Content\r\n", "done, nothing to send"),
        ],
    );
}

#[test]
fn the_chunks_of_an_event_stream_are_cut_into_fields() {
    let event = Event {
        event: Some("tick".into()),
        id: Some("42".into()),
        retry: Some(Duration::from_secs(20)),
        data: Some("a\nb".into()),
    };
    let block = event.to_bytes();
    let chunk =
        [format!("{:x}\r\n", block.len()).as_bytes(), &block, b"\r\n3\r\n:\n\n\r\n"].concat();
    expect(
        &[(Out, STREAM), (Out, &chunk)],
        &[
            ("status-line", b"HTTP/1.1 200 OK\r\n", "here it is"),
            ("field line", b"Transfer-Encoding: chunked\r\n", "how the body is coded"),
            ("field line", b"Content-Type: text/event-stream\r\n", "what the body is"),
            ("end of head", b"\r\n", "a body in chunks follows"),
            ("chunk size", b"31\r\n", "49 bytes"),
            ("event", b"event: tick\n", "the event type"),
            ("id", b"id: 42\n", "the last event ID"),
            ("retry", b"retry: 20000\n", "reconnect after 20000 ms"),
            ("data", b"data: a\n", "a line of data"),
            ("data", b"data: b\n", "a line of data"),
            ("end of event", b"\n", "now it fires"),
            ("end of chunk", b"\r\n", ""),
            ("chunk size", b"3\r\n", "3 bytes"),
            ("comment", b":\n", "ignored; a sign of life"),
            ("end of event", b"\n", "no data: nothing fires"),
            ("end of chunk", b"\r\n", ""),
        ],
    );
}

#[test]
fn an_event_may_span_chunks_and_its_lines_may_end_in_three_ways() {
    let chunks =
        b"4\r\ndata\r\n5\r\n: a\rd\r\n6\r\nata\r\n\r\r\n1\r\n\n\r\n9\r\nretry: x\r\r\n2\r\nid\r\n";
    let crossings: Crossings<'_> = &[(Out, STREAM), (Out, chunks)];
    let expected: &[(&str, &[u8], &str)] = &[
        ("chunk size", b"4\r\n", "4 bytes"),
        ("data", b"data", "continued in next chunk"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"5\r\n", "5 bytes"),
        ("data", b": a\r", "…continued"),
        ("unknown field", b"d", "continued in next chunk"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"6\r\n", "6 bytes"),
        ("unknown field", b"ata\r\n", "…continued"),
        ("end of event", b"\r", "now it fires"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"1\r\n", "1 byte"),
        ("end of event", b"\n", "…continued"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"9\r\n", "9 bytes"),
        ("retry", b"retry: x\r", "ignored: not a number"),
        ("end of chunk", b"\r\n", ""),
        ("chunk size", b"2\r\n", "2 bytes"),
        ("id", b"id", "continued in next chunk"),
        ("end of chunk", b"\r\n", ""),
    ];
    let head = parts(&[(Out, STREAM)], usize::MAX);
    let head: Vec<_> =
        head.iter().map(|part| (part.name, part.bytes.as_slice(), part.meaning.as_str())).collect();
    expect(crossings, &[&head, expected].concat());
}

#[test]
fn a_body_without_a_length_lasts_until_the_close_and_is_shown_by_the_line() {
    expect(
        &[(Out, b"HTTP/1.0 200 OK\r\n\r\n<p>1\n<p>2")],
        &[
            ("status-line", b"HTTP/1.0 200 OK\r\n", "here it is"),
            ("end of head", b"\r\n", "a body up to the close"),
            ("message body", b"<p>1\n", "5 bytes"),
            ("message body", b"<p>2", "4 bytes"),
        ],
    );
}

#[test]
fn what_is_not_http_is_shown_as_such() {
    expect(
        &[
            (In, b"\r\nhello\r\nGET /\r\n\x16\x03\x01\x02\0\x01"),
            (
                Out,
                b"HTTP/1.1 abc\r\nHTTP/1.1 200 OK\r\nnonsense\r\nTransfer-Encoding: chunked\r\n\
                \r\nxyz\r\n",
            ),
        ],
        &[
            ("empty line", b"\r\n", "ignored before a request"),
            ("not HTTP", b"hello\r\n", ""),
            ("not HTTP", b"GET /\r\n", ""),
            ("not HTTP", b"HTTP/1.1 abc\r\n", "wrong: no status code"),
            ("status-line", b"HTTP/1.1 200 OK\r\n", "here it is"),
            ("field line", b"nonsense\r\n", "wrong: no colon"),
            ("field line", b"Transfer-Encoding: chunked\r\n", "how the body is coded"),
            ("end of head", b"\r\n", "a body in chunks follows"),
            ("chunk size", b"xyz\r\n", "wrong: not hexadecimal"),
            ("not HTTP", b"\x16\x03\x01\x02\0\x01", "TLS: was https:// asked?"),
        ],
    );
    let cut_off = parts(&[(In, b"GET / HTTP/1.1\r\nHo")], 1);
    assert_eq!(
        (cut_off[1].name, cut_off[1].bytes.as_slice(), cut_off[1].meaning.as_str()),
        ("unfinished", &b"Ho"[..], "the connection ended")
    );
}
