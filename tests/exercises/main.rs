//! The book's exercises, which check themselves.
//!
//! ```text
//! cargo test --test exercises                              each solution is one, and how many of yours are
//! cargo test --test exercises -- say_hello                 is mine? If not: what was expected, and what came
//! cargo test --test exercises -- say_hello --hint 1        a step further
//! cargo test --test exercises -- --fresh                   and nobody has solved one in what is about to be published
//! ```
//!
//! An exercise is a file here, which is there to be edited, and one of the same name in
//! `solutions/`, which has the same items. One function in `checks/` looks at both. It asks the
//! library, or a server that runs, what is right; it does not know by itself.

#![allow(clippy::unwrap_used)] // A test that panics has found something.

mod checks;
mod solutions;
#[path = "../support/mod.rs"]
mod support;

mod a_room;
mod a_second_question;
mod a_sixth_reader;
mod a_subprotocol;
mod accept_by_hand;
mod back_again;
mod count_the_readers;
mod frame_by_hand;
mod frame_header;
mod gather;
mod leave_for_good;
mod mask_by_hand;
mod named_counts;
mod post_message;
mod predict_the_204;
mod predict_the_304;
mod predict_the_answer;
mod predict_the_chunk;
mod predict_the_events;
mod predict_the_goodbye;
mod predict_the_growth;
mod predict_the_reply;
mod predict_the_reset;
mod resume_cursor;
mod say_goodbye;
mod say_hello;
mod say_it_in_binary;
mod shout;
mod smallest_block;
mod tell_them_apart;
mod trust_the_answer;
mod two_frames;
mod two_lengths;
mod two_pages;
mod two_types;
mod weekday;
mod which_is_wrong;

use checks::{Check, Miss};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

struct Exercise {
    /// The chapter, without its folder and ending.
    chapter: &'static str,
    name: &'static str,
    /// The file that the learner edits, hints and all.
    text: &'static str,
    yours: fn() -> Check,
    solution: fn() -> Check,
}

/// One exercise: chapter, name, the module of `checks` that has a function of that name, and which
/// items of the file it is given.
macro_rules! exercise {
    ($chapter:literal, $name:ident, $checks:ident, $($item:ident),+) => {
        Exercise {
            chapter: $chapter,
            name: stringify!($name),
            text: include_str!(concat!(stringify!($name), ".rs")),
            yours: || checks::$checks::$name($($name::$item),+),
            solution: || checks::$checks::$name($(solutions::$name::$item),+),
        }
    };
}

fn exercises() -> Vec<Exercise> {
    vec![
        exercise!("01-http", predict_the_answer, http, STATUS, BODY_BYTES),
        exercise!("01-http", two_lengths, http, ACCEPTED, REFUSED),
        exercise!("01-http", say_hello, http, answer),
        exercise!("02-polling", predict_the_304, http, BYTES),
        exercise!("02-polling", weekday, http, answer),
        exercise!("02-polling", two_pages, http, cors),
        exercise!("03-long_polling", predict_the_204, http, BYTES),
        exercise!("03-long_polling", gather, feed, gather),
        exercise!("03-long_polling", say_goodbye, feed, goodbye, hold),
        exercise!("04-iframe_stream", predict_the_chunk, streams, SIZE_LINE),
        exercise!("04-iframe_stream", count_the_readers, streams, stream),
        exercise!("04-iframe_stream", post_message, streams, script),
        exercise!("05-event_source", predict_the_events, streams, EVENTS),
        exercise!("05-event_source", smallest_block, streams, block),
        exercise!("05-event_source", named_counts, feed, enter, leave),
        exercise!("06-sse_stream", predict_the_reset, feed, MISSED, FIRST),
        exercise!("06-sse_stream", leave_for_good, streams, stream),
        exercise!("06-sse_stream", two_types, streams, blocks),
        exercise!("07-websocket", predict_the_reply, sockets, BYTES),
        exercise!("07-websocket", a_room, sockets, room),
        exercise!("07-websocket", a_subprotocol, sockets, connect),
        exercise!("08-accept_key", accept_by_hand, frames, ACCEPT),
        exercise!("08-accept_key", tell_them_apart, frames, KINDS),
        exercise!("09-raw_websocket", frame_by_hand, sockets, FRAME),
        exercise!("09-raw_websocket", shout, sockets, shout),
        exercise!("09-raw_websocket", mask_by_hand, frames, mask),
        exercise!("09-raw_websocket", frame_header, frames, header),
        exercise!("09-raw_websocket", which_is_wrong, sockets, FAULTS),
        exercise!("09-raw_websocket", two_frames, frames, texts),
        exercise!("10-client", predict_the_goodbye, sockets, BYTES),
        exercise!("10-client", back_again, sockets, target),
        exercise!("10-client", say_it_in_binary, sockets, message),
        exercise!("10-client", trust_the_answer, sockets, is_ours),
        exercise!("11-hub", predict_the_growth, streams, FRAME, CHUNK),
        exercise!("11-hub", a_sixth_reader, streams, read),
        exercise!("11-hub", resume_cursor, feed, start),
        exercise!("12-claims", a_second_question, streams, BYTES),
    ]
}

