use std::{
    net::IpAddr,
    sync::{Mutex as StdMutex, PoisonError},
    time::Duration,
};

use lettre::{
    address::Envelope,
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, DEFAULT_MECHANISMS},
        client::{AsyncSmtpConnection, Certificate, TlsParameters},
        commands::{Data, Mail as MailFrom, Rcpt, Rset},
        extension::{ClientId, Extension, MailParameter},
    },
};
use secrecy::{ExposeSecret, SecretString};
use tokio::{
    sync::Mutex,
    time::{Instant, timeout},
};

use super::{
    Mail, MailSettingsError, SendError,
    error::{one_line, words},
};

/// Mails over one connection; servers close after some hundred.
const MAILS_PER_CONNECTION_MAX: u32 = 100;
/// A connection that lay idle for longer is not used again: the server, or something between, may have dropped it.
const IDLE_MAX: Duration = Duration::from_secs(20);
/// Longest time for saying good-bye.
const QUIT_MAX: Duration = Duration::from_secs(2);

/// Why a mail does not go to a server that knows ASCII only.
const NO_UTF8: &str = "the address has letters beyond ASCII before its @, and the mail server takes none (it does not offer \
    SMTPUTF8): use another address, or another server";

/// Where the mail server is and how to talk to it.
#[derive(Clone, Debug)]
pub struct SmtpSettings {
    /// Host name or address.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Encryption.
    pub tls: SmtpTls,
    /// User name and password, if it asks for them.
    pub login: Option<(String, SecretString)>,
    /// The longest that connecting may take, and again one mail.
    pub timeout: Duration,
    /// The name that we introduce ourselves with; `None`: the machine's.
    pub hello: Option<String>,
}

/// How the connection is encrypted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum SmtpTls {
    /// Not at all.
    Off,
    /// After `STARTTLS`, which the server must offer; `ca_pem` instead of the public authorities.
    StartTls {
        /// The authority that signed the server's certificate, PEM.
        ca_pem: Option<Vec<u8>>,
    },
    /// From the first byte.
    Tls {
        /// The authority that signed the server's certificate, PEM.
        ca_pem: Option<Vec<u8>>,
    },
}

/// A server that took a mail so short a time ago is there: if it takes no connection, it has enough of them.
const SERVING_MAX: Duration = Duration::from_secs(10);

/// Connections to a mail server, kept open between mails.
pub struct Smtp {
    settings: SmtpSettings,
    tls: Option<TlsParameters>,
    live: Vec<Mutex<Option<Live>>>,
    /// When the server last took a mail, and on which connection.
    served: StdMutex<Option<(usize, Instant)>>,
}

struct Live {
    connection: AsyncSmtpConnection,
    mails: u32,
    used_at: Instant,
}

impl std::fmt::Debug for Smtp {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Smtp").field("settings", &self.settings).finish_non_exhaustive()
    }
}

impl Smtp {
    /// Checks the settings; connects to nothing. There is one connection unless [`Self::with_connections`] says otherwise.
    ///
    /// # Errors
    /// A certificate that is none.
    pub fn new(settings: SmtpSettings) -> Result<Self, MailSettingsError> {
        let failed =
            |error: SmtpError| MailSettingsError(format!("the mail server's certificate authority: {error}"));
        let tls = match &settings.tls {
            SmtpTls::Off => None,
            SmtpTls::StartTls { ca_pem } | SmtpTls::Tls { ca_pem } => {
                let mut builder = TlsParameters::builder(settings.host.clone());
                if let Some(pem) = ca_pem {
                    builder = builder.add_root_certificate(Certificate::from_pem(pem).map_err(failed)?);
                }
                Some(builder.build().map_err(failed)?)
            }
        };
        Ok(Self { settings, tls, live: vec![Mutex::new(None)], served: StdMutex::new(None) })
    }

    /// The same with so many connections, at least one.
    #[must_use]
    pub fn with_connections(mut self, connections: usize) -> Self {
        self.live.resize_with(connections.max(1), || Mutex::new(None));
        self
    }

