//! The demo's data folder: never somebody's real one.

use std::{
    fs,
    os::unix::fs::{DirBuilderExt, OpenOptionsExt},
    path::{Path, PathBuf},
};

use anyhow::{Context, bail};

use crate::fault::wrong_use;

/// A file that says: this folder may be emptied by the next demo.
const MARK: &str = "leaseline-demo";
const MARK_TEXT: &str = "Made by `leaseline demo`, which empties this folder when it starts again.\n";

pub(super) struct Folder {
    path: PathBuf,
    kept: bool,
}

impl Folder {
    /// Takes `given`, or a folder of its own; with `keep` it is still there when the demo has stopped.
    pub(super) fn create(given: Option<PathBuf>, keep: bool) -> anyhow::Result<Self> {
        let path = match given {
            Some(path) => path,
            None if keep => PathBuf::from(MARK),
            None => std::env::temp_dir().join(format!("{MARK}-{}", std::process::id())),
        };
        let trouble = || format!("cannot prepare the demo's folder {}", path.display());
        if path.exists() {
            let is_empty = fs::read_dir(&path).with_context(trouble)?.next().is_none();
            if !is_empty && !path.join(MARK).exists() {
                return Err(wrong_use(format!(
                    "{} holds something else than a demo; give --data an empty folder or one that is not there yet",
                    path.display()
                )));
            }
            if is_in_use(&path) {
                bail!(
                    "another leaseline is running on {}: stop it first, or give --data another folder",
                    path.display()
                );
            }
            for entry in fs::read_dir(&path).with_context(trouble)? {
                fs::remove_file(entry.with_context(trouble)?.path()).with_context(trouble)?;
            }
        } else {
            fs::DirBuilder::new().recursive(true).mode(0o700).create(&path).with_context(trouble)?;
        }
        fs::write(path.join(MARK), MARK_TEXT).with_context(trouble)?;
        Ok(Self { path, kept: keep })
    }

    pub(super) fn path(&self) -> &Path {
        &self.path
    }

    pub(super) fn is_kept(&self) -> bool {
        self.kept
    }

    /// Where an installation keeps its database, so that the other commands work with `--data`.
    pub(super) fn database(&self) -> PathBuf {
        self.path.join(crate::installation::DATABASE_FILE)
    }

    /// Keeps the key where an installation keeps it.
    pub(super) fn write_key(&self, key: &str) -> anyhow::Result<()> {
        use std::io::Write;
        let file = self.path.join(crate::installation::KEY_FILE);
        let mut handle = fs::OpenOptions::new().write(true).create_new(true).mode(0o600).open(&file)?;
        writeln!(handle, "{key}").with_context(|| format!("cannot write {}", file.display()))
    }

    /// Removes the folder unless it is to be kept.
    pub(super) fn finish(self) -> anyhow::Result<()> {
        if self.kept {
            return Ok(());
        }
        fs::remove_dir_all(&self.path).with_context(|| format!("cannot remove {}", self.path.display()))
    }
}

/// Whether some process holds a lock in the folder.
fn is_in_use(path: &Path) -> bool {
    let Ok(entries) = fs::read_dir(path) else { return false };
    let locks =
        entries.flatten().filter(|entry| entry.path().extension().is_some_and(|ending| ending == "lock"));
    let mut files = locks.filter_map(|entry| fs::File::open(entry.path()).ok());
    files.any(|file| matches!(file.try_lock(), Err(fs::TryLockError::WouldBlock)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_folder_with_other_things_in_it_is_left_alone() {
        let dir = tempfile::tempdir().expect("a folder");
        fs::write(dir.path().join("thesis.txt"), "years of work").expect("written");
        assert!(Folder::create(Some(dir.path().to_owned()), false).is_err());
        assert!(dir.path().join("thesis.txt").exists());
    }

    #[test]
    fn an_earlier_demo_is_emptied_and_a_finished_one_is_gone_unless_kept() {
        let dir = tempfile::tempdir().expect("a folder");
        let path = dir.path().join("demo");
        Folder::create(Some(path.clone()), true).expect("created").finish().expect("kept");
        fs::write(path.join("leaseline.sqlite"), "old").expect("written");
        let second = Folder::create(Some(path.clone()), false).expect("taken over");
        assert!(!path.join("leaseline.sqlite").exists());
        second.finish().expect("removed");
        assert!(!path.exists());
    }
}
