//! Proof that a peer has the key of its certificate, whatever the certificate is: of any version, with a key that
//! authorities no longer sign. A pin needs no chain, and the rules of chains do not apply to it.

use ring::signature::{
    RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY, RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
    RsaParameters, UnparsedPublicKey,
};
use rustls::{CertificateError, OtherError, SignatureScheme, crypto::WebPkiSupportedAlgorithms};

const SEQUENCE: u8 = 0x30;
const BIT_STRING: u8 = 0x03;
const INTEGER: u8 = 0x02;
/// `[0]`: the version, which certificates of version 1 do not have.
const VERSION: u8 = 0xa0;
/// `rsaEncryption` with its empty parameters, inside of an AlgorithmIdentifier (RFC 3279).
const RSA: &[u8] = &[0x06, 0x09, 0x2a, 0x86, 0x48, 0x86, 0xf7, 0x0d, 0x01, 0x01, 0x01, 0x05, 0x00];
/// Below this the keys that authorities sign do not go; signatures of smaller ones are checked apart.
const COMMON_RSA_BITS_MIN: usize = 2_048;
/// The signatures that can be checked with a smaller key; TLS 1.3 has none of them.
pub(crate) const SMALL_RSA_SCHEMES: [SignatureScheme; 2] =
    [SignatureScheme::RSA_PKCS1_SHA256, SignatureScheme::RSA_PKCS1_SHA512];

/// The signature needs a larger key; another one may be asked for, over TLS 1.2.
#[derive(Debug, thiserror::Error)]
#[error("its RSA key of {0} bits is too small for TLS 1.3")]
pub(crate) struct SmallKey(usize);

/// A certificate's public key: its algorithm and its bits.
struct PublicKey<'a> {
    algorithm: &'a [u8],
    bits: &'a [u8],
}

/// Whether `signature` over `message` is that of the key in `certificate`.
///
/// # Errors
/// What is wrong, as rustls names it; [`SmallKey`] inside of `Other` where another scheme would do.
pub(crate) fn verify(
    supported: &WebPkiSupportedAlgorithms,
    certificate: &[u8],
    scheme: SignatureScheme,
    (message, signature): (&[u8], &[u8]),
) -> Result<(), CertificateError> {
    let key = public_key(certificate).ok_or(CertificateError::BadEncoding)?;
    if key.algorithm == RSA {
        let bits = rsa_bits(key.bits).ok_or(CertificateError::BadEncoding)?;
        if bits < COMMON_RSA_BITS_MIN {
            let rules: &RsaParameters = match scheme {
                SignatureScheme::RSA_PKCS1_SHA256 => &RSA_PKCS1_1024_8192_SHA256_FOR_LEGACY_USE_ONLY,
                SignatureScheme::RSA_PKCS1_SHA512 => &RSA_PKCS1_1024_8192_SHA512_FOR_LEGACY_USE_ONLY,
                _ => {
                    let other = OtherError(std::sync::Arc::new(SmallKey(bits)));
                    return Err(CertificateError::Other(other));
                }
            };
            let key = UnparsedPublicKey::new(rules, key.bits);
            return key.verify(message, signature).map_err(|_| CertificateError::BadSignature);
        }
    }
    let found = supported.mapping.iter().find(|(known, _)| *known == scheme);
    let algorithms = found.map(|(_, algorithms)| *algorithms).unwrap_or_default();
    let is_valid = algorithms
        .iter()
        .filter(|algorithm| algorithm.public_key_alg_id().as_ref() == key.algorithm)
        .any(|algorithm| algorithm.verify_signature(key.bits, message, signature).is_ok());
    is_valid.then_some(()).ok_or(CertificateError::BadSignature)
}

/// RFC 5280, 4.1: the key is the sixth field of what is signed, or the seventh if there is a version.
fn public_key(certificate: &[u8]) -> Option<PublicKey<'_>> {
    let (certificate, _) = element(certificate, SEQUENCE)?;
    let (mut fields, _) = element(certificate, SEQUENCE)?;
    if fields.first() == Some(&VERSION) {
        fields = element(fields, VERSION)?.1;
    }
    // Serial number, signature, issuer, validity, subject.
    fields = element(fields, INTEGER)?.1;
    for _ in 0..4 {
        fields = element(fields, SEQUENCE)?.1;
    }
    let (key, _) = element(fields, SEQUENCE)?;
    let (algorithm, key) = element(key, SEQUENCE)?;
    let (bits, _) = element(key, BIT_STRING)?;
    // The first byte says how many bits are not used: none.
    Some(PublicKey { algorithm, bits: bits.strip_prefix(&[0])? })
}

