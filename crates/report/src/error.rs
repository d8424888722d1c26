/// Why a statement could not be set.
#[derive(Debug, thiserror::Error)]
pub enum ReportError {
    /// The frozen inputs contradict themselves.
    #[error("the inputs of the statement cannot be read")]
    Inputs(#[from] sla::InputError),
    /// The layout failed; what the typesetter said.
    #[error("the statement cannot be typeset: {0}")]
    Typeset(String),
    /// A mail's template failed.
    #[error("the mail cannot be written")]
    Mail(#[source] Box<dyn std::error::Error + Send + Sync>),
}
