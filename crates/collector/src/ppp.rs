//! Links over PPP users: which session of a router is whose, and what the other routers of a company said.

use std::collections::{HashMap, HashSet};
use std::sync::{Mutex, MutexGuard, PoisonError};

use routeros::{Interface, PppSession};
use serde::{Deserialize, Serialize};
use store::{CompanyId, LinkPort, RouterId, RouterTarget};

use crate::counter_delta::CounterValues;
use crate::look::Look;
use crate::piece::Cause;

/// The start of a session is computed from its uptime, in whole seconds, at every look anew: two that differ by no more
/// are the same.
const BEGIN_JITTER_MS: i64 = 3_000;
/// The interface of a session comes up when the session begins, to the whole second.
const INTERFACE_UP_MS: i64 = 3_000;

/// What a look at a PPP user found.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(from = "(i64, Option<i64>, bool)", into = "(i64, Option<i64>, bool)")]
pub(crate) struct PppLook {
    /// The router with the session; without one the link's own.
    pub(crate) router: RouterId,
    /// When the session began, by our clock; none without a session.
    pub(crate) began_ms: Option<i64>,
    /// There is no session here, but another router of the company answers and may have one since it was asked last.
    pub(crate) maybe_elsewhere: bool,
}

impl PppLook {
    /// Whether two looks saw the same session, as far as its start says.
    pub(crate) fn began_as(&self, after: &Self) -> bool {
        let pair = self.began_ms.zip(after.began_ms);
        self.router == after.router && pair.is_some_and(|(a, b)| (a - b).abs() <= BEGIN_JITTER_MS)
    }
}

impl From<(i64, Option<i64>, bool)> for PppLook {
    fn from((router, began_ms, maybe_elsewhere): (i64, Option<i64>, bool)) -> Self {
        Self { router: RouterId(router), began_ms, maybe_elsewhere }
    }
}

impl From<PppLook> for (i64, Option<i64>, bool) {
    fn from(look: PppLook) -> Self {
        (look.router.0, look.began_ms, look.maybe_elsewhere)
    }
}

/// What names a session among those of its router.
pub(crate) fn key(session: &PppSession) -> &str {
    session.session_id.as_deref().unwrap_or(&session.id)
}

/// The session of a user: the one that was followed, if it is still there, or else the oldest.
pub(crate) fn session_of<'s>(
    sessions: &'s [PppSession],
    user: &str,
    followed: Option<&str>,
) -> Option<&'s PppSession> {
    let of_user = || sessions.iter().filter(|session| session.user.to_string_lossy() == user);
    of_user()
        .find(|session| followed == Some(key(session)))
        .or_else(|| of_user().max_by_key(|session| session.uptime))
}

/// The dynamic interface of a session: `<pppoe-acme>`, or `<pppoe-acme-1>` for a further session of the user. With
/// several it is the one that came up when the session began; `began_local_ms` is that moment by the router's local
/// clock. None if that does not tell them apart: counters of the wrong session are worse than none.
pub(crate) fn interface_of(
    interfaces: &[Interface],
    session: &PppSession,
    began_local_ms: Option<i64>,
    came_up_ms: impl Fn(&Interface) -> Option<i64>,
) -> Option<usize> {
    let first = format!("<{}-{}>", session.service, session.user.to_string_lossy());
    let further = &first[..first.len() - 1];
    let is_of_user = |interface: &Interface| {
        let name = interface.name.to_string_lossy();
        let number = name.strip_prefix(further).and_then(|rest| rest.strip_prefix('-')?.strip_suffix('>'));
        name == first || number.is_some_and(|n| !n.is_empty() && n.bytes().all(|byte| byte.is_ascii_digit()))
    };
    let mut found = interfaces.iter().enumerate().filter(|(_, interface)| is_of_user(interface));
    match (found.next(), found.next()) {
        (Some((index, _)), None) => Some(index),
        (None, _) => None,
        (Some(_), Some(_)) => {
            let began_ms = began_local_ms?;
            let near = |interface: &Interface| {
                came_up_ms(interface).is_some_and(|up_ms| (up_ms - began_ms).abs() <= INTERFACE_UP_MS)
            };
            let candidates = interfaces.iter().enumerate().filter(|(_, interface)| is_of_user(interface));
            let mut near = candidates.filter(|(_, interface)| near(interface));
            match (near.next(), near.next()) {
                (Some((index, _)), None) => Some(index),
                _ => None,
            }
        }
    }
}

/// A session as a router that is not the link's own saw it.
#[derive(Clone, Debug)]
pub(crate) struct SeenElsewhere {
    pub(crate) look: Look,
    pub(crate) counters: CounterValues,
}

