use crate::faults::Drip;
use crate::served::Served;
use crate::state::{LinkEvent, State};
use crate::{PingProfile, RouterSpec, SimClock};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::time::Duration;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

/// What the listener of a router does.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Door {
    Open,
    Refusing,
    BlackHole,
    /// The fleet has gone.
    Stopped,
}

/// A running simulated router: where it listens, and switches for everything that can happen to it.
///
/// Switches take effect at once for open sessions; changes of the listening socket (reboot, unreachable,
/// black hole) follow within a few milliseconds of real time: await [`SimRouter::settled`] before relying on
/// them. Names of interfaces are bytes, `b"ether1"` or `"ether1"`. A handle does not keep the router alive,
/// the [`crate::Fleet`] does.
#[derive(Clone, Debug)]
pub struct SimRouter(pub(crate) Arc<Router>);

#[derive(Debug)]
pub(crate) struct Router {
    pub(crate) clock: SimClock,
    pub(crate) address: SocketAddr,
    state: Mutex<State>,
    /// Cancelled when all sessions must break; replaced at once.
    kill: Mutex<CancellationToken>,
    /// Tells the listener that the state of the door may have changed.
    pub(crate) wanted: watch::Sender<u64>,
    /// What the listener does now.
    pub(crate) door: watch::Sender<Door>,
    /// Connections that are open.
    pub(crate) sessions: AtomicUsize,
}

impl Router {
    pub(crate) fn new(spec: RouterSpec, clock: SimClock, address: SocketAddr) -> Self {
        let state = Mutex::new(State::new(spec, clock.now_ms()));
        let kill = Mutex::new(CancellationToken::new());
        Self {
            clock,
            address,
            state,
            kill,
            wanted: watch::Sender::new(0),
            door: watch::Sender::new(Door::Open),
            sessions: AtomicUsize::new(0),
        }
    }

    pub(crate) fn lock(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(PoisonError::into_inner)
    }

    pub(crate) fn wanted_door(&self) -> Door {
        let now_ms = self.clock.now_ms();
        let state = self.lock();
        if state.faults.unreachable || now_ms < state.booted_at_ms {
            Door::Refusing
        } else if state.faults.black_hole {
            Door::BlackHole
        } else {
            Door::Open
        }
    }

    /// Cancelled when the sessions of this moment must break.
    pub(crate) fn session_token(&self) -> CancellationToken {
        self.kill.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }

    fn break_sessions(&self) {
        let mut kill = self.kill.lock().unwrap_or_else(PoisonError::into_inner);
        std::mem::replace(&mut *kill, CancellationToken::new()).cancel();
    }

    fn door_changed(&self) {
        self.wanted.send_modify(|version| *version += 1);
    }
}

impl SimRouter {
    /// Where it listens.
    pub fn address(&self) -> SocketAddr {
        self.0.address
    }

    /// Plugs the cable in or out, now. False if there is no such interface (here and below).
    pub fn set_link(&self, name: impl AsRef<[u8]>, running: bool) -> bool {
        self.change(name.as_ref(), |interface, at| interface.set_carrier(running, at))
    }

    /// Disables or enables the interface as an operator would.
    pub fn disable(&self, name: impl AsRef<[u8]>, disabled: bool) -> bool {
        self.change(name.as_ref(), |interface, at| interface.set_disabled(disabled, at))
    }

    /// The link goes down at `down_at_ms` and comes back at `up_at_ms` (simulation clock). Moments that have passed
    /// are dated as given, but never before the last look of a client or use of a switch: that would make counters
    /// fall.
    pub fn flap(&self, name: impl AsRef<[u8]>, down_at_ms: i64, up_at_ms: i64) {
        let mut state = self.0.lock();
        for (at_ms, carrier) in [(down_at_ms, false), (up_at_ms, true)] {
            state.schedule(LinkEvent { at_ms, name: name.as_ref().to_vec(), carrier });
        }
    }

    /// Loses power now and has booted `down_for` later by the simulation clock; uptime counts from then.
    /// Sessions break, connections are refused meanwhile; counters and link events start again.
    pub fn reboot(&self, down_for: Duration) {
        let now_ms = self.0.clock.now_ms();
        let down_ms = i64::try_from(down_for.as_millis()).unwrap_or(i64::MAX / 2);
        self.0.lock().reboot(now_ms, now_ms.saturating_add(down_ms));
        self.0.break_sessions();
        self.0.door_changed();
    }

    /// Breaks every session, once; new connections are welcome.
    pub fn break_sessions(&self) {
        self.0.break_sessions();
    }

    /// Refuses connections and breaks the sessions there are.
    pub fn unreachable(&self, unreachable: bool) {
        self.0.lock().faults.unreachable = unreachable;
        if unreachable {
            self.0.break_sessions();
        }
        self.0.door_changed();
    }

    /// Swallows packets: connecting hangs until the client gives up, open sessions go silent without an end. Once it
    /// is over, the sessions that went silent break.
    pub fn black_hole(&self, black_hole: bool) {
        self.0.lock().faults.black_hole = black_hole;
        if !black_hole {
            self.0.break_sessions();
        }
        self.0.door_changed();
    }

    /// Waits until the listening socket does what the switches and the clock say.
    pub async fn settled(&self) {
        let mut door = self.0.door.subscribe();
        let settled = |door: &Door| *door == Door::Stopped || *door == self.0.wanted_door();
        // The sender lives in the router that this handle holds: waiting cannot fail.
        let _ = door.wait_for(settled).await;
    }

