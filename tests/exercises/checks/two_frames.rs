use super::exercise::texts;
use crate::checks::{Check, same, say};
use crate::support::frames;

pub fn check() -> Check {
    let mut bytes = Vec::new();
    for text in ["one", "two", "three"] {
        bytes.extend(frames::masked(0x81, text.as_bytes()));
    }
    for cut in 0..=bytes.len() {
        let (mut buffer, mut came) = (Vec::new(), Vec::new());
        for segment in [&bytes[..cut], &bytes[cut..]] {
            buffer.extend_from_slice(segment);
            came.extend(texts(&mut buffer));
        }
        let rest = bytes.len() - cut;
        let expected = vec!["one".into(), "two".into(), "three".into()];
        same::<Vec<String>>(say("segments", &[&cut, &rest]), expected, came)?;
        same(say("left", &[&cut, &rest]), 0, buffer.len())?;
    }
    Ok(())
}
