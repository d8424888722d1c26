//! What is known of a router's interfaces where a link is entered: what the router said last, and which carry a link.

use axum::extract::State;
use axum::response::Response;
use report::age_words;
use sla::{LinkPort, users_of_ppp_interface};
use store::{FoundInterface, LinkId, RouterAsked, RouterCheck, RouterId, StoreError, interface_as_typed};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::staff::form::{Field, Input, Kind, chosen, words};
use crate::pages::staff::{Answered, gone_to, link_form};
use crate::staff::StaffSession;

/// An answer that is older is asked for anew before a link is entered, milliseconds.
const FRESH_MS: i64 = 5 * 60_000;
/// An answer that is older is no reason to doubt a name, milliseconds.
const DOUBTS_MS: i64 = 24 * 60 * 60_000;
/// Interfaces that a form offers.
const OFFERED_MAX: usize = 500;

/// A router's interfaces as far as they are known.
pub(crate) struct Interfaces {
    router: String,
    check: Option<RouterCheck>,
    /// Links under contract: circuit and interface.
    used: Vec<(LinkId, String, String)>,
    /// A name that needs no look: the link has it already.
    accepted: Option<String>,
    now_ms: i64,
}

impl Interfaces {
    /// `None`: there is no such router.
    pub(crate) async fn of(app: &App, session: &StaffSession, id: RouterId) -> Answered<Option<Self>> {
        let now_ms = app.clock.now_ms();
        let router = match app.store.staff_router(&session.scope, now_ms, id).await {
            Ok(router) => router.name,
            Err(StoreError::NotFound { .. }) => return Ok(None),
            Err(error) => return Err(error.into()),
        };
        let check = app.store.staff_router_check(&session.scope, id).await?;
        let used = app.store.staff_interfaces_in_use(&session.scope, id, now_ms).await?;
        Ok(Some(Self { router, check, used, accepted: None, now_ms }))
    }

    /// Those of the router that was chosen in a form, if one was.
    pub(crate) async fn chosen(app: &App, session: &StaffSession, input: &Input) -> Answered<Option<Self>> {
        match chosen(input.value("router")) {
            Ok(id) => Self::of(app, session, RouterId(id)).await,
            Err(_) => Ok(None),
        }
    }

    pub(crate) fn accepting(self, name: &str) -> Self {
        Self { accepted: Some(name.to_owned()), ..self }
    }

    /// What the router said last, and when.
    fn found(&self) -> Option<(i64, &[FoundInterface], bool)> {
        let (at_ms, findings) = self.check.as_ref()?.answer.as_ref()?;
        let has_any = !findings.interfaces.is_empty();
        has_any.then_some((*at_ms, findings.interfaces.as_slice(), findings.has_more))
    }

    fn age(&self, at_ms: i64) -> String {
        age_words((self.now_ms - at_ms).max(0))
    }

    /// Why a name is doubted: the router said not long ago that it has none such.
    fn doubt(&self, name: &str) -> Option<String> {
        let (at_ms, found, has_more) = self.found()?;
        let is_there =
            found.iter().any(|one| is_same(&one.name, name)) || self.accepted.as_deref() == Some(name);
        let is_ppp_user = LinkPort::of(name).ppp_user().is_some();
        let is_known =
            is_there || is_ppp_user || has_more || name.is_empty() || self.now_ms - at_ms > DOUBTS_MS;
        (!is_known)
            .then(|| format!("{} has no interface of that name, it said {}.", self.router, self.age(at_ms)))
    }

    /// Says at the field that a name is doubted, unless the person says that it is meant.
    pub(crate) fn check(&self, input: &mut Input) {
        let name = input.value("interface").to_owned();
        if let Some(doubt) = self.doubt(&name).filter(|_| input.value(MEANT) != name) {
            input.fault("interface", format!("{doubt} Correct the name, or say below that it is meant."));
        }
    }

    /// The circuits of links that an interface carries.
    pub(crate) fn circuits(&self, name: &str) -> Vec<(LinkId, &str)> {
        let used = self
            .used
            .iter()
            .filter(|(_, _, interface)| is_same(interface, name) || *interface == link_port(name));
        used.map(|(link, circuit, _)| (*link, circuit.as_str())).collect()
    }

