use crate::SimError;
use rcgen::{CertifiedKey, generate_simple_self_signed};
use rustls::ServerConfig;
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, PrivateKeyDer};
use std::fmt;
use std::sync::Arc;

/// The handshake_failure alert that a router sends when its `api-ssl` service has no certificate: it then
/// offers anonymous Diffie-Hellman only, which no careful client speaks.
pub(crate) const HANDSHAKE_FAILURE: [u8; 7] = [0x15, 0x03, 0x03, 0x00, 0x02, 0x02, 0x28];

/// How the `api-ssl` service of a router is set up.
#[derive(Clone)]
pub struct Tls(pub(crate) Kind);

#[derive(Clone)]
pub(crate) enum Kind {
    Certificate { config: Arc<ServerConfig>, der: CertificateDer<'static>, pem: String },
    None,
}

impl Tls {
    /// A service with a fresh self-signed certificate for these names.
    ///
    /// # Errors
    /// [`SimError::Certificate`] when a name cannot stand in a certificate.
    pub fn self_signed(names: &[&str]) -> Result<Self, SimError> {
        let names: Vec<String> = names.iter().map(|name| (*name).to_owned()).collect();
        let CertifiedKey { cert, signing_key } =
            generate_simple_self_signed(names).map_err(|error| SimError::Certificate(Box::new(error)))?;
        let key = PrivateKeyDer::try_from(signing_key.serialize_der())
            .map_err(|error| SimError::Certificate(error.into()))?;
        let config = ServerConfig::builder_with_provider(Arc::new(ring::default_provider()))
            .with_safe_default_protocol_versions()
            .and_then(|builder| builder.with_no_client_auth().with_single_cert(vec![cert.der().clone()], key))
            .map_err(|error| SimError::Certificate(Box::new(error)))?;
        Ok(Self(Kind::Certificate { config: Arc::new(config), der: cert.der().clone(), pem: cert.pem() }))
    }

    /// A service without a certificate: every handshake fails with the alert 40.
    pub fn without_certificate() -> Self {
        Self(Kind::None)
    }

    /// The certificate in DER, whose SHA-256 a client may pin.
    pub fn certificate_der(&self) -> Option<&[u8]> {
        match &self.0 {
            Kind::Certificate { der, .. } => Some(der.as_ref()),
            Kind::None => None,
        }
    }

    /// The certificate in PEM, which a client may take as its authority.
    pub fn certificate_pem(&self) -> Option<&str> {
        match &self.0 {
            Kind::Certificate { pem, .. } => Some(pem),
            Kind::None => None,
        }
    }
}

impl fmt::Debug for Tls {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self.0 {
            Kind::Certificate { .. } => "Tls(certificate)",
            Kind::None => "Tls(no certificate)",
        })
    }
}
