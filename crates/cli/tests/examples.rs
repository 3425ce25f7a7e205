//! The examples print what they say they print.

use std::path::{Path, PathBuf};
use std::process::Command;

/// Where an example begins to say what it prints.
const PRINTS: &str = "\n// Prints:\n";

#[test]
fn examples_print_what_they_say() {
    let examples = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../examples");
    let mut checked = 0;
    for folder in [examples.clone(), examples.join("wasm"), examples.join("workers")] {
        for script in scripts(&folder) {
            let text = std::fs::read_to_string(&script).unwrap();
            let Some((_, wanted)) = text.split_once(PRINTS) else { continue };
            let wanted: String = wanted
                .lines()
                .map(|line| format!("{}\n", line.trim_start_matches("//").trim_start()))
                .collect();
            let mut command = Command::new(env!("CARGO_BIN_EXE_holm"));
            command.arg(&script).env("HOLM_CODE_CACHE", "off");
            let output = command.output().unwrap();
            let errors = String::from_utf8_lossy(&output.stderr);
            let printed = String::from_utf8_lossy(&output.stdout);
            assert!(output.status.success(), "{}: {errors}", script.display());
            assert_eq!(printed, wanted, "{}", script.display());
            checked += 1;
        }
    }
    assert!(checked >= 12, "only {checked} examples say what they print");
}

fn scripts(folder: &Path) -> Vec<PathBuf> {
    let entries = std::fs::read_dir(folder).expect("the folder of examples");
    let mut scripts: Vec<_> = entries.map(|entry| entry.expect("an entry").path()).collect();
    scripts.retain(|path| path.extension().is_some_and(|extension| extension == "mjs"));
    scripts.sort();
    scripts
}
