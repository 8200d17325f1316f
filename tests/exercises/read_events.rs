//! The task: docs/11-client.md, at its end. 题目：docs/zh/11-client.md 末尾。

use std::io::{self, BufRead};

pub fn read_events(
    reader: &mut dyn BufRead,
    fire: &mut dyn FnMut(&str, &str, &str),
) -> io::Result<()> {
    for line in reader.lines() {
        if let Some(data) = line?.strip_prefix("data: ") {
            fire("message", data, "");
        }
    }
    Ok(())
}
