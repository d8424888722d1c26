//! TLS against a rustls server with certificates made on the spot, over pipes and one real socket.

use std::sync::Arc;

use rcgen::{BasicConstraints, CertificateParams, CertifiedIssuer, IsCa, KeyPair};
use routeros::{Client, Command, Error, Limits, Target, Tls, fetch_fingerprint};
use rustls::{
    ServerConfig,
    pki_types::{CertificateDer, PrivateKeyDer, PrivatePkcs8KeyDer, pem::PemObject},
};
use sha2::{Digest, Sha256};
use tokio::{
    io::{AsyncReadExt, AsyncWriteExt},
    net::{TcpListener, TcpStream},
};
use tokio_rustls::TlsAcceptor;

use crate::peer::{Peer, credentials, failure};

struct Identity {
    acceptor: TlsAcceptor,
    fingerprint: [u8; 32],
}

fn serve_with(certificate: &CertificateDer<'static>, key: &KeyPair) -> Identity {
    let key = PrivateKeyDer::from(PrivatePkcs8KeyDer::from(key.serialize_der()));
    let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
        .with_safe_default_protocol_versions()
        .expect("versions")
        .with_no_client_auth()
        .with_single_cert(vec![certificate.clone()], key)
        .expect("a certificate");
    Identity {
        acceptor: TlsAcceptor::from(Arc::new(config)),
        fingerprint: Sha256::digest(certificate).into(),
    }
}

/// As RouterOS makes one: no address in it.
fn self_signed() -> Identity {
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec!["router".to_owned()]).expect("a name");
    serve_with(params.self_signed(&key).expect("signed").der(), &key)
}

/// A certificate for `name`, and the PEM text of the authority that signed it.
fn signed_by_ca(name: &str) -> (Identity, Vec<u8>) {
    let mut ca = CertificateParams::new(Vec::new()).expect("no names");
    ca.is_ca = IsCa::Ca(BasicConstraints::Unconstrained);
    let ca = CertifiedIssuer::self_signed(ca, KeyPair::generate().expect("a key")).expect("an authority");
    let key = KeyPair::generate().expect("a key");
    let params = CertificateParams::new(vec![name.to_owned()]).expect("a name");
    let certificate = params.signed_by(&key, &ca).expect("signed");
    (serve_with(certificate.der(), &key), ca.pem().into_bytes())
}

async fn listener() -> (TcpListener, u16) {
    let listener = TcpListener::bind("127.0.0.1:0").await.expect("a port");
    let port = listener.local_addr().expect("an address").port();
    (listener, port)
}

fn target(port: u16, tls: Tls) -> Target {
    Target { address: "127.0.0.1".to_owned(), port, tls }
}

/// Connects with `tls` to a router with this identity that accepts the login and answers one command.
async fn connect(identity: &Identity, tls: Tls) -> Result<(), Error> {
    let (listener, port) = listener().await;
    let router = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        let Ok(stream) = identity.acceptor.accept(stream).await else { return };
        let mut peer = Peer::new(stream);
        if let Some(login) = peer.next().await {
            assert_eq!(login.attribute("password"), Some(&b"s3cret"[..]));
            peer.send(&["!done"]).await;
            peer.answer(&[]).await;
        }
    };
    let client = async {
        let client = Client::connect(&target(port, tls), &credentials(), &Limits::default()).await?;
        client.run(Command::new("/a")).await.map(drop)
    };
    tokio::join!(client, router).0
}

#[tokio::test]
async fn a_pinned_certificate() {
    let identity = self_signed();
    connect(&identity, Tls::Pinned(identity.fingerprint)).await.expect("the pin fits");
}

