use super::exercise::read_chunks;
use crate::checks::{Check, holds, same, say};
use push_by_hand::http::Response;
use std::io::{BufReader, Read};

const HEAD: &str = "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n";
const NEXT: &str = "HTTP/1.1 204";

pub fn check() -> Check {
    for chunks in [
        "5\r\nhello\r\n0\r\n\r\n",
        "5\r\nhello\r\n7\r\n, world\r\n0\r\n\r\n",
        "7\r\na\r\nb\r\nc\r\n0\r\n\r\n",
        "0\r\n\r\n",
        "A\r\n0123456789\r\n1a\r\nabcdefghijklmnopqrstuvwxyz\r\n000\r\n\r\n",
        "5;name=value\r\nhello\r\n0;last\r\n\r\n",
        "5\r\nhello\r\n0\r\nDigest: x\r\nServer-Timing: y\r\n\r\n",
        "5\r\nhello!\r\n0\r\n\r\n",
        "5\r\nhel",
        "5\r\nhello\r\n",
        "5\r\nhello\r\n0\r\n",
        "+5\r\nhello\r\n0\r\n\r\n",
        "\r\nhello\r\n0\r\n\r\n",
        "fffffffffffffff\r\nhello\r\n0\r\n\r\n",
        "10000000000000005\r\nhello\r\n0\r\n\r\n",
    ] {
        // What is cut off stays so; behind all others the next answer stands.
        let ends = chunks.ends_with("\r\n\r\n");
        let bytes = if ends { format!("{chunks}{NEXT}") } else { chunks.into() };
        let expected = Response::read_from(&mut format!("{HEAD}{bytes}").as_bytes(), false, 1000);
        let expected = expected.ok().map(|response| response.body);
        let mut reader = BufReader::with_capacity(1, bytes.as_bytes());
        let came = read_chunks(&mut reader);
        let asked = || say("chunks", &[&chunks.escape_debug()]);
        let text = |body: Option<&[u8]>| {
            body.map_or_else(|| say("an error", &[]), |body| format!("\"{}\"", body.escape_ascii()))
        };
        let (expected, came) = (expected.as_deref(), came.ok());
        let is_so = expected == came.as_deref();
        holds(is_so, asked(), text(expected), text(came.as_deref()))?;
        if expected.is_some() {
            let mut rest = String::new();
            reader.read_to_string(&mut rest).unwrap();
            same(say("rest", &[&chunks.escape_debug()]), NEXT.into(), rest)?;
        }
    }
    Ok(())
}
