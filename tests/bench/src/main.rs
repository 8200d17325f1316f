//! Measures push-by-hand beside the servers people use.
//!
//! `cargo run --release --manifest-path tests/bench/Cargo.toml -- [--quick | --full] [--only NAME…]
//! [--plots]`
//!
//! Order of reading: `peers` (who), `loads/` (what), `plan` (how much), `closed_loop` and
//! `protocol` (the client), `server` and `machine` (what it cost), `results`, `report`, `plots`.

mod closed_loop;
mod loads;
mod machine;
mod peers;
mod plan;
mod plots;
mod prepare;
#[path = "../../support/process.rs"]
mod process;
mod protocol;
mod report;
mod results;
mod server;
mod targets;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use plan::Effort;
use results::Results;

const USAGE: &str = "\
usage: bench [--quick | --full] [--only NAME…] [--plots] [--draw FILE]

  --quick      two minutes: few sizes, short runs
  --full       more rounds: half an hour
  --only NAME  these peers and loads only (the word push-by-hand counts as a peer)
  --plots      draw the plots into docs/images/ when done
  --add FILE   add rounds to those of an earlier run's results/*.json: where its spread is wide, or something was missing
  --draw FILE  measure nothing: write the table and the plots of an earlier run's results/*.json";

fn main() -> ExitCode {
    match run() {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            eprintln!("{error}");
            ExitCode::FAILURE
        }
    }
}

fn run() -> Result<(), String> {
    let mut effort = Effort::Usual;
    let mut only = Vec::new();
    let mut draws = false;
    let (mut earlier, mut adds) = (None, false);
    let mut arguments = std::env::args().skip(1).peekable();
    while let Some(argument) = arguments.next() {
        match argument.as_str() {
            "--quick" => effort = Effort::Quick,
            "--full" => effort = Effort::Full,
            "--plots" => draws = true,
            "--add" | "--draw" => {
                adds = argument == "--add";
                earlier = Some(PathBuf::from(
                    arguments.next().ok_or(format!("{argument} needs a file"))?,
                ));
            }
            "--only" => {
                while let Some(name) = arguments.next_if(|next| !next.starts_with("--")) {
                    only.push(plan::known_name(&name)?);
                }
            }
            "--help" => {
                println!("{USAGE}");
                return Ok(());
            }
            unknown => return Err(format!("unknown argument {unknown}\n{USAGE}")),
        }
    }

    let package = Path::new(env!("CARGO_MANIFEST_DIR"));
    let folder = package.join("results");
    let mut results = Results {
        machine: machine::describe(),
        effort: effort.name().to_owned(),
        ..Results::default()
    };
    if let Some(file) = &earlier {
        let text =
            fs::read_to_string(file).map_err(|error| format!("{}: {error}", file.display()))?;
        results =
            serde_json::from_str(&text).map_err(|error| format!("{}: {error}", file.display()))?;
    }
    match earlier {
        Some(_) if !adds => draws = true,
        _ => measure(package, effort, &only, &mut results),
    }
    let table = report::markdown(&results);
    let name = |ending: &str| folder.join(format!("{}.{ending}", results.effort));
    let write = |file: PathBuf, text: String| {
        fs::write(&file, text).map_err(|error| format!("{}: {error}", file.display()))?;
        eprintln!("wrote {}", file.display());
        Ok::<(), String>(())
    };
    fs::create_dir_all(&folder).map_err(|error| format!("{}: {error}", folder.display()))?;
    println!("{table}");
    write(name("md"), table)?;
    let json = serde_json::to_string(&results).map_err(|error| error.to_string())?;
    write(name("json"), json.replace("{\"point\"", "\n{\"point\""))?;
    if draws {
        let images = package.join("../../docs/images");
        fs::create_dir_all(&images).map_err(|error| format!("{}: {error}", images.display()))?;
        for (file, drawing) in plots::all(&results) {
            write(images.join(file), drawing)?;
        }
    }
    Ok(())
}

fn measure(package: &Path, effort: Effort, only: &[&'static str], results: &mut Results) {
    results.missing = prepare::prepare(package);
    let files = machine::raise_open_files();
    if files < plan::OPEN_FILES {
        results.missing.push(format!(
            "open files: {files} allowed, {} needed for the largest crowds (`ulimit -n`)",
            plan::OPEN_FILES
        ));
    }
    plan::carry_out(package, effort, only, results);
}
