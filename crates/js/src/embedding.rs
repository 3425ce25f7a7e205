//! Compiling a folder of scripts, for the build scripts of crates that embed some.

use std::error::Error;
use std::fs;
use std::path::Path;

use crate::{Limits, Realm, Runtime, Thrown, compile_script, take_exception};

/// Writes each script below `from` as bytecode to `out`: folders become folders, with the same
/// names. In a stack a script is `holm:` and its path without the ending.
///
/// `scripts.rs` beside them is an expression: the bytecode of the script whose path is `name`.
pub fn compile_folder(from: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    let realm = Realm::new(&Runtime::new(&Limits::default())?)?;
    let mut names = Vec::new();
    compile_below(&realm, from, from, out, &mut names)?;
    names.sort();
    let arms = names.iter().map(|name| {
        format!("{name:?} => include_bytes!(concat!(env!(\"OUT_DIR\"), \"/{name}.bytecode\")),\n")
    });
    let table = format!("match name {{\n{}_ => return None,\n}}", arms.collect::<String>());
    Ok(fs::write(out.join("scripts.rs"), table)?)
}

fn compile_below(
    realm: &Realm,
    root: &Path,
    folder: &Path,
    out: &Path,
    names: &mut Vec<String>,
) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(out)?;
    for entry in fs::read_dir(folder)? {
        let source = entry?.path();
        let target = out.join(source.file_stem().ok_or("a file name")?);
        if source.is_dir() {
            compile_below(realm, root, &source, &target, names)?;
        } else {
            let name = source.strip_prefix(root)?.with_extension("");
            let bytecode = compile(realm, &name.to_string_lossy(), &source)?;
            fs::write(target.with_extension("bytecode"), bytecode)?;
            names.push(name.to_string_lossy().into_owned());
        }
    }
    Ok(())
}

fn compile(realm: &Realm, name: &str, source: &Path) -> Result<Vec<u8>, Box<dyn Error>> {
    let text = fs::read_to_string(source)?;
    realm.enter(|ctx| {
        compile_script(ctx, &format!("holm:{name}"), &text).map_err(|error| {
            let thrown = Thrown::new(ctx, &take_exception(ctx, error));
            format!("{}: {} {:?}", source.display(), thrown.heading, thrown.frames).into()
        })
    })
}