    pub(super) fn connections(&self) -> usize {
        self.live.len()
    }

    /// Hands one mail to the server on one of the connections; its answer.
    pub(super) async fn send(&self, number: usize, mail: &Mail) -> Result<String, SendError> {
        let message = mail.message()?;
        let bytes = message.formatted();
        let number = number % self.live.len();
        let mut live = self.live[number].lock().await;
        let mut kept = live.take().filter(Live::is_usable);
        loop {
            let was_kept = kept.is_some();
            let mut connection = match kept.take() {
                Some(connection) => connection,
                None => self.connect().await.map_err(|error| self.crowded(number, error))?,
            };
            if needs_utf8(message.envelope())
                && !connection.connection.server_info().supports_feature(Extension::SmtpUtfEight)
            {
                *live = Some(connection);
                return Err(SendError::Refused(NO_UTF8.to_owned()));
            }
            // Dropped at the time limit, the connection is gone with it: nobody can say what it would answer next.
            let mut step = Step::Sender;
            let talk = talk(&mut connection.connection, message.envelope(), &bytes, &mut step);
            match timeout(self.settings.timeout, talk).await {
                Ok(Ok(answer)) => {
                    connection.mails += 1;
                    connection.used_at = Instant::now();
                    *self.served.lock().unwrap_or_else(PoisonError::into_inner) =
                        Some((number, connection.used_at));
                    *live = Some(connection);
                    return Ok(answer);
                }
                Ok(Err(error)) => {
                    let lost = error.status().is_none() || is_closing(&error);
                    // A server may have closed a connection that was kept: that is no answer to this mail.
                    if lost && was_kept && step == Step::Sender {
                        continue;
                    }
                    if !lost && reset(&mut connection.connection, self.settings.timeout).await {
                        connection.used_at = Instant::now();
                        *live = Some(connection);
                    }
                    return Err(step.error(&error));
                }
                Err(_) => return Err(step.timed_out(self.settings.timeout)),
            }
        }
    }

    /// Connects, encrypts and logs in, but sends nothing; a sentence on how that went.
    pub(super) async fn check(&self) -> Result<String, SendError> {
        let mut live = self.connect().await?;
        let encrypted = if live.connection.is_encrypted() { "encrypted" } else { "in plain text" };
        let login = match &self.settings.login {
            Some((user, _)) => format!(", logged in as {user}"),
            None => String::new(),
        };
        timeout(QUIT_MAX, live.connection.quit()).await.ok();
        Ok(format!("{}:{} answers, {encrypted}{login}", self.settings.host, self.settings.port))
    }

    /// Says good-bye to the server.
    pub(super) async fn close(&self) {
        for live in &self.live {
            if let Some(mut live) = live.lock().await.take() {
                timeout(QUIT_MAX, live.connection.quit()).await.ok();
            }
        }
    }

    /// A server that just took a mail on another connection is not away: it takes no more connections.
    fn crowded(&self, number: usize, error: SendError) -> SendError {
        let served = *self.served.lock().unwrap_or_else(PoisonError::into_inner);
        match error {
            SendError::Away(why)
                if served.is_some_and(|(other, at)| other != number && at.elapsed() < SERVING_MAX) =>
            {
                SendError::Crowded(why)
            }
            error => error,
        }
    }

    async fn connect(&self) -> Result<Live, SendError> {
        let place = format!("{}:{}", self.settings.host, self.settings.port);
        let away = |what: &str| SendError::Away(format!("the mail server {place} {what}"));
        match timeout(self.settings.timeout, self.handshake()).await {
            Ok(Ok(connection)) => Ok(Live { connection, mails: 0, used_at: Instant::now() }),
            Ok(Err((step, error))) => Err(away(&format!("{step}: {}", words(&error)))),
            Err(_) => {
                let seconds = self.settings.timeout.as_secs();
                Err(away(&format!("was not ready to take mail within {seconds} s")))
            }
        }
    }

