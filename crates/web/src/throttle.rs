mod verdict;

use std::net::IpAddr;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use axum::http::HeaderValue;
use store::{LoginKeys, LoginKnown, StoreError};

use crate::address::{Network, networks, throttle_key};
use crate::app::App;
use crate::caller::Caller;
use crate::error::PageError;
use crate::failures::Failures;
use crate::gate::{BUSY_RETRY, Pass};
use verdict::{DAY_MS, Found, Kind, Verdict, WINDOW_MS, decide};

/// Wishes for a link to set a password with are counted over this time, and one address may send so many; an IPv6 /56
/// twice as many, a /48 four times.
const WISHES_MS: i64 = 60 * 60 * 1000;
const WISHES_PER_ADDRESS_MAX: i64 = 20;
/// All addresses together: each wish is a row, whether anybody has the name or not.
const WISHES_MAX: i64 = 500;

/// An attempt that may not be made now.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Refused {
    wait_ms: i64,
    is_busy: bool,
}

impl Refused {
    fn for_failures(wait_ms: i64) -> Self {
        Self { wait_ms, is_busy: false }
    }

    /// Too many others are asking; it has nothing to do with this account.
    fn busy() -> Self {
        Self { wait_ms: BUSY_RETRY.as_millis() as i64, is_busy: true }
    }

    /// Seconds for the header.
    pub(crate) fn retry_after(self) -> HeaderValue {
        HeaderValue::from((self.wait_ms.max(1) as u64).div_ceil(1000))
    }

    /// What a person is told.
    pub(crate) fn words(self) -> String {
        let seconds = (self.wait_ms.max(1) as u64).div_ceil(1000);
        if self.is_busy {
            return format!("Too many requests. Try again in {seconds} s.");
        }
        let wait = match seconds {
            0..=1 => "a second".to_owned(),
            2..=90 => format!("{seconds} seconds"),
            _ => format!("{} minutes", seconds.div_ceil(60)),
        };
        format!("Too many failed attempts. Please wait {wait} and try again.")
    }
}

/// An account tried by a caller.
///
/// The owner of an account is never locked out by others: a browser that has entered it before is judged by its own
/// failures; an address from which it was entered before waits a minute at most; failures elsewhere only slow an
/// unknown address down, until they are so many that guessing is all it can be. Behind one office address a guessing
/// colleague therefore costs nobody the day.
#[derive(Clone, Debug)]
pub(crate) struct Attempt {
    kind: Kind,
    is_staff: bool,
    account: String,
    /// What the store knows the place by.
    address: String,
    /// What failures are counted by, the smallest first.
    networks: Vec<Network>,
    device: Option<String>,
}

impl Attempt {
    /// A password for a user name as typed; case and blanks around it do not make another account.
    pub(crate) fn password(username: &str, caller: &Caller) -> Self {
        Self::new(Kind::Password, false, username, caller)
    }

    /// A code of the second factor, counted apart.
    pub(crate) fn code(username: &str, caller: &Caller) -> Self {
        Self::new(Kind::Code, false, username, caller)
    }

    /// A password of a person of the ISP: an account's failures at the one door do not count at the other. Those from an
    /// address count together at both.
    pub(crate) fn staff_password(username: &str, caller: &Caller) -> Self {
        Self::new(Kind::Password, true, username, caller)
    }

    /// A code of that person's second factor.
    pub(crate) fn staff_code(username: &str, caller: &Caller) -> Self {
        Self::new(Kind::Code, true, username, caller)
    }

    fn new(kind: Kind, is_staff: bool, username: &str, caller: &Caller) -> Self {
        let name = match (kind, is_staff) {
            (Kind::Password, false) => "portal",
            (Kind::Code, false) => "factor",
            (Kind::Password, true) => "staff",
            (Kind::Code, true) => "staff-factor",
        };
        Self {
            kind,
            is_staff,
            account: format!("{name}:{}", username.trim().to_lowercase()),
            address: throttle_key(caller.address),
            networks: networks(caller.address),
            device: caller.device.clone(),
        }
    }

    fn keys(&self) -> LoginKeys<'_> {
        LoginKeys { account: &self.account, address: &self.address, device: self.device.as_deref() }
    }

    /// Waits as long as it must, and gives the pass for the work of a check; keep it until the outcome is recorded,
    /// so that many attempts at once do not slip past the limit together.
    pub(crate) async fn enter(&self, app: &App) -> Result<Result<Arc<Pass>, Refused>, PageError> {
        let known = self.known(app).await?;
        match self.verdict(app, known) {
            Verdict::Refuse { wait_ms } => return Ok(Err(Refused::for_failures(wait_ms))),
            Verdict::Slow(times) => tokio::time::sleep(app.settings.login_delay.saturating_mul(times)).await,
            Verdict::Pass => {}
        }
        let gate = app.login_gates.of(self.is_staff, known.device);
        let Some(pass) = gate.enter().await else { return Ok(Err(Refused::busy())) };
        // Counted again with the pass in hand.
        Ok(match self.verdict(app, known) {
            Verdict::Refuse { wait_ms } => Err(Refused::for_failures(wait_ms)),
            Verdict::Pass | Verdict::Slow(_) => Ok(Arc::new(pass)),
        })
    }

    async fn known(&self, app: &App) -> Result<LoginKnown, StoreError> {
        let known_ms = i64::try_from(app.settings.device_known.as_millis()).unwrap_or(i64::MAX);
        app.store.login_known(&self.keys(), app.clock.now_ms().saturating_sub(known_ms)).await
    }

    fn verdict(&self, app: &App, known: LoginKnown) -> Verdict {
        let now_ms = app.clock.now_ms();
        decide(self.kind, &app.throttle.found(self, known, now_ms), now_ms)
    }

    /// Notes that it failed.
    pub(crate) fn failed(&self, app: &App) {
        app.throttle.failed(self, app.clock.now_ms());
    }

    /// Notes that it was good; address and device are known for this account from now on.
    pub(crate) async fn succeeded(&self, app: &App, new_device: Option<&str>) -> Result<(), StoreError> {
        app.throttle.succeeded(self);
        let keys = LoginKeys { device: new_device.or(self.device.as_deref()), ..self.keys() };
        app.store.note_login(&keys, app.clock.now_ms()).await
    }
}

