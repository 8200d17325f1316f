//! The Chinese texts are set and worded as Chinese: the words of the glossary, full-width
//! punctuation, one kind of quotation marks, emphasis that a code host renders.

use crate::chinese_words;
use crate::markdown::{Document, Stale, markdown_in, root};

const GLOSSARY: &str = "docs/zh/glossary.md";

/// Chinese digits, before which a unit in letters reads badly: write the digit.
const DIGITS: &str = "一二三四五六七八九十百千万两";
const UNITS: [&str; 9] = ["B", "KiB", "MiB", "GiB", "KB", "MB", "s", "ms", "µs"];

/// What begins a line that belongs to no paragraph.
const STRUCTURE: [char; 9] = ['#', '|', '-', '<', '!', '1', '2', '3', '`'];

pub fn check() -> Vec<Stale> {
    let glossary = Document::read(GLOSSARY);
    let words = words_not_to_use(&glossary);
    let mut paths = markdown_in("docs/zh");
    let mut stale: Vec<Stale> = paths
        .iter()
        .map(|path| Document::read(path))
        .flat_map(|chapter| {
            let mut stale = check_chapter(&chapter, &words);
            stale.extend(check_terms(&chapter, &glossary));
            stale.extend(chinese_words::check(&chapter));
            stale
        })
        .collect();
    stale.extend(chinese_words::check_glossary(&glossary));
    paths = vec!["pages/words.zh.txt".into()];
    let texts = root().join("tests/exercises/texts/zh").read_dir().unwrap();
    paths.extend(texts.map(|text| {
        let name = text.unwrap().file_name().into_string().unwrap();
        format!("tests/exercises/texts/zh/{name}")
    }));
    for text in paths.iter().map(|path| Document::read(path)) {
        for (n, line) in text.prose() {
            stale.extend(check_words(line, &words).map(|what| text.stale(n, what)));
        }
    }
    stale
}

/// The glossary says what is not said, in a list: `- 不用“留住”，用“挂起”（to hold）`.
fn words_not_to_use(glossary: &Document) -> Vec<(String, String)> {
    let word = |line: &str, before: &str| {
        Some(line.split_once(before)?.1.split_once('”')?.0.to_owned()).filter(|w| !w.is_empty())
    };
    let pair = |line: &str| Some((word(line, "- 不用“")?, word(line, "，用“")?));
    glossary.prose().into_iter().filter_map(|(_, line)| pair(line)).collect()
}

fn check_words<'a>(
    line: &'a str,
    words: &'a [(String, String)],
) -> impl Iterator<Item = String> + 'a {
    let said =
        words.iter().filter(|(not, _)| line.contains(not.as_str()) && !line.starts_with("- 不用"));
    said.map(|(not, instead)| format!("“{not}”: the glossary says “{instead}”"))
}

fn check_chapter(chapter: &Document, words: &[(String, String)]) -> Vec<Stale> {
    let mut stale = Vec::new();
    let prose = chapter.prose();
    for pair in prose.windows(2) {
        let goes_on = pair[1].0 == pair[0].0 + 1 && !pair[1].1.starts_with(STRUCTURE);
        let ends = |c: Option<char>| c.is_some_and(is_chinese);
        if goes_on && ends(pair[0].1.chars().next_back()) && !pair[1].1.trim().is_empty() {
            stale.push(chapter.stale(pair[1].0, "a line end within a paragraph becomes a space"));
        }
    }
    for (n, line) in prose {
        let mut faults: Vec<String> = check_words(line, words).collect();
        let text = without_code(line);
        faults.extend(check_marks(&text));
        faults.extend(check_emphasis(&text));
        stale.extend(faults.into_iter().map(|what| chapter.stale(n, what)));
    }
    stale
}

/// A word is introduced as `*挂起*（hold）`: the glossary has it, in one language or the other.
fn check_terms(chapter: &Document, glossary: &Document) -> Vec<Stale> {
    let mut stale = Vec::new();
    for (n, line) in chapter.prose() {
        for (before, after) in
            line.match_indices("*（").map(|(at, mark)| (&line[..at], &line[at + mark.len()..]))
        {
            let chinese = before.rsplit('*').next().unwrap_or_default();
            let english = after.split(['，', '）', '；']).next().unwrap_or_default();
            let known = |word: &str| glossary.lines.iter().any(|line| line.contains(word));
            if english.starts_with(|c: char| c.is_ascii_alphabetic())
                && !known(chinese)
                && !known(english)
            {
                stale
                    .push(chapter.stale(n, format!("not in the glossary: {chinese}（{english}）")));
            }
        }
    }
    stale
}

