//! Compiles `js/*.js` to bytecode, so that a started Holm parses none of it.

use std::error::Error;
use std::path::{Path, PathBuf};
use std::{env, fs};

use holm_js::{Limits, Realm, Runtime, Thrown, compile_script, take_exception};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=js");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    let realm = Realm::new(&Runtime::new(&Limits::default())?)?;
    for entry in fs::read_dir("js")? {
        let source = entry?.path();
        let name = source.file_stem().ok_or("a file name")?.to_string_lossy().into_owned();
        let target = out.join(format!("{name}.bytecode"));
        fs::write(target, compile(&realm, &name, &source)?)?;
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