/// Failures of late, by what they are judged by.
#[derive(Debug)]
pub(crate) struct Throttle(Mutex<Counts>);

#[derive(Debug)]
struct Counts {
    /// By account and network.
    pairs: Failures,
    accounts: Failures,
    /// By account, over a day.
    days: Failures,
    networks: Failures,
    /// By account and device.
    devices: Failures,
    /// Wishes for links, by network and in all.
    wishes: Failures,
}

impl Default for Throttle {
    fn default() -> Self {
        let window = || Failures::over(WINDOW_MS);
        Self(Mutex::new(Counts {
            pairs: window(),
            accounts: window(),
            days: Failures::over(DAY_MS),
            networks: window(),
            devices: window(),
            wishes: Failures::over(WISHES_MS),
        }))
    }
}

impl Throttle {
    fn counts(&self) -> MutexGuard<'_, Counts> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Notes a wish for a link from an address; false: there were too many of late.
    pub(crate) fn takes_wish(&self, address: IpAddr, now_ms: i64) -> bool {
        const ALL: &str = "all";
        let (mut counts, networks) = (self.counts(), networks(address));
        let mut places = networks.iter().enumerate();
        if counts.wishes.count(ALL, now_ms) >= WISHES_MAX
            || places.any(|(place, network)| {
                counts.wishes.count(network, now_ms) >= WISHES_PER_ADDRESS_MAX << place
            })
        {
            return false;
        }
        counts.wishes.add(ALL, now_ms);
        networks.iter().for_each(|network| counts.wishes.add(network, now_ms));
        true
    }

    fn found(&self, of: &Attempt, known: LoginKnown, now_ms: i64) -> Found {
        let counts = self.counts();
        let mut found = Found {
            account: counts.accounts.count(&of.account, now_ms),
            day: counts.days.count(&of.account, now_ms),
            known_address: known.address,
            known_device: known.device,
            ..Found::default()
        };
        for (place, network) in of.networks.iter().enumerate() {
            found.pairs[place] = counts.pairs.count((&of.account, network), now_ms);
            found.addresses[place] = counts.networks.count(network, now_ms);
        }
        let pair_last_at_ms = of.networks.first().and_then(|own| counts.pairs.last_at_ms((&of.account, own)));
        found.pair_last_at_ms = pair_last_at_ms.unwrap_or(0);
        if let Some(device) = &of.device {
            found.device = counts.devices.count((&of.account, device), now_ms);
        }
        found
    }

    fn failed(&self, of: &Attempt, now_ms: i64) {
        let mut counts = self.counts();
        counts.accounts.add(&of.account, now_ms);
        counts.days.add(&of.account, now_ms);
        for network in &of.networks {
            counts.pairs.add((&of.account, network), now_ms);
            counts.networks.add(network, now_ms);
        }
        if let Some(device) = &of.device {
            counts.devices.add((&of.account, device), now_ms);
        }
    }

    /// A success clears nothing of the network: guessing on many accounts with one good one of one's own still counts;
    /// nor of the day: the owner's own logins do not give somebody else new codes to try.
    fn succeeded(&self, of: &Attempt) {
        let mut counts = self.counts();
        counts.accounts.forget(&of.account);
        for network in &of.networks {
            counts.pairs.forget((&of.account, network));
        }
        if let Some(device) = &of.device {
            counts.devices.forget((&of.account, device));
        }
    }
}

/// The default of [`Settings::device_known`](crate::Settings); housekeeping forgets after as long.
pub(crate) const DEVICE_KNOWN: Duration = Duration::from_secs(30 * 24 * 60 * 60);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn wishes_for_links_are_bounded_for_an_address_a_network_and_in_all() {
        let throttle = Throttle::default();
        let now_ms = 1_795_437_000_000;
        let taken = |addresses: &mut dyn Iterator<Item = String>| {
            let addresses = addresses.map(|text| text.parse().expect("an address"));
            addresses.filter(|address| throttle.takes_wish(*address, now_ms)).count()
        };
        assert_eq!(taken(&mut (0..30).map(|_| "203.0.113.1".to_owned())), 20);
        assert_eq!(taken(&mut (0..200).map(|n| format!("2001:db8:1:{n:x}00::1"))), 80);
        assert_eq!(taken(&mut (0..900).map(|n| format!("10.1.{}.{}", n / 250, n % 250))), 400);
        assert!(throttle.takes_wish("203.0.113.1".parse().expect("an address"), now_ms + WISHES_MS));
    }
}
