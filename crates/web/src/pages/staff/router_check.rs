use askama::Template;
use axum::extract::{Path, Query, State};
use axum::response::{IntoResponse, Response};
use report::age_words;
use store::{FoundInterface, ROUTER_CHECK_WAIT_MS, RouterCheck, RouterFindings, RouterId, StaffRouter};

use crate::app::App;
use crate::caller::Caller;
use crate::pages::render;
use crate::pages::staff::interfaces::{Interfaces, link_port, refusal};
use crate::pages::staff::listing::{Asked, Cell, Table};
use crate::pages::staff::{Answered, Frame, LINKS, ROUTERS, gone_to, refused, router_id};
use crate::staff::StaffSession;

/// How often a page that waits for an answer looks for it, milliseconds.
const LOOK_EVERY_MS: u32 = 2_000;
/// Interfaces on a page; the search finds the others.
const SHOWN_MAX: usize = 200;

#[derive(Template)]
#[template(path = "staff_check.html")]
struct CheckPage {
    frame: Frame,
    check: Check,
    trouble: Option<&'static str>,
    search: String,
}

#[derive(Template)]
#[template(path = "staff_check_live.html")]
struct CheckFragment {
    frame: Frame,
    check: Check,
}

/// What the page says.
struct Check {
    router: RouterId,
    name: String,
    may_ask: bool,
    /// An answer may still come.
    awaited: bool,
    /// What became of the last question, if there is no answer to it.
    open: Option<String>,
    /// Style class and words of the answer, its age and its moment.
    verdict: Option<(&'static str, String)>,
    answered: Option<(i64, String, String)>,
    steps: Table,
    interfaces: Table,
    /// How many interfaces are not shown, in words.
    hidden: String,
    /// The address of the part that changes.
    live: String,
}

/// `GET /staff/routers/{router}/check?q`
pub(crate) async fn show(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answered<Response> {
    Ok(page(&app, &session, &id, &asked, None).await?.into_response())
}

async fn page(
    app: &App,
    session: &StaffSession,
    id: &str,
    asked: &Asked,
    trouble: Option<&'static str>,
) -> Answered {
    let check = Check::of(app, session, id, asked).await?;
    let mut frame = Frame::new(app, session, ROUTERS);
    if check.awaited {
        frame.refresh_ms = LOOK_EVERY_MS;
    }
    Ok(render(&CheckPage { frame, check, trouble, search: asked.q.trim().to_owned() })?)
}

/// `GET /staff/routers/{router}/check/live?q`: the part of the page that changes.
pub(crate) async fn live(
    State(app): State<App>,
    session: StaffSession,
    Path(id): Path<String>,
    Query(asked): Query<Asked>,
) -> Answered {
    let check = Check::of(&app, &session, &id, &asked).await?;
    Ok(render(&CheckFragment { frame: Frame::new(&app, &session, ROUTERS), check })?)
}

/// `POST /staff/routers/{router}/check`: the collector is to test the connection.
pub(crate) async fn ask(
    State(app): State<App>,
    session: StaffSession,
    caller: Caller,
    Path(id): Path<String>,
) -> Answered<Response> {
    let router = router_id(&id)?;
    let address = caller.address_text();
    let wanted = app.store.staff_ask_router(&session.act(&address, app.clock.now_ms()), router).await?;
    match refusal(wanted) {
        None => Ok(gone_to(&format!("{ROUTERS}/{router}/check"))),
        trouble => Ok(refused(page(&app, &session, &id, &Asked::default(), trouble).await?)),
    }
}

impl Check {
    /// The style class of the verdict; empty: there is none.
    fn class(&self) -> &'static str {
        self.verdict.as_ref().map_or("", |(class, _)| class)
    }

    async fn of(app: &App, session: &StaffSession, id: &str, asked: &Asked) -> Answered<Self> {
        let now_ms = app.clock.now_ms();
        let id = router_id(id)?;
        let router = app.store.staff_router(&session.scope, now_ms, id).await?;
        let known = Interfaces::of(app, session, id).await?;
        let known = known.ok_or(crate::error::PageError::NotFound)?;
        let check = app.store.staff_router_check(&session.scope, id).await?;
        let awaited = check.as_ref().is_some_and(|check| check.is_awaited(now_ms));
        let open = check.as_ref().and_then(|check| open(check, now_ms, session));
        let answer = check.and_then(|check| check.answer);
        let verdict = answer.as_ref().map(|(_, findings)| verdict(findings));
        let moment = |at_ms: i64| (at_ms, age_words((now_ms - at_ms).max(0)), session.zone.iso_moment(at_ms));
        let answered = answer.as_ref().map(|(at_ms, _)| moment(*at_ms));
        let findings = answer.map(|(_, findings)| findings).unwrap_or_default();
        let may_add = session.may_edit() && router.active;
        let (interfaces, hidden) = interfaces(&findings, &known, (&router, may_add), &asked.q);
        let query = form_urlencoded::Serializer::new(String::new()).append_pair("q", asked.q.trim()).finish();
        Ok(Self {
            router: id,
            may_ask: session.may_edit() && router.active,
            name: router.name,
            awaited,
            open,
            verdict,
            answered,
            steps: steps(&findings),
            interfaces,
            hidden,
            live: format!("{ROUTERS}/{id}/check/live?{query}"),
        })
    }
}

/// What is to be said of a question that is not answered.
fn open(check: &RouterCheck, now_ms: i64, session: &StaffSession) -> Option<String> {
    let who = check.wanted_by.trim_start_matches("staff:");
    if check.is_awaited(now_ms) {
        let ago = age_words((now_ms - check.wanted_at_ms).max(0));
        return Some(format!("The router is being asked, as {who} wished {ago}. The answer appears here."));
    }
    let asked = session.zone.iso_moment(check.wanted_at_ms);
    let wait_s = ROUTER_CHECK_WAIT_MS / 1_000;
    check.waiting.then(|| {
        format!(
            "What {who} asked at {asked} was not answered within {wait_s} s. No collector is at work: see that `leaseline \
             serve` runs with the role collector, then ask again. A router that is silent would be said to be."
        )
    })
}

fn verdict(findings: &RouterFindings) -> (&'static str, String) {
    let (all, failed) = (findings.steps.len(), findings.steps.iter().filter(|step| !step.ok).count());
    match failed {
        0 => ("up", format!("All {all} checks work")),
        1 if all == 1 => ("down", "The connection does not work".to_owned()),
        _ => ("down", format!("{failed} of {all} checks fail")),
    }
}

fn steps(findings: &RouterFindings) -> Table {
    let row = |step: &store::FoundStep| {
        let (class, word) = if step.ok { ("up", "Works") } else { ("down", "Fails") };
        vec![Cell::text(&step.name), Cell::pill(class, word), Cell::text(&step.detail)]
    };
    let rows = findings.steps.iter().map(row).collect();
    Table { title: "Checks", head: &["Check", "Result", "What was seen"], rows, none: "", more: None }
}

/// The interfaces that are searched for, and how many are not shown.
fn interfaces(
    findings: &RouterFindings,
    known: &Interfaces,
    (router, may_add): (&StaffRouter, bool),
    search: &str,
) -> (Table, String) {
    let search = search.trim().to_lowercase();
    let holds = |text: &str| text.to_lowercase().contains(&search);
    let found: Vec<_> =
        findings.interfaces.iter().filter(|one| holds(&one.name) || holds(&one.comment)).collect();
    let hidden = found.len().saturating_sub(SHOWN_MAX);
    let rows = found.into_iter().take(SHOWN_MAX).map(|one| row(one, known, router, may_add)).collect();
    let hidden = match (hidden, findings.has_more) {
        (0, false) => String::new(),
        (0, true) => "The router has more interfaces than are kept.".to_owned(),
        (hidden, _) => format!("{hidden} more are not shown: search for a name or comment."),
    };
    let head = &["Interface", "State", "Type", "Link"];
    (Table { title: "Interfaces", head, rows, none: "No interface is found.", more: None }, hidden)
}

fn row(one: &FoundInterface, known: &Interfaces, router: &StaffRouter, may_add: bool) -> Vec<Cell> {
    let circuits = known.circuits(&one.name);
    let state = match (one.disabled, one.running, circuits.is_empty()) {
        (true, ..) => Cell::pill("none", "Switched off"),
        (_, Some(true), _) => Cell::pill("up", "Running"),
        (_, None, _) => Cell::pill("unknown", "Unknown"),
        (_, _, false) => Cell::pill("down", "Not running"),
        _ => Cell::pill("none", "Not running"),
    };
    let link = match circuits.split_first() {
        Some(((link, circuit), rest)) => {
            let others: Vec<_> = rest.iter().map(|(_, circuit)| *circuit).collect();
            Cell::link(*circuit, format!("{LINKS}/{link}")).sub(others.join(", "))
        }
        None if may_add => Cell::link("Add a link", add_address(router.id, &link_port(&one.name))),
        None => Cell::text("–"),
    };
    vec![Cell::text(&one.name).code().sub(&one.comment), state, Cell::text(&one.kind), link]
}

fn add_address(router: RouterId, interface: &str) -> String {
    let mut query = form_urlencoded::Serializer::new(String::new());
    query.append_pair("router", &router.to_string()).append_pair("interface", interface);
    format!("{LINKS}/new?{}", query.finish())
}
