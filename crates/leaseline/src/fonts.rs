//! Fonts of the machine for what those in the program cannot print. The folders are searched when a PDF first needs it.

use std::{
    fs,
    path::{Path, PathBuf},
};

use report::FontFile;

/// Files of which a font is taken; a distribution's Noto has some three hundred.
const FILES_MAX: usize = 512;
/// How deep folders are searched.
const DEPTH_MAX: usize = 4;
/// Chinese, Japanese and Korean are some 20 MB in one file.
const FILE_BYTES_MAX: u64 = 64 * 1024 * 1024;
/// Names of fonts that do not go with the rest of a page.
const NOT: [&str; 4] = ["serif", "mono", "condensed", "italic"];

/// Lets PDFs use the fonts in `folders`.
pub(crate) fn use_folders(folders: &[String]) {
    let folders: Vec<PathBuf> = folders.iter().map(PathBuf::from).collect();
    report::find_more_fonts(move || find(&folders).into_iter().map(file).collect());
}

fn file(path: PathBuf) -> FontFile {
    Box::new(move || {
        let read = fs::read(&path);
        read.inspect_err(|error| tracing::warn!("the font {} cannot be read: {error}", path.display())).ok()
    })
}

/// Regular weights, in the order of the folders and then of their paths: the same fonts give the same PDF.
fn find(folders: &[PathBuf]) -> Vec<PathBuf> {
    let mut found = Vec::new();
    for folder in folders {
        let mut here = Vec::new();
        collect(folder, DEPTH_MAX, &mut here);
        here.sort();
        found.extend(here);
    }
    found.truncate(FILES_MAX);
    found
}

fn collect(folder: &Path, depth: usize, into: &mut Vec<PathBuf>) {
    // A folder that is not there has no fonts.
    for entry in fs::read_dir(folder).into_iter().flatten().flatten() {
        let path = entry.path();
        let Ok(about) = fs::metadata(&path) else { continue };
        if about.is_dir() && depth > 0 {
            collect(&path, depth - 1, into);
        } else if about.is_file() && about.len() <= FILE_BYTES_MAX && is_wanted(&path) {
            into.push(path);
        }
    }
}

fn is_wanted(path: &Path) -> bool {
    let part = |part: Option<&std::ffi::OsStr>| part.unwrap_or_default().to_string_lossy().to_lowercase();
    let (stem, ending) = (part(path.file_stem()), part(path.extension()));
    ["ttf", "otf", "ttc"].contains(&ending.as_str())
        && stem.contains("regular")
        && !NOT.iter().any(|word| stem.contains(word))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn fonts_of_regular_weight_are_found_in_their_folders() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::create_dir_all(dir.path().join("opentype/noto")).expect("made");
        for name in [
            "opentype/noto/NotoSansCJK-Regular.ttc",
            "opentype/noto/NotoSansCJK-Bold.ttc",
            "NotoSansLao-Regular.ttf",
            "NotoSerifLao-Regular.ttf",
            "readme-regular.txt",
        ] {
            fs::write(dir.path().join(name), "").expect("written");
        }
        let found = find(&[dir.path().to_owned(), dir.path().join("none")]);
        let names: Vec<_> = found.iter().filter_map(|path| path.file_name()?.to_str()).collect();
        assert_eq!(names, ["NotoSansLao-Regular.ttf", "NotoSansCJK-Regular.ttc"]);
    }
}
