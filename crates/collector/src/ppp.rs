//! Links over PPP users: which session of a router is whose, and what the other routers of a company said.

use std::collections::{HashMap, HashSet};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use routeros::{Interface, PppSession};
use serde::{Deserialize, Serialize};
use sla::{LinkPort, users_of_ppp_interface};
use store::{CompanyId, RouterId, RouterTarget};

use crate::counter_delta::CounterValues;
use crate::exchange::local_ms;
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
    /// The company has other routers, which the user may have been connected to meanwhile.
    pub(crate) has_others: bool,
}

impl PppLook {
    /// Whether two looks saw the same session, as far as its start says.
    pub(crate) fn began_as(&self, after: &Self) -> bool {
        let pair = self.began_ms.zip(after.began_ms);
        self.router == after.router && pair.is_some_and(|(a, b)| (a - b).abs() <= BEGIN_JITTER_MS)
    }
}

impl From<(i64, Option<i64>, bool)> for PppLook {
    fn from((router, began_ms, has_others): (i64, Option<i64>, bool)) -> Self {
        Self { router: RouterId(router), began_ms, has_others }
    }
}

impl From<PppLook> for (i64, Option<i64>, bool) {
    fn from(look: PppLook) -> Self {
        (look.router.0, look.began_ms, look.has_others)
    }
}

/// What names a session among those of all routers: each router counts its own.
pub(crate) fn key(router: RouterId, session: &PppSession) -> String {
    format!("{}/{}", router.0, session.session_id.as_deref().unwrap_or(&session.id))
}

/// The sessions of a router with their dynamic interfaces, by user: a concentrator has thousands.
#[derive(Debug, Default)]
pub(crate) struct Sessions {
    of_user: HashMap<String, Vec<PppSession>>,
    /// Where the interfaces `<pppoe-acme>`, `<pppoe-acme-1>` of a user are among the router's.
    interfaces_of: HashMap<String, Vec<usize>>,
}

impl Sessions {
    pub(crate) fn new(sessions: Vec<PppSession>, interfaces: &[Interface]) -> Self {
        let mut all = Self::default();
        for session in sessions {
            all.of_user.entry(session.user.to_string_lossy().into_owned()).or_default().push(session);
        }
        if all.of_user.is_empty() {
            return all;
        }
        for (index, interface) in interfaces.iter().enumerate() {
            // `<pppoe-acme-1>` is that of acme-1 if there is such a user, and only else the second one of acme.
            let name = interface.name.to_string_lossy();
            let users = users_of_ppp_interface(&name);
            if let Some(user) = users.into_iter().find(|user| all.of_user.contains_key(*user)) {
                all.interfaces_of.entry(user.to_owned()).or_default().push(index);
            }
        }
        all
    }

    pub(crate) fn users(&self) -> impl Iterator<Item = &str> {
        self.of_user.keys().map(String::as_str)
    }

    /// The session of a user: the one that was followed, if it is still there, or else the oldest.
    pub(crate) fn of(&self, user: &str, (router, followed): (RouterId, Option<&str>)) -> Option<&PppSession> {
        let sessions = self.of_user.get(user)?;
        let is_followed = |session: &&PppSession| followed.is_some_and(|one| one == key(router, session));
        sessions.iter().find(is_followed).or_else(|| sessions.iter().max_by_key(|session| session.uptime))
    }

    /// The dynamic interface of a session: the only one, if it has the user's name to the letter, or else the one that came
    /// up when the session began; `began_local_ms` is that moment by the router's local clock. None if that does not tell
    /// them apart: counters of the wrong session, which may be another customer's, are worse than none.
    pub(crate) fn interface_of(
        &self,
        interfaces: &[Interface],
        session: &PppSession,
        began_local_ms: Option<i64>,
    ) -> Option<usize> {
        let user = session.user.to_string_lossy();
        let start = format!("<{}-", session.service);
        let of_service = |index: &&usize| interfaces[**index].name.to_string_lossy().starts_with(&start);
        let candidates = self.interfaces_of.get(user.as_ref())?;
        let candidates: Vec<usize> = candidates.iter().filter(of_service).copied().collect();
        if let [only] = candidates[..]
            && interfaces[only].name.to_string_lossy() == format!("{start}{user}>")
        {
            return Some(only);
        }
        let began_ms = began_local_ms?;
        let is_near = |index: &usize| {
            let came_up_ms = interfaces[*index].last_link_up.and_then(local_ms);
            came_up_ms.is_some_and(|up_ms| (up_ms - began_ms).abs() <= INTERFACE_UP_MS)
        };
        let near: Vec<usize> = candidates.into_iter().filter(is_near).collect();
        if let [only] = near[..] { Some(only) } else { None }
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
    /// When, by the monotonic clock.
    mono_ms: i64,
    sessions: Result<HashMap<String, SeenElsewhere>, Cause>,
}

/// What is known of a user who has no session on the link's own router.
#[derive(Debug)]
pub(crate) enum Elsewhere {
    /// Connected to another router of the company.
    Connected(Box<SeenElsewhere>),
    /// The router that had the session last does not tell; this is why.
    Unheard(Cause),
    /// On no other router, as far as they answer.
    Absent,
}

/// What the routers of each company said of its PPP users. A user may move from one to another.
#[derive(Debug, Default)]
pub(crate) struct PppBoard(Mutex<Board>);

#[derive(Debug, Default)]
struct Board {
    /// The users that links name.
    wanted: HashMap<CompanyId, Arc<HashSet<String>>>,
    routers: HashMap<RouterId, (CompanyId, Option<Heard>)>,
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
        let router = |target: &RouterTarget| {
            let (id, company) = (target.router.id, target.router.company_id);
            (id, (company, known.remove(&id).and_then(|(_, heard)| heard)))
        };
        board.routers = targets.iter().map(router).collect();
        board.wanted = wanted.into_iter().map(|(company, users)| (company, Arc::new(users))).collect();
    }