/// Routers still have such certificates; a pin asks for no chain, and the handshake for the key.
#[tokio::test]
async fn a_pinned_certificate_of_version_1_is_accepted_and_another_key_is_not() {
    let pem = include_bytes!("v1.pem");
    let certificate = CertificateDer::from_pem_slice(pem).expect("a certificate");
    let own = PrivateKeyDer::from_pem_slice(pem).expect("a key");
    let other =
        PrivateKeyDer::from(PrivatePkcs8KeyDer::from(KeyPair::generate().expect("a key").serialize_der()));
    let serve = |key: &PrivateKeyDer<'_>, versions| {
        let key = rustls::crypto::ring::sign::any_supported_type(key).expect("a key");
        let shown = rustls::sign::CertifiedKey::new(vec![certificate.clone()], key);
        let config = ServerConfig::builder_with_provider(Arc::new(rustls::crypto::ring::default_provider()))
            .with_protocol_versions(versions)
            .expect("versions")
            .with_no_client_auth()
            .with_cert_resolver(Arc::new(rustls::sign::SingleCertAndKey::from(shown)));
        Identity {
            acceptor: TlsAcceptor::from(Arc::new(config)),
            fingerprint: Sha256::digest(&certificate).into(),
        }
    };
    let (old, new) = ([&rustls::version::TLS12], [&rustls::version::TLS13]);
    for versions in [&old[..], &new[..]] {
        let identity = serve(&own, versions);
        connect(&identity, Tls::Pinned(identity.fingerprint)).await.expect("the pin fits");
        let thief = serve(&other, versions);
        let error = failure(connect(&thief, Tls::Pinned(thief.fingerprint)).await);
        let told = error.to_string();
        assert!(matches!(error, Error::CertificateRejected { pinned: true, .. }), "{error:?}");
        assert!(told.contains("a signature is wrong") && !told.contains("or pin"), "{told}");
    }
    // An authority is asked of it: then it is told why not.
    let (_, ca) = signed_by_ca("127.0.0.1");
    let error = failure(connect(&serve(&own, &new[..]), Tls::CaPem(ca)).await);
    assert!(error.to_string().contains("X.509 version 1"), "{error}");
}

/// The password must not go to whoever shows another certificate.
#[tokio::test]
async fn another_certificate_than_the_pinned_one() {
    let (identity, other) = (self_signed(), self_signed());
    let error = failure(connect(&identity, Tls::Pinned(other.fingerprint)).await);
    let Error::FingerprintMismatch { expected, presented } = &error else { panic!("{error:?}") };
    assert_eq!((*expected, *presented), (other.fingerprint, identity.fingerprint));
    let shown: String = identity.fingerprint.iter().map(|byte| format!("{byte:02x}")).collect();
    assert!(error.to_string().contains(&shown), "{error}");
}

#[tokio::test]
async fn a_given_authority() {
    let (identity, ca) = signed_by_ca("127.0.0.1");
    connect(&identity, Tls::CaPem(ca)).await.expect("signed for this address");
}

#[tokio::test]
async fn certificates_that_an_authority_does_not_cover() {
    let (_, ca) = signed_by_ca("127.0.0.1");
    let (elsewhere, its_ca) = signed_by_ca("router.example");
    for (identity, ca, reason) in
        [(self_signed(), ca, "no trusted authority"), (elsewhere, its_ca, "does not name")]
    {
        let error = failure(connect(&identity, Tls::CaPem(ca)).await);
        assert!(
            matches!(&error, Error::CertificateRejected { reason: why, .. } if why.contains(reason)),
            "{error:?}"
        );
        assert!(error.to_string().contains("pin the certificate's fingerprint"), "{error}");
    }
    let error = failure(connect(&self_signed(), Tls::System).await);
    assert!(matches!(error, Error::CertificateRejected { .. } | Error::TlsSetup(_)), "{error:?}");
    let error = failure(connect(&self_signed(), Tls::CaPem(b"not PEM".to_vec())).await);
    assert!(matches!(error, Error::TlsSetup(_)), "{error:?}");
}