fn main() -> ExitCode {
    let mut names = Vec::new();
    let (mut fresh, mut hint) = (false, None);
    let mut arguments = std::env::args().skip(1);
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--fresh" => fresh = true,
            "--hint" => {
                hint = arguments.next().and_then(|number| number.parse::<usize>().ok()).or(Some(1))
            }
            // What is meant for tests that cargo runs beside these: nothing here is heavy, and
            // nothing is ignored.
            "--ignored" | "--list" => return ExitCode::SUCCESS,
            "--skip" | "--test-threads" | "--format" | "--color" => drop(arguments.next()),
            flag if flag.starts_with('-') => {}
            name => names.push(name.to_owned()),
        }
    }
    let exercises = exercises();
    let Some(name) = names.first() else { return check_all(&exercises, fresh) };
    match (exercises.iter().find(|exercise| exercise.name == name), hint) {
        (Some(exercise), None) => exercise.check_yours(),
        (Some(exercise), Some(number)) => exercise.print_hint(number),
        (None, _) => {
            // No failure: `cargo test NAME` gives every test program the name of one test.
            let all: Vec<_> = exercises.iter().map(|exercise| exercise.name).collect();
            println!("There is no exercise {name}. There are: {}.", all.join(", "));
            ExitCode::SUCCESS
        }
    }
}

/// Each solution must be one. Each file that is there to be edited need not be, and before it is
/// published, must not.
fn check_all(exercises: &[Exercise], fresh: bool) -> ExitCode {
    let mut wrong = 0;
    let mut solved = 0;
    for exercise in exercises {
        if let Err(miss) = tried(exercise.solution) {
            println!("tests/exercises/solutions/{}.rs is no solution:\n{miss}\n", exercise.name);
            wrong += 1;
        }
        let hints = exercise.hints().len();
        if !(2..=3).contains(&hints) {
            println!(
                "tests/exercises/{}.rs has {hints} hints; expected two or three\n",
                exercise.name
            );
            wrong += 1;
        }
        if !exercise.is_in_its_chapter() {
            println!("docs/{}.md does not name the exercise {}\n", exercise.chapter, exercise.name);
            wrong += 1;
        }
        if tried(exercise.yours).is_ok() {
            solved += 1;
            if fresh {
                println!(
                    "tests/exercises/{}.rs is solved before anybody has tried\n",
                    exercise.name
                );
                wrong += 1;
            }
        }
    }
    println!(
        "exercises: {} solutions checked; of yours, {solved} of {} are solved",
        exercises.len(),
        exercises.len()
    );
    if wrong == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

impl Exercise {
    fn check_yours(&self) -> ExitCode {
        let Err(miss) = tried(self.yours) else {
            println!(
                "{} is solved. Another way to do it: tests/exercises/solutions/{}.rs",
                self.name, self.name
            );
            return ExitCode::SUCCESS;
        };
        println!("{} is not solved yet.\n\n{miss}\n", self.name);
        println!("The file to edit: tests/exercises/{}.rs", self.name);
        println!("The chapter:      docs/{}.md", self.chapter);
        println!("A hint:           cargo test --test exercises -- {} --hint 1\n", self.name);
        ExitCode::FAILURE
    }

    fn print_hint(&self, number: usize) -> ExitCode {
        let hints = self.hints();
        let Some(hint) = number.checked_sub(1).and_then(|before| hints.get(before)) else {
            println!(
                "{} has {} hints: --hint 1 to --hint {}.",
                self.name,
                hints.len(),
                hints.len()
            );
            return ExitCode::FAILURE;
        };
        println!("{}, hint {number} of {}: {hint}", self.name, hints.len());
        ExitCode::SUCCESS
    }

    fn is_in_its_chapter(&self) -> bool {
        let path = format!("{}/docs/{}.md", env!("CARGO_MANIFEST_DIR"), self.chapter);
        std::fs::read_to_string(path)
            .is_ok_and(|text| text.contains(&format!("\n**{}.** ", self.name)))
    }

    /// The hints at the end of the file: comments that are numbered, and go on in lines that are
    /// indented.
    fn hints(&self) -> Vec<String> {
        let mut hints: Vec<String> = Vec::new();
        for line in self.text.lines() {
            if let Some(text) = line.strip_prefix(&format!("// {}. ", hints.len() + 1)) {
                hints.push(text.to_owned());
            } else if let (Some(text), Some(hint)) = (line.strip_prefix("//    "), hints.last_mut())
            {
                hint.extend([" ", text]);
            }
        }
        hints
    }
}

/// A panic is an answer, too: the check goes on to the next exercise, and the learner reads where
/// it was.
fn tried(check: fn() -> Check) -> Check {
    catch_unwind(AssertUnwindSafe(check)).unwrap_or_else(|_| {
        Err(Miss {
            asked: "to run to the end".into(),
            expected: "no panic".into(),
            came: "the one above".into(),
        })
    })
}