/// What a router's last round says of the PPP users that links of its company name.
#[derive(Debug)]
struct Heard {
    company: CompanyId,
    /// When, by the monotonic clock.
    mono_ms: i64,
    sessions: Result<HashMap<String, SeenElsewhere>, Cause>,
}

/// What is known of a user who has no session on the link's own router.
#[derive(Debug)]
pub(crate) enum Elsewhere {
    /// Connected to another router of the company.
    Connected(SeenElsewhere),
    /// The router that had the session last does not tell; this is why.
    Unheard(Cause),
    /// On no other router that answers. `others`: there are such routers.
    Absent { others: bool },
}

/// What the routers of each company said of its PPP users. A user may move from one to another.
#[derive(Debug, Default)]
pub(crate) struct PppBoard(Mutex<Board>);

#[derive(Debug, Default)]
struct Board {
    /// The users that links name.
    wanted: HashMap<CompanyId, HashSet<String>>,
    routers: HashMap<RouterId, Option<Heard>>,
}

impl PppBoard {
    fn lock(&self) -> MutexGuard<'_, Board> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Takes over which users are wanted and which routers there are.
    pub(crate) fn expect(&self, targets: &[RouterTarget]) {
        let mut wanted: HashMap<CompanyId, HashSet<String>> = HashMap::new();
        for target in targets {
            let users = target.links.iter().filter_map(|target| target.link.port().ppp_user());
            for user in users {
                wanted.entry(target.router.company_id).or_default().insert(user.to_owned());
            }
        }
        let mut board = self.lock();
        let mut known = std::mem::take(&mut board.routers);
        board.routers = targets
            .iter()
            .map(|target| (target.router.id, known.remove(&target.router.id).flatten()))
            .collect();
        board.wanted = wanted;
    }

    /// The PPP users that links of the company name; a router is asked for its sessions only if there are any.
    pub(crate) fn wanted(&self, company: CompanyId) -> Vec<String> {
        self.lock().wanted.get(&company).into_iter().flatten().cloned().collect()
    }

    /// Notes what a round found.
    pub(crate) fn note(
        &self,
        (router, company): (RouterId, CompanyId),
        mono_ms: i64,
        sessions: Result<HashMap<String, SeenElsewhere>, Cause>,
    ) {
        let mut board = self.lock();
        if board.wanted.contains_key(&company)
            && let Some(heard) = board.routers.get_mut(&router)
        {
            *heard = Some(Heard { company, mono_ms, sessions });
        }
    }

    /// Where else a user is connected than on `home`. `last`: the router with the session that was seen last. What a router
    /// said longer than `fresh_ms` before `mono_ms` counts no more.
    pub(crate) fn elsewhere(
        &self,
        (home, company): (RouterId, CompanyId),
        user: &str,
        last: Option<RouterId>,
        (mono_ms, fresh_ms): (i64, i64),
    ) -> Elsewhere {
        let board = self.lock();
        let fresh = |heard: &&Heard| mono_ms - heard.mono_ms <= fresh_ms;
        let others = || {
            let others = board.routers.iter().filter(|(id, _)| **id != home);
            others
                .filter_map(|(_, heard)| heard.as_ref())
                .filter(|heard| heard.company == company)
                .filter(fresh)
        };
        let sessions = || others().filter_map(|heard| heard.sessions.as_ref().ok());
        // Of two routers that both say so, the one where the user logged in last.
        let found = sessions().filter_map(|sessions| sessions.get(user));
        if let Some(seen) = found.max_by_key(|seen| seen.look.ppp.as_ref().and_then(|ppp| ppp.began_ms)) {
            return Elsewhere::Connected(seen.clone());
        }
        if let Some(last) = last.filter(|last| *last != home)
            && let Some(heard) = board.routers.get(&last)
        {
            match heard.as_ref().filter(fresh).map(|heard| &heard.sessions) {
                Some(Ok(_)) => {}
                Some(Err(cause)) => return Elsewhere::Unheard(*cause),
                None => return Elsewhere::Unheard(Cause::NotPolled),
            }
        }
        Elsewhere::Absent { others: sessions().next().is_some() }
    }
}

/// Whether an interface that was looked at before was a session of this user: the link was moved from `<pppoe-acme>` to
/// `ppp:acme`.
pub(crate) fn was_session_of(interface: &str, user: &str) -> bool {
    store::users_of_ppp_interface(interface).contains(&user)
        || LinkPort::of(interface) == LinkPort::PppUser(user)
}
