//! Where an installation keeps its things, and how they are opened.

use std::{
    fs,
    path::{Path, PathBuf},
};

use anyhow::Context;
use secrecy::ExposeSecret;
use store::{Location, MasterKey, Store, StoreError};

use crate::{cli::Place, config::Config, fault::wrong_use};

pub(crate) const DATABASE_FILE: &str = "leaseline.sqlite";
const CONFIG_FILE: &str = "leaseline.toml";
pub(crate) const KEY_FILE: &str = "secret.key";

/// The places and settings that a command works with.
pub(crate) struct Installation {
    pub(crate) config: Config,
    pub(crate) location: Location,
    data: Option<PathBuf>,
    key_file: Option<PathBuf>,
    key_given: Option<String>,
}

impl Installation {
    /// Finds everything from the command line, the settings and the environment; creates nothing.
    pub(crate) fn find(place: &Place) -> anyhow::Result<Self> {
        let config_file = place
            .config
            .clone()
            .or_else(|| place.data.as_ref().map(|dir| dir.join(CONFIG_FILE)).filter(|file| file.exists()));
        let config = Config::load(config_file.as_deref(), environment()?)?;
        crate::fonts::use_folders(&config.report.font_folders);
        let url = place
            .database_url
            .clone()
            .or_else(|| Some(config.database.url.clone()).filter(|url| !url.is_empty()));
        let location = match (&url, &place.data) {
            (Some(url), _) => location_of(url)?,
            (None, Some(dir)) => Location::Sqlite(dir.join(DATABASE_FILE)),
            (None, None) => {
                return Err(wrong_use(
                    "say where the data are: --data DIR (or LEASELINE_DATA), or --database-url for PostgreSQL",
                ));
            }
        };
        let key_file = place
            .key_file
            .clone()
            .or_else(|| Some(&config.database.key_file).filter(|file| !file.is_empty()).map(PathBuf::from))
            .or_else(|| place.data.as_ref().map(|dir| dir.join(KEY_FILE)));
        let key_given = std::env::var("LEASELINE_KEY").ok().filter(|key| !key.is_empty());
        Ok(Self { config, location, data: place.data.clone(), key_file, key_given })
    }

    /// Opens what `init` made.
    pub(crate) async fn open(&self) -> anyhow::Result<Store> {
        if let Location::Sqlite(file) = &self.location
            && !file.exists()
        {
            return Err(wrong_use(format!(
                "there is no database in {}: create one with `leaseline init`",
                file.display()
            )));
        }
        self.open_store().await
    }

    async fn open_store(&self) -> anyhow::Result<Store> {
        Store::open(&self.location, Some(self.key()?)).await.map_err(|error| match error {
            // It says where by itself.
            StoreError::Open { .. } => error.into(),
            other => anyhow::Error::new(other).context(self.location_words()),
        })
    }

    /// Creates folder, key, settings file and database. What is already there is left as it is.
    pub(crate) async fn create(&self) -> anyhow::Result<Store> {
        if let Some(dir) = &self.data {
            create_private_dir(dir)?;
        }
        if let Location::Sqlite(file) = &self.location
            && file.exists()
        {
            return Err(wrong_use(format!(
                "{} already holds an installation; nothing was changed",
                file.display()
            )));
        }
        if self.key_given.is_none() {
            let file = self.key_file.as_ref().ok_or_else(|| {
                wrong_use("say where the key is to be kept: --key-file FILE, or give it in LEASELINE_KEY")
            })?;
            if !file.exists() {
                write_private(file, MasterKey::generate()?.to_hex().expose_secret())?;
            }
        }
        let store = self.open_store().await?;
        if let Some(file) = self.data.as_ref().map(|dir| dir.join(CONFIG_FILE)).filter(|file| !file.exists())
        {
            // Private like the key: an address with a password may be written into it.
            write_private(&file, commented(crate::config::DEFAULT_FILE).trim_end())?;
        }
        Ok(store)
    }

