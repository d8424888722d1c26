//! How a command ends: exit code 2 for wrong use, 1 for everything else that fails.

use std::fmt::Display;

use store::StoreError;

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
        // The system's own words differ in case and carry a number: "Connection refused (os error 111)".
        let plain = text.split(" (os error ").next().unwrap_or_default().to_lowercase();
        if line.to_lowercase().contains(&plain) {
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
    let is_wrong_use = error.downcast_ref::<WrongUse>().is_some()
        || matches!(
            error.downcast_ref::<StoreError>(),
            Some(StoreError::Duplicate { .. } | StoreError::Ambiguous { .. })
        );
    if is_wrong_use { 2 } else { 1 }
}

#[cfg(test)]
mod tests {
    use anyhow::Context;

    use super::*;

    #[test]
    fn no_cause_is_said_twice_whatever_its_case_and_number() {
        let refused = std::io::Error::from_raw_os_error(111);
        let error = Err::<(), _>(refused).context("cannot reach 127.0.0.1: connection refused; is it on?");
        assert_eq!(one_line(&error.unwrap_err()), "cannot reach 127.0.0.1: connection refused; is it on?");
        let error = anyhow::anyhow!("the disk is full").context("the report was not written");
        assert_eq!(one_line(&error), "the report was not written: the disk is full");
    }
}
