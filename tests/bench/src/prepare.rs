//! Builds everything that is to be measured, and says what cannot be.

use std::path::Path;
use std::process::Command;

/// Runs the three builds. Returns one line for each thing that is missing.
pub fn prepare(package: &Path) -> Vec<String> {
    let mut missing = Vec::new();
    let mut step = |what: &str, lost: &str, command: &mut Command| {
        eprintln!("{what} …");
        let failure = match command.status() {
            Ok(status) if status.success() => return,
            Ok(status) => format!("failed ({status})"),
            Err(error) => error.to_string(),
        };
        missing.push(format!("{what}: {failure}; without it: no {lost}"));
    };
    let manifest = |folder: &Path| folder.join("Cargo.toml");
    step(
        "building the lessons",
        "push-by-hand",
        Command::new("cargo")
            .args(["build", "--release", "--bins", "--manifest-path"])
            .arg(manifest(&package.join("../.."))),
    );
    step(
        "building the Rust peers",
        "yardsticks, tiny_http, tungstenite, axum",
        Command::new("cargo")
            .args(["build", "--release", "--bins", "--locked", "--manifest-path"])
            .arg(manifest(package)),
    );
    let node = package.join("node");
    if !installed(&node) {
        step(
            "installing the Node peers (npm ci)",
            "express, ws, bun",
            Command::new("npm").args(["ci", "--no-audit", "--no-fund"]).current_dir(&node),
        );
    }
    missing
}

/// npm leaves a lock of its own behind; an older one than ours belongs to another list.
fn installed(node: &Path) -> bool {
    let modified = |path: &str| node.join(path).metadata().and_then(|data| data.modified()).ok();
    match (modified("node_modules/.package-lock.json"), modified("package-lock.json")) {
        (Some(there), Some(wanted)) => {
            there >= wanted && node.join("node_modules/.bin/bun").exists()
        }
        _ => false,
    }
}
