use store::LiveTrouble;

use crate::error::RoundError;

/// What a customer is told.
pub(super) fn trouble_of(failed: &RoundError) -> LiveTrouble {
    use routeros::Error::{
        CertificateRejected, FingerprintMismatch, LoginRefused, NoCertificate, NotRouterOs, NotTls, TlsSetup,
    };
    match failed {
        RoundError::Password(_) => LiveTrouble::Refused,
        RoundError::Router(
            LoginRefused { .. }
            | NotRouterOs(_)
            | NoCertificate { .. }
            | NotTls { .. }
            | CertificateRejected { .. }
            | FingerprintMismatch { .. }
            | TlsSetup(_),
        ) => LiveTrouble::Refused,
        RoundError::Router(error) if error.is_not_permitted() => LiveTrouble::Refused,
        _ => LiveTrouble::Silent,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// That our own database fails is not the router's refusal.
    #[test]
    fn customers_read_of_a_refusal_only_where_somebody_must_mend_it() {
        assert_eq!(trouble_of(&RoundError::Password("a wrong key".to_owned())), LiveTrouble::Refused);
        assert_eq!(trouble_of(&RoundError::Store("locked".to_owned())), LiveTrouble::Silent);
    }
}
