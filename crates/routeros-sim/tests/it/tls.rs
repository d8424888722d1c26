use crate::{World, spec};
use routeros_sim::{RouterSpec, Tls};
use rustls::crypto::ring;
use rustls::pki_types::{CertificateDer, ServerName};
use rustls::{ClientConfig, RootCertStore};
use std::io;
use std::net::SocketAddr;
use std::sync::Arc;
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio_rustls::TlsConnector;

#[tokio::test]
async fn api_ssl_with_a_certificate() {
    let tls = Tls::self_signed(&["router.test"]).unwrap();
    let der = tls.certificate_der().unwrap().to_vec();
    let (_world, router) = World::router(RouterSpec { tls: Some(tls), ..spec() }).await;
    let mut stream = connect(router.address(), &der).await.unwrap();
    stream.write_all(b"\x06/login\x0b=name=admin\x10=password=secret\x00").await.unwrap();
    let mut reply = [0; 7];
    stream.read_exact(&mut reply).await.unwrap();
    assert_eq!(&reply, b"\x05!done\x00");
}

/// What an operator meets who enabled `api-ssl` and forgot the certificate.
#[tokio::test]
async fn api_ssl_without_a_certificate_is_alert_40() {
    let other = Tls::self_signed(&["router.test"]).unwrap();
    let (_world, router) =
        World::router(RouterSpec { tls: Some(Tls::without_certificate()), ..spec() }).await;
    let error = connect(router.address(), other.certificate_der().unwrap()).await.unwrap_err();
    let inner = error.get_ref().and_then(|inner| inner.downcast_ref::<rustls::Error>());
    assert_eq!(inner, Some(&rustls::Error::AlertReceived(rustls::AlertDescription::HandshakeFailure)));
}

async fn connect(
    address: SocketAddr,
    authority: &[u8],
) -> io::Result<tokio_rustls::client::TlsStream<TcpStream>> {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from(authority.to_vec())).unwrap();
    let config = ClientConfig::builder_with_provider(Arc::new(ring::default_provider()))
        .with_safe_default_protocol_versions()
        .unwrap()
        .with_root_certificates(roots)
        .with_no_client_auth();
    let stream = TcpStream::connect(address).await?;
    TlsConnector::from(Arc::new(config)).connect(ServerName::try_from("router.test").unwrap(), stream).await
}
