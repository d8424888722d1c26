use std::sync::LazyLock;

use typst::diag::{FileError, FileResult};
use typst::foundations::{Bytes, Datetime, Duration};
use typst::syntax::{FileId, RootedPath, Source, VirtualPath, VirtualRoot};
use typst::text::{Font, FontBook};
use typst::utils::LazyHash;
use typst::{Library, LibraryExt, World};

use super::fonts::Fonts;

/// The template that is printed.
#[derive(Clone, Copy)]
pub(super) enum Main {
    Statement,
    LogoTrial,
}

/// The templates, by the names under which they import each other; first those of [`Main`], in its order.
static SOURCES: LazyLock<Vec<Source>> = LazyLock::new(|| {
    let texts = [
        ("/statement.typ", include_str!("../../templates/statement.typ")),
        ("/logo-trial.typ", include_str!("../../templates/logo-trial.typ")),
        ("/style.typ", include_str!("../../templates/style.typ")),
        ("/first.typ", include_str!("../../templates/first.typ")),
        ("/tables.typ", include_str!("../../templates/tables.typ")),
        ("/chart.typ", include_str!("../../templates/chart.typ")),
    ];
    texts.into_iter().map(|(path, text)| Source::new(file_id(path), text.to_owned())).collect()
});

static LIBRARY: LazyLock<LazyHash<Library>> = LazyLock::new(|| LazyHash::new(Library::default()));

/// The id of a path. Ids are kept for the life of the process: there are only a handful of paths, the same each time.
fn file_id(path: &'static str) -> FileId {
    let path = VirtualPath::new(path).expect("a constant path without .. or backslash");
    FileId::new(RootedPath::new(VirtualRoot::Project, path))
}

/// All that a template can see: itself and the files handed in. There is no disk, no network and no clock.
pub(super) struct Sandbox {
    main: Main,
    fonts: &'static Fonts,
    files: Vec<(FileId, Bytes)>,
}

impl Sandbox {
    pub(super) fn new(
        main: Main,
        fonts: &'static Fonts,
        files: impl IntoIterator<Item = (&'static str, Vec<u8>)>,
    ) -> Self {
        let files = files.into_iter().map(|(path, bytes)| (file_id(path), Bytes::new(bytes))).collect();
        Self { main, fonts, files }
    }
}

impl World for Sandbox {
    fn library(&self) -> &LazyHash<Library> {
        &LIBRARY
    }

    fn book(&self) -> &LazyHash<FontBook> {
        &self.fonts.book
    }

    fn main(&self) -> FileId {
        SOURCES[self.main as usize].id()
    }

    fn source(&self, id: FileId) -> FileResult<Source> {
        let found = SOURCES.iter().find(|source| source.id() == id);
        found.cloned().ok_or_else(|| missing(id))
    }

    fn file(&self, id: FileId) -> FileResult<Bytes> {
        let found = self.files.iter().find(|(file, _)| *file == id);
        found.map(|(_, bytes)| bytes.clone()).ok_or_else(|| missing(id))
    }

    fn font(&self, index: usize) -> Option<Font> {
        self.fonts.font(index)
    }

    fn today(&self, _offset: Option<Duration>) -> Option<Datetime> {
        None
    }
}

fn missing(id: FileId) -> FileError {
    FileError::NotFound(id.get().vpath().get_with_slash().into())
}