    fn offered(&self) -> Vec<(String, String)> {
        let found = self.found().map_or(&[][..], |(_, found, _)| found);
        found.iter().take(OFFERED_MAX).map(|one| (link_port(&one.name), self.about(one))).collect()
    }

    /// What helps to choose: first that it carries a link already.
    fn about(&self, one: &FoundInterface) -> String {
        let circuits: Vec<_> = self.circuits(&one.name).into_iter().map(|(_, circuit)| circuit).collect();
        let carries = (!circuits.is_empty()).then(|| format!("carries {}", circuits.join(", ")));
        let state = if one.disabled {
            "switched off"
        } else {
            match one.running {
                Some(true) => "running",
                Some(false) => "not running",
                None => "state unknown",
            }
        };
        let comment = Some(one.comment.clone()).filter(|comment| !comment.is_empty());
        carries.into_iter().chain([state.to_owned()]).chain(comment).collect::<Vec<_>>().join(" · ")
    }

    fn hint(&self) -> String {
        match (self.found(), &self.check) {
            (_, Some(check)) if check.is_awaited(self.now_ms) => {
                format!(
                    "{} is being asked for its interfaces: press the button again in a moment.",
                    self.router
                )
            }
            (Some((at_ms, found, _)), _) => {
                let count = found.len();
                format!(
                    "{} told {count} interfaces {}. Any other name may be typed, and ppp:USER for a PPP user.",
                    self.router,
                    self.age(at_ms)
                )
            }
            (None, Some(check)) if check.answer.is_some() => {
                format!("{} did not tell its interfaces: see its connection test.", self.router)
            }
            _ => format!(
                "Its name exactly as on {}, or ppp:USER for a PPP user. The router was not asked yet.",
                self.router
            ),
        }
    }
}

/// Whether two names are one as forms keep them.
fn is_same(one: &str, other: &str) -> bool {
    interface_as_typed(one) == interface_as_typed(other)
}

/// What a link over this interface names: for the interface of a PPP session that is its user, since the interface comes
/// and goes with the session.
pub(crate) fn link_port(interface: &str) -> String {
    match users_of_ppp_interface(interface)[..] {
        [user, ..] => LinkPort::notation_of_user(user),
        [] => interface.to_owned(),
    }
}

/// The field in which somebody says that a name that the router does not have is meant.
const MEANT: &str = "meant";

/// The field for the interface, with what the router has; and where a name is doubted, the question whether it is meant.
pub(crate) fn fields(input: &Input, known: Option<&Interfaces>) -> Vec<Field> {
    const PLAIN: &str = "Its name exactly as on the router, for example ether5, or ppp:USER for a PPP user.";
    let offered = known.map(Interfaces::offered).unwrap_or_default();
    let kind = if offered.is_empty() { Kind::Input("text") } else { Kind::Offered(offered) };
    let hint = known.map_or(PLAIN.to_owned(), Interfaces::hint);
    let mut fields = vec![Field::new(input, "interface", "Interface", kind).required().hint(hint)];
    let name = input.value("interface");
    if known.is_some_and(|known| known.doubt(name).is_some()) {
        let options = words(&[("", "No: let me correct the name"), (name, "Yes: take the name as it is")]);
        fields.push(Field::choice(input, MEANT, "The router has no such interface. Is it meant?", options));
    }
    fields
}

/// `POST /staff/links/interfaces`: the router of the form is asked, unless it was a moment ago; then the form again, with
/// all that was typed.
pub(crate) async fn ask(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    mut input: Input,
) -> Answered<Response> {
    if let Some(router) = input.parsed("router", chosen).map(RouterId)
        && let Some(why) = ask_for(&app, &session, &caller, router).await?
    {
        input.fault("router", why);
    }
    if input.is_right() {
        return Ok(gone_to(&format!("/staff/links/new?{}#interface", input.query())));
    }
    link_form::new_form(&app, &session, &input).await?.refused()
}

