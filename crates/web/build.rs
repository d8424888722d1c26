//! Builds the style sheet and the scripts with npm, and tells the crate where they are.
//!
//! `LEASELINE_WEB_ASSETS` points packagers to a folder that was built before; npm is then not needed.

use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "../../scripts/npm.rs"]
mod npm;

/// Points packagers' builds to a folder that was built before.
const VARIABLE: &str = "LEASELINE_WEB_ASSETS";

/// What the pages ask for.
const FILES: [&str; 5] = ["app.css", "app.js", "link.js", "worker.js", "favicon.svg"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for input in
        ["assets/src", "assets/build.mjs", "assets/package.json", "assets/package-lock.json", "templates"]
    {
        println!("cargo:rerun-if-changed={input}");
    }
    println!("cargo:rerun-if-changed=../../scripts/npm.rs");
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    let folder = match env::var_os(VARIABLE) {
        Some(prebuilt) => fs::canonicalize(&prebuilt)
            .map_err(|error| format!("{VARIABLE}={}: {error}", prebuilt.display()))?,
        None => build()?,
    };
    for file in FILES {
        if !folder.join(file).is_file() {
            return Err(format!(
                "{} lacks {file}: build it with `npm run build` in crates/web/assets",
                folder.display()
            )
            .into());
        }
    }
    println!("cargo:rerun-if-changed={}", folder.display());
    println!("cargo:rustc-env=LEASELINE_ASSETS_DIR={}", folder.display());
    Ok(())
}

fn build() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let source = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("assets");
    let out = Path::new(&env::var("OUT_DIR")?).join("assets");
    npm::with_packages(&source, VARIABLE, || {
        let out_text = out.to_str().ok_or("OUT_DIR is not UTF-8")?;
        Ok(npm::run(&source, VARIABLE, "npm", &["run", "--silent", "build", "--", out_text])?)
    })?;
    Ok(out)
}
