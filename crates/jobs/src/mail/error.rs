use lettre::transport::smtp::Error as SmtpError;

/// The most of a server's answer that is kept.
const ANSWER_CHARS_MAX: usize = 500;

/// Why a mail did not leave. The text is for an operator and holds the server's own words where it said any.
#[derive(Debug, thiserror::Error)]
pub enum SendError {
    /// The server takes no mail from us at the moment, whoever it is for: it is away, refuses the log-in or the sender.
    #[error("{0}")]
    Away(String),
    /// The server takes no further connection while it serves others of ours: they have to do.
    #[error("{0}")]
    Crowded(String),
    /// Not this mail now; later perhaps. It may have arrived all the same if the connection broke at its very end.
    #[error("{0}")]
    Deferred(String),
    /// Never: the recipient or the message is refused for good.
    #[error("{0}")]
    Refused(String),
}

/// Settings with which no mail could be sent.
#[derive(Debug, thiserror::Error)]
#[error("{0}")]
pub struct MailSettingsError(pub String);

/// What a server or the network said, in one line.
pub(super) fn words(error: &SmtpError) -> String {
    let detail = std::error::Error::source(error).map(innermost);
    let text = match (error.status(), detail) {
        (Some(code), Some(detail)) => format!("{code} {detail}"),
        (Some(code), None) => code.to_string(),
        (None, Some(detail)) => detail,
        (None, None) => error.to_string(),
    };
    one_line(&text)
}

/// The cause behind all causes says it best: lettre wraps connection errors in each other.
fn innermost(mut error: &(dyn std::error::Error + 'static)) -> String {
    while let Some(source) = error.source() {
        error = source;
    }
    error.to_string()
}

/// Without line ends and control characters, and cut to a length that a table can hold.
pub(super) fn one_line(text: &str) -> String {
    let clean: String = text.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    clean.trim().chars().take(ANSWER_CHARS_MAX).collect()
}