/// Why the router is not asked, if it is not.
async fn ask_for(
    app: &App,
    session: &StaffSession,
    caller: &Caller,
    router: RouterId,
) -> Answered<Option<&'static str>> {
    let known = Interfaces::of(app, session, router).await?;
    let found_ms = known.as_ref().and_then(|known| known.found()).map(|(at_ms, ..)| at_ms);
    let now_ms = app.clock.now_ms();
    if found_ms.is_some_and(|at_ms| now_ms - at_ms < FRESH_MS) {
        return Ok(None);
    }
    let address = caller.address_text();
    match app.store.staff_ask_router(&session.act(&address, now_ms), router).await {
        Ok(asked) => Ok(refusal(asked)),
        Err(StoreError::NotFound { .. }) => Ok(Some("There is no such router.")),
        Err(error) => Err(error.into()),
    }
}

/// What somebody is told whose question is not put to the router.
pub(crate) fn refusal(asked: RouterAsked) -> Option<&'static str> {
    match asked {
        RouterAsked::Wanted | RouterAsked::Already => None,
        RouterAsked::Full => Some("As many routers are being asked as may be: try again in a minute."),
        RouterAsked::NotPolled => Some("It is retired: have it polled again first."),
    }
}

#[cfg(test)]
mod tests {
    use store::RouterFindings;

    use super::*;

    const NOW_MS: i64 = 1_795_437_000_000;

    fn known(at_ms: i64, has_more: bool) -> Interfaces {
        let one = |name: &str| FoundInterface {
            name: name.to_owned(),
            kind: "ether".to_owned(),
            running: Some(name == "ether1"),
            disabled: false,
            comment: "to Deccan".to_owned(),
        };
        let findings =
            RouterFindings { steps: Vec::new(), interfaces: vec![one("ether1"), one("ether2")], has_more };
        let check = RouterCheck {
            wanted_at_ms: at_ms,
            wanted_by: "staff:noc".to_owned(),
            waiting: false,
            answer: Some((at_ms, findings)),
        };
        let used = vec![(LinkId(7), "C-7".to_owned(), "ether2".to_owned())];
        Interfaces { router: "edge".to_owned(), check: Some(check), used, accepted: None, now_ms: NOW_MS }
    }

    #[test]
    fn a_name_is_doubted_only_where_the_router_said_so_lately_and_in_full() {
        let lately = known(NOW_MS - 60_000, false);
        assert_eq!(lately.doubt("ether1"), None);
        assert!(lately.doubt("ether9").is_some_and(|why| why.contains("edge") && why.contains("1 m")));
        assert_eq!(lately.doubt(""), None, "that it is missing is said elsewhere");
        assert_eq!(lately.accepting("ether9").doubt("ether9"), None);
        assert_eq!(known(NOW_MS - DOUBTS_MS - 1, false).doubt("ether9"), None);
        assert_eq!(known(NOW_MS, true).doubt("ether9"), None);
    }

    #[test]
    fn the_interface_of_a_ppp_session_is_offered_as_its_user() {
        let mut known = known(NOW_MS, false);
        known.used.push((LinkId(8), "C-8".to_owned(), "ppp:acme".to_owned()));
        let findings = &mut known.check.as_mut().unwrap().answer.as_mut().unwrap().1;
        findings.interfaces[0].name = "<pppoe-acme>".to_owned();
        assert_eq!(
            known.offered()[0],
            ("ppp:acme".to_owned(), "carries C-8 · running · to Deccan".to_owned())
        );
        assert_eq!(known.circuits("<pppoe-acme>"), [(LinkId(8), "C-8")]);
        assert_eq!(known.doubt("ppp:nobody"), None, "a user may be away, or on another router");
    }

    #[test]
    fn what_is_meant_is_meant_for_that_name_alone() {
        let known = known(NOW_MS, false);
        for (meant, is_right) in [("", false), ("ether8", false), ("ether9", true)] {
            let mut input = Input::of(&[("interface", "ether9"), (MEANT, meant)]);
            known.check(&mut input);
            assert_eq!(input.is_right(), is_right, "{meant}");
            assert_eq!(fields(&input, Some(&known)).len(), 2);
        }
    }

    #[test]
    fn an_interface_that_carries_a_link_is_marked() {
        let offered = known(NOW_MS, false).offered();
        assert_eq!(offered[0], ("ether1".to_owned(), "running · to Deccan".to_owned()));
        assert_eq!(offered[1], ("ether2".to_owned(), "carries C-7 · not running · to Deccan".to_owned()));
    }
}
