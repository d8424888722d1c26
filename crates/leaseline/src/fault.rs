//! How a command ends: exit code 2 for wrong use, 1 for everything else that fails.

use std::fmt::Display;

/// A mistake in what was asked for, as opposed to a failure in doing it.
#[derive(Debug)]
pub(crate) struct WrongUse(String);

impl Display for WrongUse {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(&self.0)
    }
}

impl std::error::Error for WrongUse {}

/// An error that ends the program with exit code 2.
pub(crate) fn wrong_use(message: impl Display) -> anyhow::Error {
    WrongUse(message.to_string()).into()
}

/// One line for the operator: what was wrong, and the chain of causes behind it, none said twice.
pub(crate) fn one_line(error: &anyhow::Error) -> String {
    let mut line = String::new();
    for cause in error.chain() {
        let text = cause.to_string();
        if line.contains(&text) {
            continue;
        }
        if !line.is_empty() {
            line.push_str(": ");
        }
        line.push_str(&text);
    }
    line.replace(['\n', '\r'], " ")
}

/// 2 for wrong use, 1 for a failure.
pub(crate) fn exit_code(error: &anyhow::Error) -> u8 {
    if error.downcast_ref::<WrongUse>().is_some() { 2 } else { 1 }
}
