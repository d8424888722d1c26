/// Why a part of a simulated router cannot be made.
#[derive(Debug, thiserror::Error)]
pub enum SimError {
    /// The self-signed certificate.
    #[error("cannot make a self-signed certificate")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
}
