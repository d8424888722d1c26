use crate::{Error, codec::Sentence, value::Value};

/// The category of a `!trap` (MikroTik manual, "API").
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Category {
    /// 0: missing item or command.
    MissingItemOrCommand,
    /// 1: argument value failure.
    ArgumentValue,
    /// 2: execution of the command interrupted.
    Interrupted,
    /// 3: scripting related failure.
    Scripting,
    /// 4: general failure.
    General,
    /// 5: API related failure.
    Api,
    /// 6: TTY related failure.
    Tty,
    /// 7: value generated with `:return`.
    Return,
}

impl Category {
    fn from_wire(value: &[u8]) -> Option<Self> {
        Some(match value {
            b"0" => Category::MissingItemOrCommand,
            b"1" => Category::ArgumentValue,
            b"2" => Category::Interrupted,
            b"3" => Category::Scripting,
            b"4" => Category::General,
            b"5" => Category::Api,
            b"6" => Category::Tty,
            b"7" => Category::Return,
            _ => return None,
        })
    }
}

/// A `!trap` as an error.
pub(crate) fn trap_error(sentence: &Sentence) -> Error {
    let category = sentence.attribute("category").and_then(Category::from_wire);
    let message = match sentence.attribute("message") {
        Some(message) => Value::copied(message).to_string(),
        None => "an error without a message".to_owned(),
    };
    Error::Trap { category, message }
}

/// A `!fatal` as an error; its reason is a bare word.
pub(crate) fn fatal_error(sentence: &Sentence) -> Error {
    let bare = sentence.words().skip(1).find(|word| !word.starts_with(b".") && !word.starts_with(b"="));
    let reason = bare.or_else(|| sentence.attribute("message")).unwrap_or(b"no reason given");
    Error::Fatal { reason: Value::copied(reason).to_string() }
}
