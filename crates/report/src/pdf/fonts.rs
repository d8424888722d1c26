//! The fonts of PDFs: those in the program, and those that the program is given for scripts that they lack. The latter are
//! looked at when a text first needs one of them, and loaded when it is set.

use std::sync::{LazyLock, OnceLock};

use typst::foundations::Bytes;
use typst::text::{Font, FontBook, FontInfo};
use typst::utils::LazyHash;

macro_rules! embedded {
    ($($file:literal),* $(,)?) => {
        [$(include_bytes!(concat!(env!("LEASELINE_FONTS_DIR"), "/", $file)) as &[u8]),*]
    };
}

/// The first is the one that everything is set in, the others stand in for it script by script.
const EMBEDDED_FILES: [&[u8]; 25] = embedded![
    "NotoSans_400Regular.ttf",
    "NotoSans_600SemiBold.ttf",
    "NotoSansArabic_400Regular.ttf",
    "NotoSansArabic_600SemiBold.ttf",
    "NotoSansBengali_400Regular.ttf",
    "NotoSansBengali_600SemiBold.ttf",
    "NotoSansGujarati_400Regular.ttf",
    "NotoSansGujarati_600SemiBold.ttf",
    "NotoSansGurmukhi_400Regular.ttf",
    "NotoSansGurmukhi_600SemiBold.ttf",
    "NotoSansHebrew_400Regular.ttf",
    "NotoSansHebrew_600SemiBold.ttf",
    "NotoSansKannada_400Regular.ttf",
    "NotoSansKannada_600SemiBold.ttf",
    "NotoSansMalayalam_400Regular.ttf",
    "NotoSansMalayalam_600SemiBold.ttf",
    "NotoSansOriya_400Regular.ttf",
    "NotoSansOriya_600SemiBold.ttf",
    "NotoSansTamil_400Regular.ttf",
    "NotoSansTamil_600SemiBold.ttf",
    "NotoSansTelugu_400Regular.ttf",
    "NotoSansTelugu_600SemiBold.ttf",
    "NotoSansThai_400Regular.ttf",
    "NotoSansThai_600SemiBold.ttf",
    "NotoEmoji_400Regular.ttf",
];

/// A font file that is read when it is needed; `None` if it cannot be read.
pub type FontFile = Box<dyn Fn() -> Option<Vec<u8>> + Send + Sync>;

type FindFonts = Box<dyn Fn() -> Vec<FontFile> + Send + Sync>;

static MORE: OnceLock<FindFonts> = OnceLock::new();

/// Says where the process finds fonts for what the embedded ones cannot print, Chinese, Japanese and Korean above all.
/// Called at most once, when a text first needs it; a second `find` is ignored.
pub fn find_more_fonts(find: impl Fn() -> Vec<FontFile> + Send + Sync + 'static) {
    MORE.set(Box::new(find)).ok();
}

/// Characters of `text` that PDFs show as a replacement, each once: neither the fonts in the program nor those that it
/// found have them.
pub fn unprintable(text: &str) -> Vec<char> {
    let fonts = Fonts::for_text(text);
    let mut missing: Vec<char> = Vec::new();
    for character in text.chars().filter(|character| !is_shown_by_others(*character)) {
        if !fonts.can_print(character) && !missing.contains(&character) {
            missing.push(character);
        }
    }
    missing
}

/// White space, and what only changes the look of its neighbors.
fn is_shown_by_others(character: char) -> bool {
    character.is_whitespace() || character.is_control() || super::data::is_left_out(character)
}

/// The fonts that a document is set with.
pub(super) struct Fonts {
    pub(super) book: LazyHash<FontBook>,
    fonts: Vec<Slot>,
}

enum Slot {
    Embedded(Font),
    Found { file: usize, index: u32, font: OnceLock<Option<Font>> },
}

static EMBEDDED: LazyLock<Fonts> = LazyLock::new(|| {
    let fonts: Vec<Font> = EMBEDDED_FILES.into_iter().flat_map(|file| Font::iter(Bytes::new(file))).collect();
    let book = LazyHash::new(FontBook::from_fonts(fonts.iter()));
    Fonts { book, fonts: fonts.into_iter().map(Slot::Embedded).collect() }
});

/// The embedded font that everything is set in, alone.
static BASE: LazyLock<Fonts> = LazyLock::new(|| {
    let fonts: Vec<Font> =
        EMBEDDED_FILES[..2].iter().flat_map(|file| Font::iter(Bytes::new(*file))).collect();
    let book = LazyHash::new(FontBook::from_fonts(fonts.iter()));
    Fonts { book, fonts: fonts.into_iter().map(Slot::Embedded).collect() }
});

static FOUND_FILES: LazyLock<Vec<FontFile>> =
    LazyLock::new(|| MORE.get().map(|find| find()).unwrap_or_default());

static ALL: LazyLock<Fonts> = LazyLock::new(|| {
    let mut book = FontBook::new();
    let mut fonts = Vec::new();
    for (index, slot) in EMBEDDED.fonts.iter().enumerate() {
        if let (Slot::Embedded(font), Some(info)) = (slot, EMBEDDED.book.info(index)) {
            book.push(info.clone());
            fonts.push(Slot::Embedded(font.clone()));
        }
    }
    for (file, read) in FOUND_FILES.iter().enumerate() {
        let Some(bytes) = read() else { continue };
        for (index, info) in (0..).zip(FontInfo::iter(&bytes)) {
            book.push(info);
            fonts.push(Slot::Found { file, index, font: OnceLock::new() });
        }
    }
    Fonts { book: LazyHash::new(book), fonts }
});

impl Fonts {
    /// Those in the program if they suffice.
    pub(super) fn for_text(text: &str) -> &'static Self {
        let suffices = text.chars().all(|letter| is_shown_by_others(letter) || EMBEDDED.can_print(letter));
        if suffices || MORE.get().is_none() { &EMBEDDED } else { &ALL }
    }

    /// The one font of the layout, which shapes whatever it has.
    pub(super) fn base() -> &'static Self {
        &BASE
    }

    /// Whether one of them has a glyph.
    pub(super) fn can_print(&self, character: char) -> bool {
        (0..self.fonts.len())
            .any(|index| self.book.info(index).is_some_and(|info| info.coverage.contains(character.into())))
    }

    pub(super) fn font(&self, index: usize) -> Option<Font> {
        match self.fonts.get(index)? {
            Slot::Embedded(font) => Some(font.clone()),
            Slot::Found { file, index, font } => {
                let load = || Font::new(Bytes::new(FOUND_FILES.get(*file)?()?), *index);
                font.get_or_init(load).clone()
            }
        }
    }
}
