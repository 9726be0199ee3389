//! Says where the built console lies: an absolute path, the same whether the console is there yet or not.

use std::{env, fs, path::Path};

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let root = fs::canonicalize(Path::new(env!("CARGO_MANIFEST_DIR")).join("../.."))?;
    let console = root.join("web/dist");
    let folder = console.to_str().ok_or("the path of the workspace is not valid UTF-8")?;
    let code =
        format!("#[derive(rust_embed::RustEmbed)]\n#[folder = {folder:?}]\n#[allow_missing = true]\nstruct Console;\n");
    fs::write(Path::new(&env::var("OUT_DIR")?).join("console.rs"), code)?;
    println!("cargo:rerun-if-changed=build.rs");
    // Only a release has the files inside; a development build reads them when it is asked.
    if env::var("PROFILE")? == "release" {
        println!("cargo:rerun-if-changed={folder}");
    }
    Ok(())
}
