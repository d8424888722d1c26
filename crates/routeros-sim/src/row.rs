use crate::text::put;
use bytes::BytesMut;
use routeros::codec::SentenceWriter;

/// One item on its way to a client: named values in order, in one buffer that the next item uses again.
#[derive(Debug, Default)]
pub(crate) struct Row {
    bytes: Vec<u8>,
    /// Name, and where its value ends in `bytes`.
    fields: Vec<(&'static str, usize)>,
}

impl Row {
    pub(crate) fn clear(&mut self) {
        self.bytes.clear();
        self.fields.clear();
    }

    pub(crate) fn with(&mut self, name: &'static str, write: impl FnOnce(&mut Vec<u8>)) {
        write(&mut self.bytes);
        self.fields.push((name, self.bytes.len()));
    }

    pub(crate) fn bytes(&mut self, name: &'static str, value: &[u8]) {
        self.with(name, |out| out.extend_from_slice(value));
    }

    pub(crate) fn number(&mut self, name: &'static str, value: u64) {
        self.with(name, |out| put(out, format_args!("{value}")));
    }

    pub(crate) fn flag(&mut self, name: &'static str, value: bool) {
        self.bytes(name, if value { b"true" } else { b"false" });
    }

    pub(crate) fn fields(&self) -> impl Iterator<Item = (&'static str, &[u8])> {
        let mut start = 0;
        self.fields.iter().map(move |(name, end)| {
            let value = &self.bytes[start..*end];
            start = *end;
            (*name, value)
        })
    }

    pub(crate) fn get(&self, name: &[u8]) -> Option<&[u8]> {
        self.fields().find(|(field, _)| field.as_bytes() == name).map(|(_, value)| value)
    }

    /// Appends the item as a `!re` sentence; `proplist` limits and does not reorder the fields.
    pub(crate) fn write(&self, out: &mut BytesMut, tag: Option<&[u8]>, proplist: Option<&Proplist>) {
        let mut reply = start(out, b"!re", tag);
        for (name, value) in self.fields() {
            if proplist.is_none_or(|list| list.has(name)) {
                reply = reply.attribute(name, value);
            }
        }
        reply.end();
    }
}

/// The names after `=.proplist=`.
#[derive(Debug)]
pub(crate) struct Proplist(Vec<Vec<u8>>);

impl Proplist {
    pub(crate) fn parse(list: &[u8]) -> Self {
        Self(list.split(|byte| *byte == b',').map(<[u8]>::to_vec).collect())
    }

    fn has(&self, name: &str) -> bool {
        self.0.iter().any(|wanted| wanted == name.as_bytes())
    }
}

/// Starts a reply sentence: the reply word, then the tag, as captured routers send them.
pub(crate) fn start<'a>(out: &'a mut BytesMut, word: &[u8], tag: Option<&[u8]>) -> SentenceWriter<'a> {
    let reply = SentenceWriter::new(out).word(word);
    match tag {
        Some(tag) => reply.tag(tag),
        None => reply,
    }
}

/// Appends a bare `!done`.
pub(crate) fn done(out: &mut BytesMut, tag: Option<&[u8]>) {
    start(out, b"!done", tag).end();
}

/// Why a command is refused.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Trap {
    pub(crate) category: Option<&'static str>,
    pub(crate) message: &'static str,
}

impl Trap {
    pub(crate) const fn new(message: &'static str) -> Self {
        Self { category: None, message }
    }

    pub(crate) const fn in_category(category: &'static str, message: &'static str) -> Self {
        Self { category: Some(category), message }
    }

    /// Appends the `!trap` sentence; the `!done` is the caller's.
    pub(crate) fn write(self, out: &mut BytesMut, tag: Option<&[u8]>) {
        let mut reply = start(out, b"!trap", tag);
        if let Some(category) = self.category {
            reply = reply.attribute("category", category);
        }
        reply.attribute("message", self.message).end();
    }
}
