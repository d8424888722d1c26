use std::{io, sync::Arc};

use tokio::{
    net::{TcpSocket, TcpStream, lookup_host},
    time::{Duration, timeout},
};

use crate::{Error, Target, error::Step};

/// Opens the TCP connection: every address of the name in turn, all within the limit.
///
/// Small writes are not held back (Nagle with delayed acknowledgements costs some 40 ms per command), and keep-alive
/// notices a peer that lost power while nothing is asked.
pub(crate) async fn connect(target: &Target, limit: Duration) -> Result<TcpStream, Error> {
    let Target { address, port, .. } = target;
    if address.is_empty() || *port == 0 {
        return Err(Error::InvalidArgument("a router needs an address and a port".to_owned()));
    }
    match timeout(limit, try_addresses(address, *port)).await {
        Ok(outcome) => outcome,
        Err(_) => Err(Error::Timeout { step: Step::Connect, after: limit }),
    }
}

async fn try_addresses(address: &str, port: u16) -> Result<TcpStream, Error> {
    let unknown = |source| Error::UnknownHost { address: address.to_owned(), source };
    let found = lookup_host((address, port)).await.map_err(|error| unknown(Some(Arc::new(error))))?;
    let mut failure = None;
    for socket_address in found {
        let socket = if socket_address.is_ipv4() { TcpSocket::new_v4() } else { TcpSocket::new_v6() };
        let attempt = async {
            let socket = socket?;
            socket.set_keepalive(true)?;
            socket.set_nodelay(true)?;
            socket.connect(socket_address).await
        };
        match attempt.await {
            Ok(stream) => return Ok(stream),
            Err(error) => failure = Some(error),
        }
    }
    Err(match failure {
        Some(error) => unreachable_error(address, port, error),
        None => unknown(None),
    })
}

fn unreachable_error(address: &str, port: u16, error: io::Error) -> Error {
    Error::Unreachable { address: address.to_owned(), port, source: Arc::new(error) }
}
