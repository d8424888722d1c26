use std::{
    io,
    sync::{Arc, Mutex, PoisonError},
};

use rustls::{
    AlertDescription, CertificateError, ClientConfig, DigitallySignedStruct, RootCertStore, SignatureScheme,
    client::danger::{HandshakeSignatureValid, ServerCertVerified, ServerCertVerifier},
    crypto::{CryptoProvider, ring},
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncRead, AsyncWrite},
    time::{Duration, timeout},
};
use tokio_rustls::{TlsConnector, client::TlsStream};

use crate::{
    Error, Tls,
    error::Step,
    tls_key::{self, SMALL_RSA_SCHEMES, SmallKey},
};

/// Which keys a pinned certificate may have.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Keys {
    /// Those that all versions of TLS can be spoken with.
    Common,
    /// RSA of fewer than 2048 bits too: over TLS 1.2 alone, with signatures that can be checked.
    Small,
}

/// Whether a handshake failed with [`Keys::Common`] and may succeed with [`Keys::Small`], on another connection.
pub(crate) fn needs_small_keys(error: &Error) -> bool {
    matches!(error, Error::CertificateRejected { small_key: true, .. })
}

/// Of a signature of an authority as well as of the handshake.
const WRONG_SIGNATURE: &str =
    "no trusted authority signed it, or a key is smaller than authorities sign: RSA needs 2048 bits";
const NO_PROOF: &str = "a signature is wrong: the router has not the key of this certificate";

/// Does the TLS handshake on a connected stream.
pub(crate) async fn handshake<S>(
    stream: S,
    address: &str,
    (tls, keys): (&Tls, Keys),
    limit: Duration,
) -> Result<TlsStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let seen = Arc::default();
    let verifier = match tls {
        Tls::Pinned(expected) => Some(PinVerifier::new(Some(*expected), keys, Arc::clone(&seen))),
        _ => None,
    };
    let config = match (tls, verifier) {
        (_, Some(verifier)) => config(Trust::Pin(verifier))?,
        (Tls::CaPem(pem), None) => config(Trust::Roots(roots_from_pem(pem)?))?,
        (_, None) => config(Trust::Roots(roots_of_system()?))?,
    };
    let outcome = connect(stream, address, config, limit).await;
    outcome.map_err(|failure| match (tls, shown(&seen)) {
        (Tls::Pinned(expected), Some(presented)) if presented != *expected => {
            Error::FingerprintMismatch { expected: *expected, presented }
        }
        (Tls::Pinned(_), _) => pinned(failure),
        _ => failure,
    })
}

/// To pin the certificate is no advice where it is pinned.
fn pinned(failure: Error) -> Error {
    match failure {
        Error::CertificateRejected { reason, small_key, .. } => {
            let reason = if reason == WRONG_SIGNATURE { NO_PROOF.to_owned() } else { reason };
            Error::CertificateRejected { reason, small_key, pinned: true }
        }
        other => other,
    }
}

/// SHA-256 of the certificate that the peer shows, whatever it is. The handshake proves that the peer has its key.
pub(crate) async fn fingerprint<S>(
    stream: S,
    address: &str,
    keys: Keys,
    limit: Duration,
) -> Result<[u8; 32], Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    let seen = Arc::default();
    let verifier = PinVerifier::new(None, keys, Arc::clone(&seen));
    connect(stream, address, config(Trust::Pin(verifier))?, limit).await.map_err(pinned)?;
    shown(&seen).ok_or_else(|| Error::TlsSetup("the handshake showed no certificate".to_owned()))
}

enum Trust {
    Roots(RootCertStore),
    Pin(PinVerifier),
}

fn config(trust: Trust) -> Result<Arc<ClientConfig>, Error> {
    let versions = match &trust {
        Trust::Pin(PinVerifier { keys: Keys::Small, .. }) => &[&rustls::version::TLS12][..],
        _ => rustls::DEFAULT_VERSIONS,
    };
    let builder = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_protocol_versions(versions)
        .map_err(|error| Error::TlsSetup(error.to_string()))?;
    let builder = match trust {
        Trust::Roots(roots) => builder.with_root_certificates(roots),
        Trust::Pin(verifier) => builder.dangerous().with_custom_certificate_verifier(Arc::new(verifier)),
    };
    Ok(Arc::new(builder.with_no_client_auth()))
}

fn roots_from_pem(pem: &[u8]) -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    for certificate in CertificateDer::pem_slice_iter(pem) {
        let certificate =
            certificate.map_err(|_| Error::TlsSetup("the CA file is not PEM text".to_owned()))?;
        let added = roots.add(certificate);
        added
            .map_err(|error| Error::TlsSetup(format!("the CA file has an unusable certificate: {error}")))?;
    }
    if roots.is_empty() {
        return Err(Error::TlsSetup("the CA file holds no certificate in PEM form".to_owned()));
    }
    Ok(roots)
}

fn roots_of_system() -> Result<RootCertStore, Error> {
    let mut roots = RootCertStore::empty();
    roots.add_parsable_certificates(rustls_native_certs::load_native_certs().certs);
    if roots.is_empty() {
        let message = "the system has no trusted authorities (on Debian: `apt install ca-certificates`)";
        return Err(Error::TlsSetup(message.to_owned()));
    }
    Ok(roots)
}

