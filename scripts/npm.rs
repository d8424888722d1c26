//! What build scripts share: a folder's npm packages, installed as its lock file says. Included with `#[path]`.

use std::path::Path;
use std::process::Command;
use std::{fs, io};

/// Brings `node_modules` of `folder` up to its lock file and then does `rest`, all under the lock file's lock: builds of
/// two profiles run side by side and share that folder. `variable` names what packagers set who have no npm.
pub(crate) fn with_packages<T>(
    folder: &Path,
    variable: &str,
    rest: impl FnOnce() -> Result<T, Box<dyn std::error::Error>>,
) -> Result<T, Box<dyn std::error::Error>> {
    let lock_file = folder.join("package-lock.json");
    let lock = fs::File::open(&lock_file)?;
    lock.lock()?;
    if !is_newer(&folder.join("node_modules/.package-lock.json"), &lock_file)? {
        let ci = ["ci", "--ignore-scripts", "--no-audit", "--no-fund", "--loglevel=error"];
        run(folder, variable, "npm", &ci)?;
    }
    let done = rest()?;
    lock.unlock()?;
    Ok(done)
}

/// Whether `made` is there and was written after `from`.
fn is_newer(made: &Path, from: &Path) -> io::Result<bool> {
    match fs::metadata(made) {
        Ok(made) => Ok(made.modified()? >= fs::metadata(from)?.modified()?),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(false),
        Err(error) => Err(error),
    }
}

/// Runs a program; its output is in the error if it fails.
pub(crate) fn run(folder: &Path, variable: &str, program: &str, arguments: &[&str]) -> Result<(), String> {
    let shown = format!("`{program} {}` in {}", arguments.join(" "), folder.display());
    let output = Command::new(program).args(arguments).current_dir(folder).output().map_err(|error| {
        format!(
            "cannot run {shown}: {error}. Install Node.js 20 or newer with npm, or point {variable} to a folder with the built files"
        )
    })?;
    if output.status.success() {
        return Ok(());
    }
    let said = [output.stdout, output.stderr].concat();
    Err(format!("{shown} failed ({}):\n{}", output.status, String::from_utf8_lossy(&said)))
}