/// The machine's authorities are read once in a process and named by its environment: hence a process of its own.
#[tokio::test]
async fn an_authority_of_the_machine() {
    let (identity, ca) = signed_by_ca("127.0.0.1");
    let file = std::env::temp_dir().join(format!("leaseline-authority-{}.pem", std::process::id()));
    std::fs::write(&file, ca).expect("written");
    let (listener, port) = listener().await;
    let mut client = tokio::process::Command::new(std::env::current_exe().expect("this test"))
        .args(["--exact", "tls::client_that_trusts_the_machine", "--ignored"])
        .env("SSL_CERT_FILE", &file)
        .env("ROUTER_PORT", port.to_string())
        .kill_on_drop(true)
        .spawn()
        .expect("started");
    let router = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut peer = Peer::new(identity.acceptor.accept(stream).await.expect("trusted"));
        peer.next().await.expect("a login");
        peer.send(&["!done"]).await;
        peer.answer(&[]).await;
    };
    tokio::select! {
        ((), status) = async { tokio::join!(router, client.wait()) } => assert!(status.expect("ended").success()),
        () = tokio::time::sleep(std::time::Duration::from_secs(120)) => panic!("neither trusted nor refused"),
    }
    std::fs::remove_file(file).expect("removed");
}

#[tokio::test]
#[ignore = "the other half of an_authority_of_the_machine, which runs it"]
async fn client_that_trusts_the_machine() {
    let port = std::env::var("ROUTER_PORT").expect("set by the other half").parse().expect("a port");
    let client = Client::connect(&target(port, Tls::System), &credentials(), &Limits::default())
        .await
        .expect("trusted");
    client.run(Command::new("/a")).await.expect("answered");
}

/// What a router does with a client hello, byte for byte.
async fn answer_hello_with(bytes: &'static [u8]) -> Error {
    let (listener, port) = listener().await;
    let router = async {
        let (mut stream, _): (TcpStream, _) = listener.accept().await.expect("a connection");
        let mut hello = [0; 5];
        stream.read_exact(&mut hello).await.expect("a hello");
        let mut rest = vec![0; usize::from(u16::from_be_bytes([hello[3], hello[4]]))];
        stream.read_exact(&mut rest).await.expect("a hello");
        stream.write_all(bytes).await.expect("sent");
    };
    let (target, cred, limits) = (target(port, Tls::Pinned([0; 32])), credentials(), Limits::default());
    let (outcome, ()) = tokio::join!(Client::connect(&target, &cred, &limits), router);
    failure(outcome)
}

/// Without a certificate api-ssl has anonymous suites only. Operators must be told what to type.
#[tokio::test]
async fn an_api_ssl_service_without_certificate() {
    // Alert record, TLS 1.2, fatal, handshake_failure (40); and a release that just hangs up.
    for answer in [&[0x15, 3, 3, 0, 2, 2, 40][..], &[]] {
        let error = answer_hello_with(answer).await;
        assert!(matches!(error, Error::NoCertificate { .. }), "{error:?}");
        let text = error.to_string();
        for typed in
            ["/certificate add", "/certificate sign api-ssl", "/ip service set api-ssl certificate=api-ssl"]
        {
            assert!(text.contains(typed), "{text}");
        }
    }
}

#[tokio::test]
async fn a_service_without_tls() {
    for answer in [&b"HTTP/1.1 400 Bad Request\r\n\r\n"[..], b"\x06!fatal\x0dnot logged in\0"] {
        let error = answer_hello_with(answer).await;
        assert!(matches!(error, Error::NotTls { .. }), "{error:?}");
    }
}

#[tokio::test]
async fn the_fingerprint_of_an_unknown_router() {
    let identity = self_signed();
    let (listener, port) = listener().await;
    let router = async {
        let (stream, _) = listener.accept().await.expect("a connection");
        let mut stream = identity.acceptor.accept(stream).await.expect("a handshake");
        let mut seen = Vec::new();
        // A peer that leaves without a close_notify is an error here, and sent nothing either way.
        drop(stream.read_to_end(&mut seen).await);
        assert!(seen.is_empty(), "nothing may be sent to a router that is not trusted yet");
    };
    let (found, ()) = tokio::join!(async { fetch_fingerprint(&target(port, Tls::Off)).await }, router);
    assert_eq!(found.expect("a fingerprint"), identity.fingerprint);
}

#[tokio::test]
async fn nobody_listens() {
    let (listener, port) = listener().await;
    drop(listener);
    let error = failure(Client::connect(&target(port, Tls::Off), &credentials(), &Limits::default()).await);
    assert!(matches!(error, Error::Unreachable { .. }), "{error:?}");
    assert!(error.to_string().contains("connection refused; is the api service enabled"), "{error}");
    assert!(error.is_connection_lost());
}