async fn connect<S>(
    stream: S,
    address: &str,
    config: Arc<ClientConfig>,
    limit: Duration,
) -> Result<TlsStream<S>, Error>
where
    S: AsyncRead + AsyncWrite + Unpin,
{
    // The scope says through which interface; no certificate names it.
    let named = address.split('%').next().unwrap_or(address);
    let name = ServerName::try_from(named.to_owned()).map_err(|_| {
        Error::InvalidArgument(format!("{address:?} is neither a host name nor an IP address"))
    })?;
    match timeout(limit, TlsConnector::from(config).connect(name, stream)).await {
        Ok(Ok(stream)) => Ok(stream),
        Ok(Err(error)) => Err(explained(error)),
        Err(_) => Err(Error::Timeout { step: Step::Tls, after: limit }),
    }
}

/// Turns a failed handshake into what the operator can do about it.
fn explained(error: io::Error) -> Error {
    let source = Arc::new(error);
    let reason = source.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    match reason {
        // A service without a certificate has nothing but anonymous suites to offer, which rustls never has; some
        // releases send the alert, some just close.
        Some(rustls::Error::AlertReceived(
            AlertDescription::HandshakeFailure | AlertDescription::InsufficientSecurity,
        )) => Error::NoCertificate { source },
        None if is_close(source.kind()) => Error::NoCertificate { source },
        Some(rustls::Error::InvalidMessage(_)) => Error::NotTls { source },
        Some(rustls::Error::InvalidCertificate(reason)) => {
            let small_key = matches!(reason, CertificateError::Other(other) if other.0.is::<SmallKey>());
            Error::CertificateRejected { reason: certificate_reason(reason), pinned: false, small_key }
        }
        _ => Error::Tls { source },
    }
}

fn is_close(kind: io::ErrorKind) -> bool {
    use io::ErrorKind::{BrokenPipe, ConnectionAborted, ConnectionReset, UnexpectedEof};
    matches!(kind, UnexpectedEof | ConnectionReset | ConnectionAborted | BrokenPipe)
}

fn certificate_reason(reason: &CertificateError) -> String {
    match reason {
        CertificateError::UnknownIssuer => "no trusted authority signed it".to_owned(),
        CertificateError::BadSignature => WRONG_SIGNATURE.to_owned(),
        CertificateError::Other(other) if other.0.is::<SmallKey>() => other.0.to_string(),
        CertificateError::Expired | CertificateError::ExpiredContext { .. } => "it has expired".to_owned(),
        CertificateError::NotValidYet | CertificateError::NotValidYetContext { .. } => {
            "it is not valid yet; check the clocks".to_owned()
        }
        CertificateError::NotValidForName | CertificateError::NotValidForNameContext { .. } => {
            "it does not name the router's address".to_owned()
        }
        // RouterOS makes such a certificate when `key-usage` holds `key-cert-sign`.
        other if format!("{other:?}").contains("CaUsedAsEndEntity") => {
            "it is the certificate of an authority, not of a router".to_owned()
        }
        other if format!("{other:?}").contains("UnsupportedCertVersion") => {
            "it is of X.509 version 1, which cannot be judged by an authority".to_owned()
        }
        other => other.to_string(),
    }
}

type Seen = Arc<Mutex<Option<[u8; 32]>>>;

fn shown(seen: &Seen) -> Option<[u8; 32]> {
    *seen.lock().unwrap_or_else(PoisonError::into_inner)
}

/// Accepts one certificate by its SHA-256, or any if none is pinned. The signatures of the handshake are verified in
/// both cases: who shows the certificate must have its key.
#[derive(Debug)]
struct PinVerifier {
    expected: Option<[u8; 32]>,
    keys: Keys,
    seen: Seen,
    provider: CryptoProvider,
}

impl PinVerifier {
    fn new(expected: Option<[u8; 32]>, keys: Keys, seen: Seen) -> Self {
        PinVerifier { expected, keys, seen, provider: ring::default_provider() }
    }

    fn verify(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        let supported = &self.provider.signature_verification_algorithms;
        tls_key::verify(supported, cert, dss.scheme, (message, dss.signature()))?;
        Ok(HandshakeSignatureValid::assertion())
    }
}

impl ServerCertVerifier for PinVerifier {
    fn verify_server_cert(
        &self,
        end_entity: &CertificateDer<'_>,
        _intermediates: &[CertificateDer<'_>],
        _server_name: &ServerName<'_>,
        _ocsp_response: &[u8],
        _now: UnixTime,
    ) -> Result<ServerCertVerified, rustls::Error> {
        let presented: [u8; 32] = Sha256::digest(end_entity).into();
        *self.seen.lock().unwrap_or_else(PoisonError::into_inner) = Some(presented);
        match self.expected {
            Some(expected) if expected != presented => {
                Err(rustls::Error::InvalidCertificate(CertificateError::ApplicationVerificationFailure))
            }
            _ => Ok(ServerCertVerified::assertion()),
        }
    }

    fn verify_tls12_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, cert, dss)
    }

    fn verify_tls13_signature(
        &self,
        message: &[u8],
        cert: &CertificateDer<'_>,
        dss: &DigitallySignedStruct,
    ) -> Result<HandshakeSignatureValid, rustls::Error> {
        self.verify(message, cert, dss)
    }

    fn supported_verify_schemes(&self) -> Vec<SignatureScheme> {
        match self.keys {
            Keys::Common => self.provider.signature_verification_algorithms.supported_schemes(),
            Keys::Small => SMALL_RSA_SCHEMES.to_vec(),
        }
    }
}
