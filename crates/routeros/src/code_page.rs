use encoding_rs::{Encoding, UTF_8, mem::decode_latin1};

/// The code page that text on a router was typed in: that of the operator's Windows, mostly. UTF-8 is always tried first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct CodePage(&'static Encoding);

impl CodePage {
    /// The code page of this name, as the WHATWG's standard has it: `windows-1251`, `gbk`, `shift_jis`. `None` for one that is
    /// not known, or that says something else than ASCII with the bytes of ASCII, which commands are made of.
    pub fn named(name: &str) -> Option<Self> {
        let found = Encoding::for_label(name.as_bytes())?;
        (found != UTF_8 && found.is_ascii_compatible()).then_some(Self(found))
    }

    /// Its name.
    pub fn name(self) -> &'static str {
        self.0.name()
    }

    /// What the bytes say; those that say nothing become U+FFFD.
    pub fn decode(self, bytes: &[u8]) -> String {
        self.0.decode_without_bom_handling(bytes).0.into_owned()
    }
}

/// ISO 8859-1: every byte is the character of that number. For routers of which nothing is known.
pub(crate) fn latin1(bytes: &[u8]) -> String {
    decode_latin1(bytes).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn decoded(name: &str, bytes: &[u8]) -> String {
        CodePage::named(name).expect(name).decode(bytes)
    }

    #[test]
    fn text_in_the_code_pages_of_the_field_is_read() {
        assert_eq!(decoded("windows-1251", b"\xdd\xed\xe3\xe5\xeb\xfc\xf1"), "Энгельс");
        assert_eq!(decoded("cp1250", b"\x8aumava \xb9"), "Šumava ą");
        assert_eq!(decoded("windows-1252", b"caf\xe9 \x80"), "café €");
        assert_eq!(decoded("GBK", b"\xb1\xb1\xbe\xa9"), "北京");
        assert_eq!(decoded("koi8-r", b"\xed\xcf\xd3\xcb\xd7\xc1"), "Москва");
        assert_eq!(decoded("gbk", b"a\xff"), "a\u{fffd}");
        assert_eq!(latin1(b"caf\xe9"), "café");
    }

    #[test]
    fn a_code_page_that_is_not_known_or_not_ascii_below_is_none() {
        for name in ["", "utf-8", "utf-16le", "iso-2022-jp", "cp437", "hex"] {
            assert_eq!(CodePage::named(name), None, "{name}");
        }
    }
}
