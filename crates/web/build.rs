//! Builds the style sheet and the scripts with npm, and tells the crate where they are.
//!
//! `LEASELINE_WEB_ASSETS` points packagers to a folder that was built before; npm is then not needed.

use std::path::{Path, PathBuf};
use std::process::Command;
use std::{env, fs, io};

/// What the pages ask for.
const FILES: [&str; 4] = ["app.css", "app.js", "link.js", "favicon.svg"];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for input in
        ["assets/src", "assets/build.mjs", "assets/package.json", "assets/package-lock.json", "templates"]
    {
        println!("cargo:rerun-if-changed={input}");
    }
    println!("cargo:rerun-if-env-changed=LEASELINE_WEB_ASSETS");
    let folder = match env::var_os("LEASELINE_WEB_ASSETS") {
        Some(prebuilt) => fs::canonicalize(&prebuilt)
            .map_err(|error| format!("LEASELINE_WEB_ASSETS={}: {error}", prebuilt.display()))?,
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
    // Builds of two profiles run this side by side; they share node_modules.
    let lock_file = source.join("package-lock.json");
    let lock = fs::File::open(&lock_file)?;
    lock.lock()?;
    if !is_newer(&source.join("node_modules/.package-lock.json"), &lock_file)? {
        run(&source, "npm", &["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"])?;
    }
    let out_text = out.to_str().ok_or("OUT_DIR is not UTF-8")?;
    run(&source, "npm", &["run", "--silent", "build", "--", out_text])?;
    lock.unlock()?;
    Ok(out)
}

/// Whether `made` is there and was written after `from`.
fn is_newer(made: &Path, from: &Path) -> io::Result<bool> {
    match fs::metadata(made) {
        Ok(made) => Ok(made.modified()? >= fs::metadata(from)?.modified()?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

fn run(folder: &Path, program: &str, arguments: &[&str]) -> Result<(), String> {
    let shown = format!("`{program} {}` in {}", arguments.join(" "), folder.display());
    let output = Command::new(program).args(arguments).current_dir(folder).output().map_err(|error| {
        format!(
            "cannot run {shown}: {error}. Install Node.js 20 or newer with npm, or point LEASELINE_WEB_ASSETS to a folder with the built assets"
        )
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{shown} failed ({}):\n{}", output.status, String::from_utf8_lossy(&said)))
}