    /// The PPP users that links of the company name; without any no router is asked for its sessions.
    pub(crate) fn wanted(&self, company: CompanyId) -> Option<Arc<HashSet<String>>> {
        self.lock().wanted.get(&company).cloned()
    }

    /// Notes what a round found, if there are other routers in the company to whom it matters.
    pub(crate) fn note(
        &self,
        router: RouterId,
        mono_ms: i64,
        sessions: impl FnOnce() -> Result<HashMap<String, SeenElsewhere>, Cause>,
    ) {
        let has_others = {
            let board = self.lock();
            let Some((company, _)) = board.routers.get(&router) else { return };
            let in_company = board.routers.values().filter(|(other, _)| other == company);
            board.wanted.contains_key(company) && in_company.count() > 1
        };
        if has_others {
            let heard = Heard { mono_ms, sessions: sessions() };
            if let Some((_, last)) = self.lock().routers.get_mut(&router) {
                *last = Some(heard);
            }
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
            let others = board.routers.iter().filter(|(id, (of, _))| **id != home && *of == company);
            others.filter_map(|(_, (_, heard))| heard.as_ref()).filter(fresh)
        };
        if let Some(last) = last.filter(|last| *last != home) {
            // A router that is polled no more tells nothing, as one that does not answer.
            let heard = board.routers.get(&last).and_then(|(_, heard)| heard.as_ref()).filter(fresh);
            match heard.map(|heard| &heard.sessions) {
                Some(Ok(sessions)) => {
                    if let Some(seen) = sessions.get(user) {
                        return Elsewhere::Connected(Box::new(seen.clone()));
                    }
                }
                Some(Err(cause)) => return Elsewhere::Unheard(*cause),
                None => return Elsewhere::Unheard(Cause::NotPolled),
            }
        }
        // Of two routers that both say so, the one where the user logged in last.
        let found = others().filter_map(|heard| heard.sessions.as_ref().ok()?.get(user));
        match found.max_by_key(|seen| seen.look.ppp.as_ref().and_then(|ppp| ppp.began_ms)) {
            Some(seen) => Elsewhere::Connected(Box::new(seen.clone())),
            None => Elsewhere::Absent,
        }
    }

    /// Whether the company has other routers that are polled.
    pub(crate) fn has_others(&self, (home, company): (RouterId, CompanyId)) -> bool {
        self.lock().routers.iter().any(|(id, (of, _))| *id != home && *of == company)
    }
}

/// Whether an interface that was looked at before was a session of this user: the link was moved from `<pppoe-acme>` to
/// `ppp:acme`.
pub(crate) fn was_session_of(interface: &str, user: &str) -> bool {
    users_of_ppp_interface(interface).contains(&user) || LinkPort::of(interface) == LinkPort::PppUser(user)
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use routeros::Value;

    use super::*;

    fn session(user: &str, id: &str, uptime_s: u64) -> PppSession {
        PppSession {
            id: id.to_owned(),
            user: Value::from(user),
            service: "pppoe".to_owned(),
            session_id: None,
            uptime: Duration::from_secs(uptime_s),
            address: None,
            radius: false,
        }
    }

    fn interfaces(names: &[&str]) -> Vec<Interface> {
        names.iter().map(|name| Interface { name: Value::from(*name), ..Interface::default() }).collect()
    }

    /// Where each user's interface is found.
    fn found(users: &[&str], names: &[&str]) -> Vec<Option<usize>> {
        let interfaces = interfaces(names);
        let all = users.iter().enumerate().map(|(n, user)| session(user, &format!("*{n}"), 60)).collect();
        let sessions = Sessions::new(all, &interfaces);
        let of =
            |user: &&str| sessions.interface_of(&interfaces, sessions.of(user, (RouterId(1), None))?, None);
        users.iter().map(of).collect()
    }

    #[test]
    fn the_interface_of_another_customers_session_is_never_taken() {
        assert_eq!(found(&["acme", "acme-1"], &["<pppoe-acme-1>", "<pppoe-acme>"]), [Some(1), Some(0)]);
        // acme has a static binding under another name.
        assert_eq!(found(&["acme", "acme-1"], &["acme-in", "<pppoe-acme-1>"]), [None, Some(1)]);
        // Whose it is cannot be told without the time at which it came up.
        assert_eq!(found(&["acme"], &["<pppoe-acme-1>"]), [None]);
        assert_eq!(found(&["acme"], &["<l2tp-acme>"]), [None]);
    }

    #[test]
    fn the_followed_session_is_kept_and_else_the_oldest_taken() {
        let all = vec![session("a", "*1", 10), session("a", "*2", 30), session("b", "*3", 90)];
        let sessions = Sessions::new(all, &[]);
        let of = |followed| sessions.of("a", (RouterId(7), followed)).map(|session| session.id.as_str());
        assert_eq!((of(None), of(Some("7/*1")), of(Some("8/*1"))), (Some("*2"), Some("*1"), Some("*2")));
        assert!(sessions.of("c", (RouterId(7), None)).is_none());
    }
}
