//! Code in the book stands in the code.
//!
//! A block with the info string `rust src/feed.rs` must be found in that file, line for line. A
//! line that is only a comment with `…` in it leaves something out; the pieces around it follow
//! each other in the file as they do here. The indentation common to all of them may be missing.

use crate::markdown::{Block, Document, Stale, root};
use std::fs;

/// Languages whose blocks must name a file: what looks like code of ours must be code of ours.
const CODE: &[&str] = &["rust", "js", "javascript", "html", "css", "toml"];

/// What is wrong with the excerpts of a document.
pub fn check(document: &Document) -> Vec<Stale> {
    document.blocks().iter().filter_map(|block| check_block(document, block)).collect()
}

/// The files whose excerpts a document shows.
pub fn count(document: &Document) -> usize {
    document.blocks().iter().filter(|block| file_of(block).is_some()).count()
}

/// The second word of the info string, if the first is a language that we write.
pub fn file_of(block: &Block) -> Option<&str> {
    let mut words = block.info.split_whitespace();
    words.next().filter(|language| CODE.contains(language))?;
    words.next()
}

fn check_block(document: &Document, block: &Block) -> Option<Stale> {
    let language = block.info.split_whitespace().next().unwrap_or_default();
    let Some(path) = file_of(block) else {
        let unnamed = CODE.contains(&language);
        return unnamed.then(|| {
            document.stale(
                block.start,
                format!("a {language} block must name its file: ```{language} src/…"),
            )
        });
    };
    let Ok(text) = fs::read_to_string(root().join(path)) else {
        return Some(document.stale(block.start, format!("there is no file {path}")));
    };
    let file: Vec<&str> = text.lines().collect();
    let excerpt: Vec<&str> = block.lines.iter().map(String::as_str).collect();
    if stands_in(&excerpt, &file) {
        return None;
    }
    let mut stale = document.stale(block.start, format!("this does not stand in {path}"));
    stale.mended = nearest(&excerpt, &file).map(|lines| (block.clone(), lines));
    Some(stale)
}

/// Whether a line of an excerpt leaves something out.
fn is_elision(line: &str) -> bool {
    matches!(line.trim(), "// …" | "# …" | "<!-- … -->" | "/* … */")
}

fn pieces<'a, 'b>(excerpt: &'b [&'a str]) -> Vec<&'b [&'a str]> {
    excerpt
        .split(|line| is_elision(line))
        .filter(|piece| piece.iter().any(|line| !line.trim().is_empty()))
        .collect()
}

fn stands_in(excerpt: &[&str], file: &[&str]) -> bool {
    let pieces = pieces(excerpt);
    let widest = file.iter().map(|line| line.len() - line.trim_start().len()).max().unwrap_or(0);
    // All pieces have lost the same margin.
    !pieces.is_empty()
        && (0..=widest).any(|margin| {
            let mut from = 0;
            pieces.iter().all(|piece| match find(piece, file, from, margin) {
                Some(at) => {
                    from = at + piece.len();
                    true
                }
                None => false,
            })
        })
}

/// Where the piece begins, at `from` or after it, when the file's lines are `margin` wider.
fn find(piece: &[&str], file: &[&str], from: usize, margin: usize) -> Option<usize> {
    let same = |ours: &&str, theirs: &&str| match theirs.split_at_checked(margin) {
        _ if ours.trim().is_empty() => theirs.trim().is_empty(),
        Some((margin, rest)) => margin.trim().is_empty() && rest == *ours,
        None => false,
    };
    (from..(file.len() + 1).saturating_sub(piece.len()))
        .find(|&at| piece.iter().zip(&file[at..]).all(|(ours, theirs)| same(ours, theirs)))
}

/// What the excerpt should be, without the margin that all its lines have.
fn nearest(excerpt: &[&str], file: &[&str]) -> Option<Vec<String>> {
    let lines = resembling(excerpt, file, is_elision, |line| line.trim().to_owned())?;
    let margin = lines.iter().filter(|line| !line.trim().is_empty() && !is_elision(line));
    let margin = margin.map(|line| crate::markdown::indent_of(line)).min().unwrap_or(0);
    let cut = |line: &String| {
        if is_elision(line) { line.clone() } else { line.get(margin..).unwrap_or("").to_owned() }
    };
    Some(lines.iter().map(cut).collect())
}

