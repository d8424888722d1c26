//! Fetches the fonts of the PDF statement with npm, and tells the crate where they are.
//!
//! `LEASELINE_REPORT_FONTS` points packagers to a folder that holds them; npm is then not needed.

use std::path::{Path, PathBuf};
use std::{env, fs};

#[path = "../../scripts/npm.rs"]
mod npm;

/// Points packagers' builds to a folder that holds all fonts.
const VARIABLE: &str = "LEASELINE_REPORT_FONTS";
/// Families of `@expo-google-fonts`, first Latin, Greek, Cyrillic and Devanagari with the rupee sign, then a script each,
/// in the two weights that the statement is set in; 4 MB in all.
const FAMILIES: [(&str, &str); 12] = [
    ("noto-sans", "NotoSans"),
    ("noto-sans-arabic", "NotoSansArabic"),
    ("noto-sans-bengali", "NotoSansBengali"),
    ("noto-sans-gujarati", "NotoSansGujarati"),
    ("noto-sans-gurmukhi", "NotoSansGurmukhi"),
    ("noto-sans-hebrew", "NotoSansHebrew"),
    ("noto-sans-kannada", "NotoSansKannada"),
    ("noto-sans-malayalam", "NotoSansMalayalam"),
    ("noto-sans-oriya", "NotoSansOriya"),
    ("noto-sans-tamil", "NotoSansTamil"),
    ("noto-sans-telugu", "NotoSansTelugu"),
    ("noto-sans-thai", "NotoSansThai"),
];
const WEIGHTS: [&str; 2] = ["400Regular", "600SemiBold"];
/// One weight is enough for pictures; 0.9 MB.
const EMOJI: (&str, &str) = ("noto-emoji", "NotoEmoji");

/// Package, weight and file of each font.
fn files() -> Vec<(&'static str, &'static str, String)> {
    let families =
        FAMILIES.iter().flat_map(|(package, name)| WEIGHTS.map(|weight| (*package, weight, *name)));
    let all = families.chain([(EMOJI.0, WEIGHTS[0], EMOJI.1)]);
    all.map(|(package, weight, name)| (package, weight, format!("{name}_{weight}.ttf"))).collect()
}

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
    for (package, _, file) in files() {
        if !folder.join(&file).is_file() {
            return Err(format!("{} lacks {file} of @expo-google-fonts/{package}", folder.display()).into());
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
        for (package, weight, file) in files() {
            let from = source.join("node_modules/@expo-google-fonts").join(package).join(weight).join(&file);
            fs::copy(&from, out.join(file)).map_err(|error| format!("{}: {error}", from.display()))?;
        }
        Ok(())
    })?;
    Ok(out)
}
