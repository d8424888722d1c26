use std::{borrow::Cow, fmt};

use bytes::Bytes;

use crate::code_page::{CodePage, latin1};

/// Text from a router: bytes of an unknown code page. RouterOS keeps what it was given; Winbox gives it the code page
/// of the operator's Windows. Reading it never fails.
///
/// `Display` shows UTF-8 if it is that, else Latin-1.
#[derive(Clone, PartialEq, Eq, Hash, Default, PartialOrd, Ord)]
pub struct Value(Bytes);

impl Value {
    /// A value of its own memory: a kept value must not keep a whole read buffer alive.
    pub(crate) fn copied(bytes: &[u8]) -> Self {
        Value(Bytes::copy_from_slice(bytes))
    }

    /// The bytes as the router sent them.
    pub fn as_bytes(&self) -> &[u8] {
        &self.0
    }

    /// UTF-8 if it is that, else the given code page, else Latin-1. Never fails.
    ///
    /// ```
    /// use routeros::{CodePage, Value};
    ///
    /// let comment = Value::from(&b"\xdd\xed\xe3\xe5\xeb\xfc\xf1"[..]);
    /// assert_eq!(comment.to_string_lossy_with(CodePage::named("windows-1251")), "Энгельс");
    /// assert_eq!(comment.to_string_lossy_with(None), "Ýíãåëüñ");
    /// ```
    pub fn to_string_lossy_with(&self, code_page: Option<CodePage>) -> Cow<'_, str> {
        match std::str::from_utf8(&self.0) {
            Ok(text) => Cow::Borrowed(text),
            Err(_) => {
                let decoded = code_page.map_or_else(|| latin1(&self.0), |page| page.decode(&self.0));
                Cow::Owned(decoded)
            }
        }
    }

    /// [`to_string_lossy_with`](Self::to_string_lossy_with) without a code page.
    pub fn to_string_lossy(&self) -> Cow<'_, str> {
        self.to_string_lossy_with(None)
    }
}

impl From<&[u8]> for Value {
    fn from(bytes: &[u8]) -> Self {
        Value::copied(bytes)
    }
}

impl From<&str> for Value {
    fn from(text: &str) -> Self {
        Value::copied(text.as_bytes())
    }
}

impl PartialEq<str> for Value {
    fn eq(&self, other: &str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl PartialEq<&str> for Value {
    fn eq(&self, other: &&str) -> bool {
        self.0 == other.as_bytes()
    }
}

impl fmt::Display for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.to_string_lossy())
    }
}

impl fmt::Debug for Value {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Debug::fmt(&self.to_string_lossy(), f)
    }
}