    /// The key that seals router passwords.
    pub(crate) fn key(&self) -> anyhow::Result<MasterKey> {
        let (text, source) = match (&self.key_given, &self.key_file) {
            (Some(key), _) => (key.clone(), "LEASELINE_KEY".to_owned()),
            (None, Some(file)) => {
                let text = fs::read_to_string(file).map_err(|error| {
                    anyhow::anyhow!(
                        "cannot read the key in {}: {error}; put your copy of it back or name it with --key-file or \
                         LEASELINE_KEY (router passwords cannot be read without it); if nothing was set up yet, \
                         `leaseline init` makes one",
                        file.display()
                    )
                })?;
                (text, file.display().to_string())
            }
            (None, None) => {
                return Err(wrong_use(
                    "there is no key: name its file with --key-file, or give it in LEASELINE_KEY",
                ));
            }
        };
        // Editors on Windows begin a file with a byte order mark.
        MasterKey::from_hex(text.trim_start_matches('\u{feff}').trim())
            .with_context(|| format!("the key in {source} is not one: 64 hex digits are expected"))
    }

    /// Where the data are, for messages; a password in an address is not shown.
    pub(crate) fn location_words(&self) -> String {
        match &self.location {
            Location::Sqlite(file) => file.display().to_string(),
            Location::Postgres(url) => url.rsplit_once('@').map_or("PostgreSQL", |(_, host)| host).to_owned(),
        }
    }

    /// Where the key is, for messages.
    pub(crate) fn key_words(&self) -> String {
        match (&self.key_given, &self.key_file) {
            (Some(_), _) => "the variable LEASELINE_KEY".to_owned(),
            (None, Some(file)) => file.display().to_string(),
            (None, None) => "nowhere".to_owned(),
        }
    }
}

/// Our own variables; what others have in the environment, and in which encoding, is not our business.
fn environment() -> anyhow::Result<impl Iterator<Item = (String, String)>> {
    let ours = std::env::vars_os().filter_map(|(name, value)| Some((name.into_string().ok()?, value)));
    let ours = ours.filter(|(name, _)| name.starts_with("LEASELINE_"));
    let read = ours.map(|(name, value)| match value.into_string() {
        Ok(value) => Ok((name, value)),
        Err(_) => Err(wrong_use(format!("the environment variable {name} is not UTF-8 text"))),
    });
    Ok(read.collect::<anyhow::Result<Vec<_>>>()?.into_iter())
}

fn location_of(url: &str) -> anyhow::Result<Location> {
    if url.starts_with("postgres://") || url.starts_with("postgresql://") {
        return Ok(Location::Postgres(url.to_owned()));
    }
    match url.strip_prefix("sqlite://").or_else(|| url.strip_prefix("sqlite:")) {
        Some(file) if !file.is_empty() => Ok(Location::Sqlite(file.into())),
        _ => Err(wrong_use("a database address starts with postgres:// or sqlite:")),
    }
}

/// The default file with every key commented out, so that a later version's defaults still apply.
fn commented(file: &str) -> String {
    file.lines()
        .map(|line| match line.chars().next() {
            None | Some('#' | '[') => format!("{line}\n"),
            Some(_) => format!("# {line}\n"),
        })
        .collect()
}

fn create_private_dir(dir: &Path) -> anyhow::Result<()> {
    use std::os::unix::fs::DirBuilderExt;
    fs::DirBuilder::new()
        .recursive(true)
        .mode(0o700)
        .create(dir)
        .with_context(|| format!("cannot create the folder {}", dir.display()))
}

/// Writes a secret that only this user may read. Never replaces a file.
fn write_private(file: &Path, text: &str) -> anyhow::Result<()> {
    use std::{io::Write, os::unix::fs::OpenOptionsExt};
    let mut options = fs::OpenOptions::new();
    let mut handle = options
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(file)
        .with_context(|| format!("cannot create {}", file.display()))?;
    writeln!(handle, "{text}").with_context(|| format!("cannot write {}", file.display()))?;
    handle.sync_all().with_context(|| format!("cannot write {}", file.display()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_written_settings_file_changes_nothing_until_edited() {
        let text = commented(crate::config::DEFAULT_FILE);
        let table: toml::Table = toml::from_str(&text).expect("valid TOML");
        assert!(
            table.values().all(|section| section.as_table().is_some_and(toml::Table::is_empty)),
            "{text}"
        );
    }
}
