//! Compiles `js/*.js` to bytecode, so that a started Holm parses none of it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use holm_js::{Limits, Realm, Runtime, Thrown, compile_script, take_exception};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=js");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let realm = Realm::new(&Runtime::new(&Limits::default())?)?;
    compile_folder(&realm, Path::new("js"), &out)
}

/// Folders become folders, with the same names.
fn compile_folder(realm: &Realm, folder: &Path, out: &Path) -> Result<(), Box<dyn Error>> {
    fs::create_dir_all(out)?;
    for entry in fs::read_dir(folder)? {
        let source = entry?.path();
        let target = out.join(source.file_stem().ok_or("a file name")?);
        if source.is_dir() {
            compile_folder(realm, &source, &target)?;
        } else {
            let name = source.strip_prefix("js")?.with_extension("");
            let bytecode = compile(realm, &name.to_string_lossy(), &source)?;
            fs::write(target.with_extension("bytecode"), bytecode)?;
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