/// Each piece of a text moved to the place that it resembles most, in order, and the elisions
/// between them kept. `key` is what counts of a line.
pub fn resembling(
    text: &[&str],
    lines: &[&str],
    is_elision: impl Fn(&str) -> bool,
    key: impl Fn(&str) -> String,
) -> Option<Vec<String>> {
    let keys: Vec<String> = lines.iter().map(|line| key(line)).collect();
    let mut from = 0;
    let mut moved = Vec::new();
    for part in text.split_inclusive(|line| is_elision(line)) {
        let elision = part.last().filter(|line| is_elision(line));
        let own: Vec<String> = part[..part.len() - usize::from(elision.is_some())]
            .iter()
            .map(|line| key(line))
            .collect();
        if own.iter().any(|line| !line.is_empty()) {
            let (start, end) = align(&own, &keys[from..])?;
            moved.extend(lines[from + start..from + end].iter().map(|line| (*line).to_owned()));
            from += end;
        }
        moved.extend(elision.map(|line| (*line).to_owned()));
    }
    Some(moved)
}

/// The lines of the file that the piece resembles most: a local alignment in which lines that say
/// much count for more.
fn align(piece: &[String], file: &[String]) -> Option<(usize, usize)> {
    let weight = |line: &str| i32::try_from(line.len().min(40)).unwrap_or(40);
    // the score, and where its alignment began
    let mut score = vec![vec![(0, 0); file.len() + 1]; piece.len() + 1];
    let mut best = (0, 0, 0, 0);
    for i in 0..=piece.len() {
        for j in 0..=file.len() {
            let mut here = (0, j);
            if i > 0 && j > 0 && !piece[i - 1].is_empty() && piece[i - 1] == file[j - 1] {
                let (before, began) = score[i - 1][j - 1];
                here = here
                    .max((before + weight(&piece[i - 1]), if before == 0 { j - 1 } else { began }));
            }
            for (missing_i, missing_j) in [(1, 0), (0, 1), (1, 1)] {
                if i >= missing_i && j >= missing_j {
                    let (before, began) = score[i - missing_i][j - missing_j];
                    here = if before - 6 > here.0 { (before - 6, began) } else { here };
                }
            }
            score[i][j] = here;
            if here.0 > best.0 {
                best = (here.0, here.1, j, i);
            }
        }
    }
    let (points, start, end, reached) = best;
    // Lines at the piece's edges that are no longer there were replaced by as many others, as far
    // as one can know.
    let first = piece.iter().position(|line| Some(line) == file.get(start)).unwrap_or(0);
    (points > 0)
        .then(|| (start.saturating_sub(first), (end + piece.len() - reached).min(file.len())))
}

#[test]
fn an_excerpt_may_lose_its_margin_and_leave_lines_out_but_nothing_else() {
    let file =
        ["fn a() {", "    if b {", "        c();", "        d();", "    }", "}", "fn e() {}"];
    for good in [
        &["fn a() {", "    if b {"][..],
        &["if b {", "    c();", "    // …", "}"],
        &["    c();", "// …", "}"],
        &["// …", "d();"],
        &["fn a() {", "    // …", "}", "fn e() {}"],
    ] {
        assert!(stands_in(good, &file), "{good:?}");
    }
    for bad in [
        &["fn a() {", "}"][..],
        &["if b {", "c();"],
        &["d();", "// …", "c();"],
        &["c(); "],
        &["c();", "// …", "}"],
        &["fn e() {}", "// …", "fn a() {"],
        &["// …"],
        &[],
    ] {
        assert!(!stands_in(bad, &file), "{bad:?}");
    }
}

#[test]
fn a_stale_excerpt_is_found_again_by_what_is_left_of_it() {
    let file = ["fn a() {", "    let n = 2;", "    say(n);", "    wave();", "}", "", "fn b() {}"];
    for (stale, now) in [
        (
            &["fn a() {", "    let n = 1;", "    say(n);"][..],
            &["fn a() {", "    let n = 2;", "    say(n);"][..],
        ),
        (&["let n = 1;", "say(n);"], &["let n = 2;", "say(n);"]),
        (&["say(n);", "jump();", "wave();"], &["say(n);", "wave();"]),
        (
            &["say(n);", "// …", "}", "", "fn c() {}"],
            &["    say(n);", "// …", "}", "", "fn b() {}"],
        ),
    ] {
        assert_eq!(nearest(stale, &file).unwrap(), now);
    }
    assert_eq!(nearest(&["struct Other;"], &file), None);
}

#[test]
fn a_block_of_code_without_a_file_is_refused() {
    let found = check(&Document::new(
        "x.md",
        "text\n```rust\nlet a = 1;\n```\n```rust src/nowhere.rs\n```\n```sh\nls\n```",
    ));
    let messages: Vec<String> = found.iter().map(Stale::to_string).collect();
    assert_eq!(messages.len(), 2);
    assert!(messages[0].starts_with("x.md:2: a rust block must name its file"));
    assert_eq!(messages[1], "x.md:5: there is no file src/nowhere.rs");
}