/// Code as one letter, comments and tags as one mark, and no link targets: they are no prose.
fn without_code(line: &str) -> String {
    let mut text = String::new();
    let mut rest = line;
    while let Some(at) = rest.find(['`', '<', ']']) {
        text.push_str(&rest[..at]);
        rest = &rest[at..];
        let ticks = rest.len() - rest.trim_start_matches('`').len();
        let end = if ticks > 0 {
            rest[ticks..].find(&"`".repeat(ticks)).map(|end| end + 2 * ticks)
        } else if rest.starts_with("](") {
            rest.find(')').map(|end| end + 1)
        } else if rest.starts_with('<') {
            rest.find('>').map(|end| end + 1)
        } else {
            None
        };
        if end.is_some() && !rest.starts_with(']') {
            text.push(if ticks > 0 { 'x' } else { '<' });
        }
        rest = &rest[end.unwrap_or(1)..];
    }
    text + rest
}

fn is_ideograph(c: char) -> bool {
    matches!(c, '\u{4e00}'..='\u{9fff}')
}

fn is_chinese(c: char) -> bool {
    is_ideograph(c) || matches!(c, '，' | '。' | '；' | '：' | '、' | '！' | '？' | '（' | '）')
}

fn check_marks(text: &str) -> Vec<String> {
    let mut faults = Vec::new();
    let chars: Vec<char> = text.chars().collect();
    for pair in chars.windows(2) {
        let half_width = |c: char| matches!(c, ',' | ';' | ':' | '!' | '?' | '(' | ')');
        if (is_chinese(pair[0]) && half_width(pair[1]))
            || (half_width(pair[0]) && is_chinese(pair[1]))
        {
            faults.push(format!("half-width punctuation: {}{}", pair[0], pair[1]));
        }
    }
    for three in chars.windows(3) {
        if let [a, ' ', b] = three
            && ((is_chinese(*a) && matches!(b, '“' | '(')) || (*a == '”' && is_chinese(*b)))
        {
            faults.push(format!("a space too many: {a} {b}"));
        }
    }
    // What is quoted from elsewhere is set as it is there, and so are the headings in a table.
    let ours = text.split('“').map(|part| part.split_once('”').map_or(part, |(_, after)| after));
    let pairs = ours
        .filter(|_| !text.starts_with('|'))
        .flat_map(|part| part.chars().zip(part.chars().skip(1)).collect::<Vec<_>>());
    for (a, b) in pairs {
        let latin = |c: char| c.is_ascii_alphanumeric();
        if (is_ideograph(a) && latin(b)) || (latin(a) && is_ideograph(b)) {
            faults.push(format!("a space is missing: {a}{b}"));
        }
    }
    if text.contains('"') {
        faults.push("straight quotation marks: use “”".into());
    }
    for (at, digit) in text.char_indices().filter(|(_, c)| DIGITS.contains(*c)) {
        let Some(unit) = text[at + digit.len_utf8()..].strip_prefix(' ') else { continue };
        let unit = unit.split(|c: char| !c.is_ascii_alphabetic() && c != 'µ').next();
        if unit.is_some_and(|unit| UNITS.contains(&unit)) {
            faults.push(format!(
                "a unit after a Chinese digit: {digit} {}",
                unit.unwrap_or_default()
            ));
        }
    }
    faults
}

/// CommonMark closes emphasis after punctuation only before a space or punctuation, and opens it
/// before punctuation only after one: `**字。**字` shows its asterisks.
fn check_emphasis(text: &str) -> Vec<String> {
    let mark = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    let mut faults = Vec::new();
    let (mut at, mut open) = (0, false);
    while let Some(found) = text[at..].find('*').map(|found| at + found) {
        let end = found + text[found..].len() - text[found..].trim_start_matches('*').len();
        let (before, after) = (text[..found].chars().next_back(), text[end..].chars().next());
        at = end;
        if !open && after.is_none_or(char::is_whitespace) {
            continue; // A bullet, or a star by itself.
        }
        let (inside, outside) = if open { (before, after) } else { (after, before) };
        if mark(inside) && inside != Some('x') && !mark(outside) {
            faults.push(format!("will not render as emphasis: {}", &text[found..]));
        }
        open = !open;
    }
    faults
}

#[test]
fn what_is_not_chinese_typesetting_is_noticed() {
    let words = vec![("留住".to_owned(), "挂起".to_owned())];
    let faults = |text: &str| check_chapter(&Document::new("docs/zh/x.md", text), &words).len();
    for right in [
        "服务器挂起请求，等（最多）25 秒；`a, \"b\"` 是代码。",
        "见[第 3 章](03.md#代码)：“一问一答”，*消息*（message），**长度**：5。",
        "原文说“HTTP是半双工协议”，用 `x` 读",
        "**甲。** 乙，十几 KiB，一千字节，- “丙”。",
        "<!-- 对照, (注) -->",
    ] {
        assert_eq!(faults(right), 0, "{right}");
    }
    for wrong in [
        "被留住的请求",
        "请求,响应",
        "两个核心 (AMD)",
        "他说 “好”。",
        "用`x`读",
        "两个CPU",
        "“好” 他说",
        "三 MiB",
        "\"好\"",
        "**甲。**乙",
        "甲**“乙”**丙。",
        "前一行，\n后一行。",
    ] {
        assert_ne!(faults(wrong), 0, "{wrong}");
    }
}
