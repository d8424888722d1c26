use std::{env, fs, path::Path};

/// Compares a text with the file of that name in `tests/it/snapshots`; `LEASELINE_BLESS=1` writes the file anew.
pub(crate) fn assert_snapshot(name: &str, text: &str) {
    let path = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/it/snapshots").join(name);
    if env::var_os("LEASELINE_BLESS").is_some() {
        fs::create_dir_all(path.parent().expect("a folder")).expect("the folder can be made");
        fs::write(&path, text).expect("the snapshot can be written");
    }
    let kept = fs::read_to_string(&path).unwrap_or_default();
    let first = kept.lines().zip(text.lines()).position(|(kept, now)| kept != now);
    assert!(
        kept == text,
        "{name} differs from line {:?} on; if it should, run again with LEASELINE_BLESS=1\n{text}",
        first.map(|line| line + 1)
    );
}