    async fn handshake(&self) -> Result<AsyncSmtpConnection, (&'static str, SmtpError)> {
        let hello = self.settings.hello.as_deref().map_or_else(ClientId::default, client_id);
        let server = (self.settings.host.as_str(), self.settings.port);
        let (at_once, later) = match self.settings.tls {
            SmtpTls::Tls { .. } => (self.tls.clone(), None),
            _ => (None, self.tls.clone()),
        };
        let connecting =
            AsyncSmtpConnection::connect_tokio1(server, Some(self.settings.timeout), &hello, at_once, None);
        let mut connection = connecting.await.map_err(|error| ("cannot be reached", error))?;
        if let Some(tls) = later {
            connection.starttls(tls, &hello).await.map_err(|error| ("gives no encryption", error))?;
        }
        if let Some((user, password)) = &self.settings.login {
            let credentials = Credentials::new(user.clone(), password.expose_secret().to_owned());
            let answer = connection.auth(DEFAULT_MECHANISMS, &credentials).await;
            answer.map_err(|error| ("refuses the log-in", error))?;
        }
        Ok(connection)
    }
}

impl Live {
    fn is_usable(&self) -> bool {
        self.mails < MAILS_PER_CONNECTION_MAX && self.used_at.elapsed() < IDLE_MAX
    }
}

/// How far a conversation has come: it decides what a refusal means.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Step {
    Sender,
    Recipient,
    Message,
}

impl Step {
    fn error(self, error: &SmtpError) -> SendError {
        let text = words(error);
        match self {
            // All mails have the same sender: whoever refuses it takes none of them.
            Self::Sender => SendError::Away(format!("the mail server does not take the sender: {text}")),
            _ if error.is_permanent() => SendError::Refused(text),
            Self::Recipient | Self::Message => SendError::Deferred(text),
        }
    }

    fn timed_out(self, after: Duration) -> SendError {
        let text =
            |what: &str| format!("the mail server gave no answer to {what} within {} s", after.as_secs());
        match self {
            Self::Sender => SendError::Away(text("the sender")),
            Self::Recipient => SendError::Deferred(text("the recipient")),
            Self::Message => SendError::Deferred(text("the message")),
        }
    }
}

async fn talk(
    connection: &mut AsyncSmtpConnection,
    envelope: &Envelope,
    bytes: &[u8],
    step: &mut Step,
) -> Result<String, SmtpError> {
    let mut parameters = Vec::new();
    if needs_utf8(envelope) {
        parameters.push(MailParameter::SmtpUtfEight);
    }
    connection.command(MailFrom::new(envelope.from().cloned(), parameters)).await?;
    *step = Step::Recipient;
    for recipient in envelope.to() {
        connection.command(Rcpt::new(recipient.clone(), Vec::new())).await?;
    }
    *step = Step::Message;
    connection.command(Data).await?;
    let answer = connection.message(bytes).await?;
    let text: Vec<&str> = answer.message().collect();
    Ok(one_line(&format!("{} {}", answer.code(), text.join(" "))))
}

/// Whether an address has letters that only servers with SMTPUTF8 (RFC 6531) take. Domains are `xn--` by then.
fn needs_utf8(envelope: &Envelope) -> bool {
    let mut addresses = envelope.to().iter().chain(envelope.from());
    addresses.any(|address| !AsRef::<str>::as_ref(address).is_ascii())
}

/// A name, or an address in the brackets of RFC 5321, 4.1.3.
fn client_id(text: &str) -> ClientId {
    match text.parse() {
        Ok(IpAddr::V4(address)) => ClientId::Ipv4(address),
        Ok(IpAddr::V6(address)) => ClientId::Ipv6(address),
        Err(_) => ClientId::Domain(text.to_owned()),
    }
}

/// 421: the server closes the connection, whatever was asked.
fn is_closing(error: &SmtpError) -> bool {
    error.status().is_some_and(|code| u16::from(code) == 421)
}

/// Forgets a refused mail, so that the next one can go over the same connection.
async fn reset(connection: &mut AsyncSmtpConnection, within: Duration) -> bool {
    matches!(timeout(within, connection.command(Rset)).await, Ok(Ok(_)))
}
