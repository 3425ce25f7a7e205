//! Compiles `js/` to bytecode, so that a started Holm parses none of it.

use std::env;
use std::error::Error;
use std::path::{Path, PathBuf};

fn main() -> Result<(), Box<dyn Error>> {
    println!("cargo::rerun-if-changed=js");
    let out = PathBuf::from(env::var_os("OUT_DIR").ok_or("cargo sets OUT_DIR")?);
    holm_js::compile_folder(Path::new("js"), &out)
}
