use super::*;

#[test]
fn an_event_is_written_as_it_is_read() {
    let event = |event: Option<&str>, id: Option<&str>, data: &str| Event {
        event: event.map(str::to_owned),
        id: id.map(str::to_owned),
        retry: None,
        data: Some(data.to_owned()),
    };
    for (value, bytes) in [
        (event(None, None, "x"), "data: x\n\n"),
        (event(None, None, ""), "data: \n\n"),
        (event(None, None, "\n"), "data: \ndata: \n\n"),
        (event(None, None, " x "), "data:  x \n\n"),
        (event(None, None, "a\nb\n"), "data: a\ndata: b\ndata: \n\n"),
        (event(None, None, "id: 5\n\ndata: y"), "data: id: 5\ndata: \ndata: data: y\n\n"),
        (event(None, None, "服务器 \0 \u{feff}"), "data: 服务器 \0 \u{feff}\n\n"),
        (
            event(Some("tick"), Some("1763700000000-42"), "{}"),
            "event: tick\nid: 1763700000000-42\ndata: {}\n\n",
        ),
        (event(Some(" a:b "), Some(" : "), ":"), "event:  a:b \nid:  : \ndata: :\n\n"),
    ] {
        assert_eq!(String::from_utf8(value.to_bytes()).unwrap(), bytes);
        let mut reader = EventReader::new(bytes.as_bytes(), "");
        assert_eq!(reader.next_event().unwrap(), Some(value));
        assert_eq!(reader.next_event().unwrap(), None);
        read(bytes.as_bytes());
    }
}

#[test]
fn a_block_without_data_is_written_for_its_other_fields() {
    let nothing = Event::default();
    for (event, bytes) in [
        (Event { retry: Some(Duration::from_secs(20)), ..nothing.clone() }, "retry: 20000\n\n"),
        (Event { retry: Some(Duration::ZERO), ..nothing.clone() }, "retry: 0\n\n"),
        (Event { id: Some(String::new()), ..nothing.clone() }, "id: \n\n"),
        (
            Event {
                event: Some("e".into()),
                id: Some("0".into()),
                retry: Some(Duration::from_millis(1)),
                data: Some("d".into()),
            },
            "event: e\nid: 0\nretry: 1\ndata: d\n\n",
        ),
    ] {
        assert_eq!(String::from_utf8(event.to_bytes()).unwrap(), bytes);
    }
}

#[test]
fn nothing_in_a_field_can_begin_another() {
    // Every text of up to four of these pieces, in every field.
    const PIECES: [&str; 6] = ["\r", "\n", "\0", ":", " ", "data"];
    let mut texts = vec![String::new()];
    for begin in 0..4 {
        let longer = |text: &String| PIECES.map(|piece| text.clone() + piece);
        let last: Vec<String> =
            texts.iter().filter(|text| pieces(text) == begin).flat_map(longer).collect();
        texts.extend(last);
    }
    assert_eq!(texts.len(), 1 + 6 + 36 + 216 + 1296);
    let one_line = |text: &str| text.replace(['\r', '\n', '\0'], "");
    for text in texts {
        let event = Event {
            event: Some(text.clone()),
            id: Some(text.clone()),
            retry: None,
            data: Some(text.clone()),
        };
        let bytes = [event.to_bytes(), Event::message("next").to_bytes()].concat();
        let said = listen(bytes.as_slice());
        let (kind, id) = (one_line(&text), one_line(&text));
        let kind = if kind.is_empty() { "message".to_owned() } else { kind };
        let lines = text.replace("\r\n", "\n").replace('\r', "\n");
        let expected = [(kind, id.clone(), lines), ("message".into(), id, "next".into())];
        assert_eq!(said.events, expected, "{text:?}");
    }
}
