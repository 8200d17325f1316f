//! One program for all targets: `FUZZ_TARGET` names the one that is meant.
//!
//! Built by `run`, it is libFuzzer, which changes the inputs and sees which of them reach code that
//! none reached before. Built as any other program, it reads every input of `corpus/` once.

#![cfg_attr(fuzzing, no_main)]

mod cut;
mod targets;

#[cfg(fuzzing)]
libfuzzer_sys::fuzz_target!(|bytes: &[u8]| {
    static TARGET: std::sync::OnceLock<targets::Target> = std::sync::OnceLock::new();
    let named = || {
        let name = std::env::var("FUZZ_TARGET").unwrap_or_default();
        targets::named(&name).unwrap_or_else(|| panic!("FUZZ_TARGET is no target: \"{name}\""))
    };
    TARGET.get_or_init(named)(bytes);
});

#[cfg(not(fuzzing))]
fn main() -> std::io::Result<()> {
    let corpus = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("corpus");
    for (name, target) in targets::ALL {
        let mut inputs = 0;
        for entry in std::fs::read_dir(corpus.join(name))? {
            target(&std::fs::read(entry?.path())?);
            inputs += 1;
        }
        println!("{name}: {inputs} inputs");
    }
    Ok(())
}
