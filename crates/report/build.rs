//! Fetches the fonts of the PDF statement with npm, and tells the crate where they are.
//!
//! `LEASELINE_REPORT_FONTS` points packagers to a folder that holds them; npm is then not needed.

use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "../../scripts/npm.rs"]
mod npm;

/// Points packagers' builds to a folder that holds [`FILES`].
const VARIABLE: &str = "LEASELINE_REPORT_FONTS";
/// Latin, Greek, Cyrillic and Devanagari with the rupee sign, in the two weights that the statement is set in.
const FILES: [(&str, &str); 2] =
    [("400Regular", "NotoSans_400Regular.ttf"), ("600SemiBold", "NotoSans_600SemiBold.ttf")];

fn main() -> Result<(), Box<dyn std::error::Error>> {
    for input in ["fonts/package.json", "fonts/package-lock.json", "../../scripts/npm.rs", "build.rs"] {
        println!("cargo:rerun-if-changed={input}");
    }
    println!("cargo:rerun-if-env-changed={VARIABLE}");
    let folder = match env::var_os(VARIABLE) {
        Some(prebuilt) => fs::canonicalize(&prebuilt)
            .map_err(|error| format!("{VARIABLE}={}: {error}", prebuilt.display()))?,
        None => fetch()?,
    };
    for (_, file) in FILES {
        if !folder.join(file).is_file() {
            return Err(format!("{} lacks {file} of @expo-google-fonts/noto-sans", folder.display()).into());
        }
    }
    println!("cargo:rustc-env=LEASELINE_FONTS_DIR={}", folder.display());
    Ok(())
}

fn fetch() -> Result<PathBuf, Box<dyn std::error::Error>> {
    let source = Path::new(&env::var("CARGO_MANIFEST_DIR")?).join("fonts");
    let out = Path::new(&env::var("OUT_DIR")?).join("fonts");
    npm::with_packages(&source, VARIABLE, || {
        fs::create_dir_all(&out)?;
        let package = source.join("node_modules/@expo-google-fonts/noto-sans");
        for (weight, file) in FILES {
            let from = package.join(weight).join(file);
            fs::copy(&from, out.join(file)).map_err(|error| format!("{}: {error}", from.display()))?;
        }
        Ok(())
    })?;
    Ok(out)
}