    /// Accepts and reads, but never answers. What is asked meanwhile stays unanswered for ever.
    pub fn hang(&self, hang: bool) {
        self.0.lock().faults.hang = hang;
    }

    /// Sends only `bytes` at a time with a pause (real time) after each; 0 bytes ends it.
    pub fn drip(&self, bytes: usize, every: Duration) {
        self.0.lock().faults.drip = (bytes > 0).then_some(Drip { bytes, every });
    }

    /// Breaks the connection that sends the next `bytes` bytes right after them; once.
    pub fn drop_mid_reply(&self, bytes: usize) {
        self.0.lock().faults.drop_after_bytes = Some(bytes);
    }

    /// `/interface/reset-counters`: traffic counters start at zero, uptime and link events stay.
    pub fn reset_counters(&self, name: impl AsRef<[u8]>) -> bool {
        self.change(name.as_ref(), |interface, at| interface.reset_counters(at.at_ms))
    }

    /// The next print shows the interface's counters as zero, the one after it as they are.
    pub fn read_zero_once(&self, name: impl AsRef<[u8]>) -> bool {
        self.change(name.as_ref(), |interface, _| interface.reads_zero_once = true)
    }

    /// Gives the interface another MAC address, as a bridge takes that of another port; all else stays.
    pub fn set_mac(&self, name: impl AsRef<[u8]>, last_bytes: u16) -> bool {
        self.change(name.as_ref(), |interface, _| interface.mac = u32::from(last_bytes))
    }

    /// Leaves `running` out of the interface's rows.
    pub fn hide_running(&self, name: impl AsRef<[u8]>, hide: bool) -> bool {
        self.change(name.as_ref(), |interface, _| interface.hides_running = hide)
    }

    /// Gives the interface another name; `.id`, counters and link events stay.
    pub fn rename(&self, name: impl AsRef<[u8]>, new: impl AsRef<[u8]>) -> bool {
        self.change(name.as_ref(), |interface, _| interface.spec.name = new.as_ref().to_vec())
    }

    /// Takes the interface away.
    pub fn remove(&self, name: impl AsRef<[u8]>) -> bool {
        let now_ms = self.0.clock.now_ms();
        self.0.lock().remove(name.as_ref(), now_ms)
    }

    /// Creates the interface anew, whether it is there or was removed: same name, new `.id`, counters from zero.
    pub fn recreate(&self, name: impl AsRef<[u8]>) -> bool {
        let now_ms = self.0.clock.now_ms();
        self.0.lock().recreate(name.as_ref(), now_ms)
    }

    /// Begins a PPP session of the user, now: a row of `/ppp/active` and a dynamic interface `<pppoe-user>`, or
    /// `<pppoe-user-1>` if the user has a session already.
    pub fn ppp_connect(&self, user: &str) {
        let now_ms = self.0.clock.now_ms();
        let mut state = self.0.lock();
        state.advance(now_ms);
        state.ppp_connect(user, now_ms);
    }

    /// Ends the user's oldest PPP session, now. False if there is none.
    pub fn ppp_disconnect(&self, user: &str) -> bool {
        let now_ms = self.0.clock.now_ms();
        let mut state = self.0.lock();
        state.advance(now_ms);
        state.ppp_disconnect(user, now_ms)
    }

    /// Sets the comment to any bytes.
    pub fn set_comment(&self, name: impl AsRef<[u8]>, comment: &[u8]) -> bool {
        self.change(name.as_ref(), |interface, _| interface.spec.comment = comment.to_vec())
    }

    /// Puts a comment word of `bytes` bytes into every interface row; 0 ends it. Above
    /// [`crate::HUGE_WORD_SENT_MAX`] the length is announced, that many bytes follow, and then nothing more.
    pub fn huge_word(&self, bytes: u32) {
        self.0.lock().faults.huge_comment_bytes = (bytes > 0).then_some(bytes);
    }

    /// Takes the policy `test` from everybody: `/ping` answers `not enough permissions (9)`.
    pub fn deny_test_policy(&self, deny: bool) {
        self.0.lock().faults.deny_test = deny;
    }

    /// Says how `target` answers pings from now on.
    pub fn set_ping(&self, target: &str, profile: PingProfile) {
        self.0.lock().pings.insert(target.as_bytes().to_vec(), profile);
    }

    /// Sets how wrong the router's clock is (positive: ahead), milliseconds. Link times already noted stay.
    pub fn set_clock_offset(&self, offset_ms: i64) {
        let now_ms = self.0.clock.now_ms();
        let mut state = self.0.lock();
        state.advance(now_ms);
        state.clock_offset_ms = offset_ms;
    }

    /// How many connections are open.
    pub fn sessions(&self) -> usize {
        self.0.sessions.load(Ordering::SeqCst)
    }

    /// What clients were told, oldest first; bounded by `served_log` of the spec.
    pub fn served(&self) -> Vec<Served> {
        self.0.lock().served.entries()
    }

    /// Empties the log of [`SimRouter::served`].
    pub fn clear_served(&self) {
        self.0.lock().served.clear();
    }

    fn change(
        &self,
        name: &[u8],
        change: impl FnOnce(&mut crate::interface::Interface, crate::interface::Moment),
    ) -> bool {
        let now_ms = self.0.clock.now_ms();
        self.0.lock().change(name, now_ms, change)
    }
}
