//! The book is true: its code is in the code, its outputs come from runs, its links lead somewhere.
//!
//! What is stale is named by file and line, with what it should be. One command sets code and
//! outputs right: `cargo test --test book -- --ignored refresh`.

#![allow(clippy::unwrap_used)] // A test that panics has found something.

mod catalogue;
mod chinese;
mod chinese_words;
mod excerpts;
mod glossary;
mod languages;
mod lessons;
mod markdown;
mod measured;
mod navigation;
mod outputs;
mod patterns;
#[path = "../support/process.rs"]
mod process;
mod references;
mod sections;
mod shell;
mod sketch;

use markdown::{Document, Stale, assert_none, mend};
use std::thread;

fn each(check: impl Fn(&Document) -> Vec<Stale>) -> Vec<Stale> {
    Document::all().iter().flat_map(check).collect()
}

/// Each chapter has its own programs on its own ports, so they can run side by side.
fn check_outputs() -> Vec<Stale> {
    let documents = Document::all();
    thread::scope(|scope| {
        let running: Vec<_> =
            documents.iter().map(|document| scope.spawn(|| outputs::check(document))).collect();
        running.into_iter().flat_map(|check| check.join().unwrap()).collect()
    })
}

#[test]
fn every_excerpt_stands_in_its_file() {
    assert_none(&each(excerpts::check));
}

#[test]
fn every_command_prints_what_the_book_says() {
    assert_none(&check_outputs());
    shell::say_what_was_left_out();
}

#[test]
fn every_link_leads_somewhere() {
    assert_none(&each(references::check_links));
}

#[test]
fn every_section_of_a_standard_that_is_named_exists() {
    assert_none(&each(references::check_sections));
    assert_none(&references::check_sections_of_code());
}

#[test]
fn every_file_program_and_test_that_is_named_exists() {
    assert_none(&each(references::check_names));
}

#[test]
fn every_figure_names_the_command_that_measures_it() {
    assert_none(&each(references::check_costs));
}

#[test]
fn every_figure_of_the_benchmark_is_one_that_it_measured() {
    assert_none(&each(measured::check));
    assert_none(&each(measured::check_charts));
}

#[test]
fn every_lesson_has_its_chapter_program_page_and_row() {
    assert_none(&lessons::check());
}

#[test]
fn the_error_catalogue_says_what_the_code_says() {
    assert_none(&catalogue::check());
}

#[test]
fn the_chinese_book_keeps_step() {
    assert_none(&languages::check());
}

#[test]
fn every_chapter_leads_to_its_neighbours_and_to_the_other_language() {
    assert_none(&navigation::check());
}

#[test]
fn every_word_that_is_introduced_is_in_the_glossary_and_used() {
    assert_none(&glossary::check());
}

#[test]
fn the_chinese_texts_are_worded_and_set_as_chinese() {
    assert_none(&chinese::check());
}

/// Sets excerpts and outputs right in the files, and says what it could not.
#[test]
#[ignore = "writes to docs/: run it by name"]
fn refresh() {
    catalogue::refresh();
    navigation::refresh();
    let mut left = mend(each(excerpts::check));
    left.extend(mend(check_outputs()));
    for document in Document::all() {
        let (excerpts, outputs, links) = (
            excerpts::count(&document),
            outputs::count(&document),
            references::count_links(&document),
        );
        println!("{}: {excerpts} excerpts, {outputs} outputs, {links} links", document.path);
    }
    assert_none(&left);
}
