//! Another program's view of a PDF.

use std::process::Command;
use std::sync::LazyLock;

use tempfile::TempDir;

static FOLDER: LazyLock<TempDir> = LazyLock::new(|| TempDir::new().expect("a temporary folder"));

/// Its text, with the layout's white space as single spaces.
pub(crate) fn text(name: &str, pdf: &[u8]) -> String {
    let text = run("pdftotext", name, pdf, &["-"]);
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// What `pdfinfo` says under a key.
pub(crate) fn info(name: &str, pdf: &[u8], key: &str) -> String {
    let all = run("pdfinfo", name, pdf, &[]);
    let found = all.lines().find_map(|line| line.strip_prefix(key)?.strip_prefix(':'));
    found.unwrap_or_default().trim().to_owned()
}

/// A row for each font.
pub(crate) fn fonts(name: &str, pdf: &[u8]) -> Vec<String> {
    run("pdffonts", name, pdf, &[]).lines().skip(2).map(str::to_owned).collect()
}

fn run(program: &str, name: &str, pdf: &[u8], arguments: &[&str]) -> String {
    let path = FOLDER.path().join(format!("{name}-{program}.pdf"));
    std::fs::write(&path, pdf).expect("the folder can be written");
    let output = Command::new(program).arg(&path).args(arguments).output();
    let output =
        output.unwrap_or_else(|error| panic!("{program}: {error}; scripts/packages installs poppler-utils"));
    assert!(output.status.success(), "{program}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8(output.stdout).expect("poppler writes UTF-8")
}
