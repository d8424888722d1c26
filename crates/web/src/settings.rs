use std::net::IpAddr;
use std::time::Duration;

use crate::logo::LogoTrial;
use crate::throttle::DEVICE_KNOWN;
use secrecy::SecretString;
use store::LiveLimits;
use tokio_util::sync::CancellationToken;

/// How much may be watched live, straight from the routers.
#[derive(Clone, Copy, Debug)]
pub struct LiveSettings {
    /// Links watched at the same time; with 0 there is no live view.
    pub limits: LiveLimits,
    /// After so long a view ends, and its reader is asked whether to go on.
    pub watch: Duration,
}

impl Default for LiveSettings {
    /// 20 links, 8 of one router, 10 minutes.
    fn default() -> Self {
        let limits = LiveLimits { links: 20, links_per_router: 8 };
        Self { limits, watch: Duration::from_secs(10 * 60) }
    }
}

/// How receipts from WhatsApp are known to be Meta's.
#[derive(Clone, Debug)]
pub struct ReceiptSettings {
    /// Under which Meta signs.
    pub app_secret: SecretString,
    /// What Meta was told to say when it asks whether the address is ours.
    pub verify_token: SecretString,
}

/// How the pages behave; the binary fills it from its configuration.
#[derive(Clone, Debug)]
pub struct Settings {
    /// The browser reaches the pages over https: cookies are `__Host-` and Secure, and HSTS is sent. Only for plain
    /// http on the loopback this may be false.
    pub secure_cookies: bool,
    /// Proxies whose `X-Forwarded-For` is believed; anybody else's is ignored.
    pub trusted_proxies: Vec<IpAddr>,
    /// A session that was not used for so long ends.
    pub session_idle: Duration,
    /// A session ends after so long in any case.
    pub session_absolute: Duration,
    /// How often an open page asks for new figures, milliseconds.
    pub refresh_ms: u32,
    /// A link whose last look is older than this counts as not measured, milliseconds.
    pub stale_after_ms: i64,
    /// Where customers reach the portal, without a slash at the end; `None`: downloaded statements name no address.
    pub public_url: Option<String>,
    /// How long an answer is held back while an account or an address shows many failed logins.
    pub login_delay: Duration,
    /// For so long a browser and an address from which an account was entered stay known to the login throttle.
    pub device_known: Duration,
    /// Refused logins are written to the audit log so often, put together; zero: each at once.
    pub refusals_every: Duration,
    /// Mail leaves and the portal's public address is set: links to set a password can be sent.
    pub sends_mail: bool,
    /// Whoever of the ISP has no second factor can do nothing else than set one up.
    pub staff_second_factor: bool,
    /// Messages leave by WhatsApp: people of clients may enter a number.
    pub sends_whatsapp: bool,
    /// Receipts from WhatsApp; `None`: none are taken.
    pub whatsapp_receipts: Option<ReceiptSettings>,
    /// Who sends this as a bearer token reads the reasons in `/readyz` from anywhere; `None`: only this machine does.
    pub readiness_token: Option<SecretString>,
    /// The live view of a link.
    pub live: LiveSettings,
    /// Where uploaded logos are drawn for the first time; in this process only for tests.
    pub logo_trial: LogoTrial,
    /// Cancelled when the process is to stop: streams that are open then end, so that nothing waits for them.
    pub stop: CancellationToken,
}

impl Default for Settings {
    /// https, no proxies, 2 hours idle, 12 hours in all, new figures every 10 s, stale after 2 minutes.
    fn default() -> Self {
        Self {
            secure_cookies: true,
            trusted_proxies: Vec::new(),
            session_idle: Duration::from_secs(2 * 60 * 60),
            session_absolute: Duration::from_secs(12 * 60 * 60),
            refresh_ms: 10_000,
            stale_after_ms: 120_000,
            public_url: None,
            login_delay: Duration::from_secs(2),
            device_known: DEVICE_KNOWN,
            refusals_every: Duration::from_secs(60),
            sends_mail: false,
            staff_second_factor: false,
            sends_whatsapp: false,
            whatsapp_receipts: None,
            readiness_token: None,
            live: LiveSettings::default(),
            logo_trial: LogoTrial::default(),
            stop: CancellationToken::new(),
        }
    }
}
