use std::io::ErrorKind;
use std::time::Duration;

use tokio::net::TcpStream;
use tokio::sync::Mutex;
use tokio::time::{Instant, timeout};

/// How long the witness may take to answer.
const ANSWER_WITHIN: Duration = Duration::from_secs(3);
/// How long an answer serves all routers that ask.
const ANSWER_HOLDS: Duration = Duration::from_secs(5);

/// Something of our own that always answers: when it does not, it is our network that is gone and not the router
/// (SLA trap 2).
#[derive(Debug)]
pub(crate) struct Witness {
    address: Option<String>,
    answer: Mutex<Option<(Instant, bool)>>,
}

impl Witness {
    pub(crate) fn new(address: Option<String>) -> Self {
        Self { address, answer: Mutex::new(None) }
    }

    /// Whether our own network is gone. Without a witness nobody can say so, hence it is not.
    pub(crate) async fn network_gone(&self) -> bool {
        let Some(address) = &self.address else { return false };
        let mut answer = self.answer.lock().await;
        if let Some((at, gone)) = *answer
            && at.elapsed() < ANSWER_HOLDS
        {
            return gone;
        }
        let gone = !answers(address).await;
        *answer = Some((Instant::now(), gone));
        gone
    }
}

/// A refused connection is an answer too: there is somebody who refuses.
async fn answers(address: &str) -> bool {
    match timeout(ANSWER_WITHIN, TcpStream::connect(address)).await {
        Ok(Ok(_)) => true,
        Ok(Err(error)) => matches!(error.kind(), ErrorKind::ConnectionRefused | ErrorKind::ConnectionReset),
        Err(_) => false,
    }
}
