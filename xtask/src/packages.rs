//! `cargo xtask packages`: published packages that ship WebAssembly do real work, and print what they should.
//!
//! Each script of `tests/packages` uses one package and prints something deterministic, which `NAME.out` beside it
//! holds. npm installs the packages, unmodified, into the target directory. With `--node` every script has to print
//! the same there, so that what is expected is not what Holm happens to do.

use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Command as Process, Stdio};
use std::thread;
use std::time::{Duration, Instant};

use crate::cargo;
use crate::command::{Command, Failure};
use crate::progress::Progress;

pub const COMMAND: Command = Command {
    name: "packages",
    summary: "run published packages [NAME…] [--holm PATH] [--node PATH] [--bless]",
    run,
};

const SCRIPTS: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../tests/packages");

/// A script that needs more than it is allowed by default says so in such a line.
const FLAGS: &str = "// holm: ";

/// Many times what the slowest takes, compiling included.
const LIMIT: Duration = Duration::from_secs(300);

const POLL: Duration = Duration::from_millis(5);

#[derive(Default)]
struct Options {
    names: Vec<String>,
    holm: Option<PathBuf>,
    node: Option<PathBuf>,
    bless: bool,
}

fn run(args: lexopt::Parser) -> Result<(), Failure> {
    let options = options(args)?;
    let holm = match &options.holm {
        Some(path) => fs::canonicalize(path)
            .map_err(Failure::while_doing(format!("looking for {}", path.display())))?,
        None => cargo::release_holm()?,
    };
    let place = place()?;
    let scripts = install(&place, &options.names)?;
    let progress = Progress::new();
    let mut failures = 0;
    for (index, name) in scripts.iter().enumerate() {
        progress.show(&format!("{}/{} {name}", index + 1, scripts.len()));
        let script = place.join(format!("{name}.mjs"));
        let expected = Path::new(SCRIPTS).join(format!("{name}.out"));
        let flags = flags(&script)?;
        let start = Instant::now();
        let printed = output(&holm, &flags, &script)?;
        let took = start.elapsed();
        if options.bless {
            fs::write(&expected, &printed).map_err(Failure::while_doing("writing"))?;
        }
        let wanted = fs::read_to_string(&expected)
            .map_err(Failure::while_doing(format!("reading {}", expected.display())))?;
        let mut verdict = difference(&wanted, &printed);
        if let (None, Some(node)) = (&verdict, &options.node) {
            let elsewhere = output(node, &[], &script)?;
            verdict = difference(&wanted, &elsewhere).map(|text| format!("in Node: {text}"));
        }
        progress.show("");
        match verdict {
            None => println!("ok      {:>6} ms  {name}", took.as_millis()),
            Some(difference) => {
                failures += 1;
                println!("FAILED  {:>6} ms  {name}\n{difference}", took.as_millis());
            }
        }
    }
    match failures {
        0 => Ok(()),
        _ => {
            Err(Failure::Failed(format!("error: {failures} of {} packages failed", scripts.len())))
        }
    }
}

fn options(mut args: lexopt::Parser) -> Result<Options, Failure> {
    use lexopt::prelude::*;
    let mut options = Options::default();
    while let Some(arg) = args.next()? {
        match arg {
            Long("holm") => options.holm = Some(args.value()?.into()),
            Long("node") => options.node = Some(args.value()?.into()),
            Long("bless") => options.bless = true,
            Value(name) => options.names.push(name.string()?),
            other => return Err(other.unexpected().into()),
        }
    }
    Ok(options)
}

/// Where packages are installed.
pub fn place() -> Result<PathBuf, Failure> {
    Ok(cargo::target_directory()?.join("packages"))
}

/// What a script has to be allowed.
pub fn flags(script: &Path) -> Result<Vec<String>, Failure> {
    let text = fs::read_to_string(script).map_err(Failure::while_doing(script.display()))?;
    let flags = text.lines().find_map(|line| line.strip_prefix(FLAGS)).unwrap_or_default();
    Ok(flags.split_whitespace().map(str::to_owned).collect())
}