/// The length of the modulus of an RSAPublicKey.
fn rsa_bits(key: &[u8]) -> Option<usize> {
    let (fields, _) = element(key, SEQUENCE)?;
    let (modulus, _) = element(fields, INTEGER)?;
    let modulus = modulus.strip_prefix(&[0]).unwrap_or(modulus);
    Some(modulus.len() * 8 - modulus.first()?.leading_zeros() as usize)
}

/// The content of a DER element with this tag, and what follows it.
fn element(bytes: &[u8], tag: u8) -> Option<(&[u8], &[u8])> {
    let rest = bytes.strip_prefix(&[tag])?;
    let (&first, rest) = rest.split_first()?;
    let (length, rest) = match first {
        0..=0x7f => (usize::from(first), rest),
        // At most four bytes of length: no certificate is longer.
        0x81..=0x84 => {
            let (length, rest) = rest.split_at_checked(usize::from(first & 0x7f))?;
            (length.iter().fold(0, |length, byte| length << 8 | usize::from(*byte)), rest)
        }
        _ => return None,
    };
    rest.split_at_checked(length)
}

#[cfg(test)]
mod tests {
    use rustls::{
        crypto::ring,
        pki_types::{CertificateDer, pem::PemObject},
    };

    use super::*;

    const MESSAGE: &[u8] = b"what the handshake signs";
    const PKCS1_SHA256: &str = "463cc19d916a34789ac375ba6e1548615636696c0f5b96de9338c72b2281a9c63616c9b7b7ffbc67516d6cdfb98cc9117d05\
        b22c37d9e413e591eeb1f519e166fb42940a079ec9e211bb9c86b827209119060e060ecfe6d4f20f232c9febc4ebd2bf3683\
        6ea2215864a766b5bda283c1809cb00f64346f1f13777a25021a8518";
    const PSS_SHA256: &str = "68496564c18f4f43a978180359241c2439ef05b919d9448415057c88d183a2676bd4e8af7d163c89f9e809ee8ad40feb0f16\
        d53d1db984c52681027c4df34bb19e918286f7756d97853e9055d7052539282943a4efe1bcb34b5ec69ed24ca67562efe3c7\
        28f32a416eb0ca5ab9be64caafc59a422fd74590e643e799d273fa5b";

    fn bytes(hex: &str) -> Vec<u8> {
        (0..hex.len()).step_by(2).map(|at| u8::from_str_radix(&hex[at..at + 2], 16).expect("hex")).collect()
    }

    fn checked(scheme: SignatureScheme, message: &[u8], signature: &str) -> Result<(), CertificateError> {
        let certificate =
            CertificateDer::from_pem_slice(include_bytes!("rsa1024.pem")).expect("a certificate");
        let supported = ring::default_provider().signature_verification_algorithms;
        verify(&supported, &certificate, scheme, (message, &bytes(signature)))
    }

    #[test]
    fn a_signature_of_an_rsa_key_of_1024_bits_is_verified() {
        assert_eq!(checked(SignatureScheme::RSA_PKCS1_SHA256, MESSAGE, PKCS1_SHA256), Ok(()));
        for (message, signature) in
            [(&b"something else"[..], PKCS1_SHA256), (MESSAGE, PSS_SHA256), (MESSAGE, "00")]
        {
            let refused = checked(SignatureScheme::RSA_PKCS1_SHA256, message, signature);
            assert_eq!(refused, Err(CertificateError::BadSignature));
        }
        let refused =
            checked(SignatureScheme::RSA_PSS_SHA256, MESSAGE, PSS_SHA256).expect_err("not with TLS 1.3");
        assert!(format!("{refused:?}").contains("SmallKey(1024)"), "{refused:?}");
    }

    #[test]
    fn what_is_no_certificate_has_no_key() {
        let certificate =
            CertificateDer::from_pem_slice(include_bytes!("rsa1024.pem")).expect("a certificate");
        assert!(public_key(&certificate).is_some());
        for end in 0..certificate.len().min(400) {
            assert!(public_key(&certificate[..end]).is_none(), "{end}");
        }
        assert!(public_key(&[SEQUENCE, 0x84, 0xff, 0xff, 0xff, 0xff]).is_none());
    }
}