/// Brings the scripts and their packages to `place`; gives the names of those that are wanted, in order.
pub fn install(place: &Path, wanted: &[String]) -> Result<Vec<String>, Failure> {
    fs::create_dir_all(place).map_err(Failure::while_doing("making the folder for packages"))?;
    let mut names = Vec::new();
    let mut is_changed = !place.join("node_modules/.package-lock.json").exists();
    let entries = fs::read_dir(SCRIPTS).map_err(Failure::while_doing(SCRIPTS))?;
    for entry in entries {
        let source = entry.map_err(Failure::while_doing(SCRIPTS))?.path();
        let (Some(file), Some(extension)) = (source.file_name(), source.extension()) else {
            continue;
        };
        let target = place.join(file);
        let bytes = fs::read(&source).map_err(Failure::while_doing(source.display()))?;
        is_changed |= extension == "json" && fs::read(&target).ok().as_ref() != Some(&bytes);
        fs::write(&target, bytes).map_err(Failure::while_doing(target.display()))?;
        if extension == "mjs"
            && let Some(name) = source.file_stem().and_then(|name| name.to_str())
        {
            names.push(name.to_owned());
        }
    }
    if is_changed {
        let mut npm = Process::new("npm");
        npm.args(["ci", "--ignore-scripts", "--no-audit", "--no-fund"]).current_dir(place);
        cargo::run(npm)?;
    }
    if let Some(unknown) = wanted.iter().find(|name| !names.contains(name)) {
        return Err(Failure::Usage(format!("error: there is no tests/packages/{unknown}.mjs")));
    }
    names.retain(|name| wanted.is_empty() || wanted.contains(name));
    names.sort();
    Ok(names)
}

/// What the script prints; and if it ended otherwise than well, how, and what it said of that.
fn output(runtime: &Path, flags: &[String], script: &Path) -> Result<String, Failure> {
    let what = format!("running {}", runtime.display());
    let paths = ["printed", "errors"].map(|extension| script.with_extension(extension));
    let [file, errors] = paths.each_ref().map(File::create);
    let (file, errors) =
        (file.map_err(Failure::while_doing(&what))?, errors.map_err(Failure::while_doing(&what))?);
    let mut command = Process::new(runtime);
    command.args(flags).arg(script.file_name().unwrap_or_default());
    command.current_dir(script.parent().unwrap_or(Path::new("."))).stdin(Stdio::null());
    let mut child =
        command.stdout(file).stderr(errors).spawn().map_err(Failure::while_doing(&what))?;
    let deadline = Instant::now() + LIMIT;
    let status = loop {
        if let Some(status) = child.try_wait().map_err(Failure::while_doing(&what))? {
            break status.to_string();
        }
        if Instant::now() > deadline {
            let _ = child.kill();
            let _ = child.wait();
            break format!("killed after {} s", LIMIT.as_secs());
        }
        thread::sleep(POLL);
    };
    let [mut text, errors] = paths.map(|path| {
        fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned()).unwrap_or_default()
    });
    if status != "exit status: 0" {
        text.push_str(&format!("[{status}]\n{errors}"));
    }
    Ok(text)
}

/// The first line that differs.
fn difference(wanted: &str, printed: &str) -> Option<String> {
    if wanted == printed {
        return None;
    }
    let (mut wanted, mut printed) = (wanted.lines(), printed.lines());
    let mut line = 0;
    loop {
        line += 1;
        let (expected, found) = (wanted.next(), printed.next());
        if expected != found || expected.is_none() {
            let show = |text: Option<&str>| text.unwrap_or("(nothing more)").to_owned();
            return Some(format!(
                "  line {line}\n    expected  {}\n    printed   {}",
                show(expected),
                show(found)
            ));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::difference;

    #[test]
    fn the_first_line_that_differs_is_shown() {
        assert_eq!(difference("a\nb\n", "a\nb\n"), None);
        let shown = difference("a\nb\n", "a\nc\n").expect("they differ");
        assert_eq!(shown, "  line 2\n    expected  b\n    printed   c");
        let shown = difference("a\n", "a\nc\n").expect("they differ");
        assert!(shown.contains("(nothing more)"), "{shown}");
    }
}
