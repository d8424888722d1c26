//! What is kept of a staff user between two requests: read once, and never older than the last commit.

use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};

use axum::http::StatusCode;
use store::{StaffAct, StaffRole, StaffScope, StaffUserEdit, StaffUserId};
use tracing::instrument::WithSubscriber;
use tracing::{Event, Metadata, Subscriber, span};

use crate::portal::{Browser, PASSWORD, Portal, portals};
use crate::staff::{hire, log_in};
use crate::telling::raise;

/// A page that reads nothing by itself.
const PAGE: &str = "/staff/design";

/// Counts how often a staff user is read.
#[derive(Clone, Default)]
struct Reads(Arc<AtomicUsize>);

impl Subscriber for Reads {
    fn enabled(&self, metadata: &Metadata<'_>) -> bool {
        metadata.target() == "web::staff"
    }

    fn new_span(&self, _: &span::Attributes<'_>) -> span::Id {
        span::Id::from_u64(1)
    }

    fn record(&self, _: &span::Id, _: &span::Record<'_>) {}

    fn record_follows_from(&self, _: &span::Id, _: &span::Id) {}

    fn event(&self, _: &Event<'_>) {
        self.0.fetch_add(1, Ordering::Relaxed);
    }

    fn enter(&self, _: &span::Id) {}

    fn exit(&self, _: &span::Id) {}
}

async fn edit(portal: &Portal, user: StaffUserId, edit: StaffUserEdit<'_>) {
    let act =
        StaffAct { scope: &StaffScope::All, actor: "staff:chief", address: None, now_ms: portal.now_ms() };
    portal.store.staff_edit_member(&act, (user, None), &edit).await.unwrap();
}

/// Twice, so that the second one is of what was kept.
async fn shown(browser: &mut Browser<'_>, page: &str) -> String {
    browser.get(page).await;
    let answer = browser.get(page).await;
    assert_eq!(answer.status, StatusCode::OK, "{}", answer.body);
    answer.body
}

#[tokio::test]
async fn a_staff_page_asked_for_again_reads_the_staff_user_once() {
    for portal in portals().await {
        hire(&portal, "ravi", StaffRole::Viewer, StaffScope::All).await;
        let mut ravi = portal.browser();
        log_in(&mut ravi, "ravi", PASSWORD).await;
        let (reads, pages) = (Reads::default(), 20);
        let asked = async {
            for _ in 0..pages {
                assert_eq!(ravi.get(PAGE).await.status, StatusCode::OK);
            }
        };
        asked.with_subscriber(reads.clone()).await;
        let count = reads.0.load(Ordering::Relaxed);
        // Commits in other databases of a PostgreSQL server count as changes, too.
        assert!((1..pages).contains(&count), "{count} reads for {pages} pages");
    }
}

#[tokio::test]
async fn a_staff_page_asked_for_again_shows_what_was_committed_last() {
    for portal in portals().await {
        let chief = StaffScope::All;
        hire(&portal, "chief", StaffRole::Admin, chief.clone()).await;
        let own = StaffScope::Companies([portal.company].into());
        let user = hire(&portal, "ravi", StaffRole::Viewer, own).await;
        let mut ravi = portal.browser();
        log_in(&mut ravi, "ravi", PASSWORD).await;

        let page = shown(&mut ravi, PAGE).await;
        assert!(page.contains("Northwind &#60;Fibre&#62;") && !page.contains("nav-count"), "{page}");
        raise(&portal, portal.company, portal.mine, "MINE-1").await;
        assert!(shown(&mut ravi, PAGE).await.contains("nav-count\">1<"), "an alert fires");

        let other = portal.store.insert_company("Second Brand", "UTC", "EUR", portal.now_ms()).await.unwrap();
        let both = StaffScope::Companies([portal.company, other].into());
        edit(&portal, user, StaffUserEdit { scope: Some(both), ..StaffUserEdit::default() }).await;
        assert!(shown(&mut ravi, PAGE).await.contains("2 companies"), "the scope grew");

        let form = "/staff/clients/new";
        ravi.get(PAGE).await;
        assert_eq!(ravi.get(form).await.status, StatusCode::FORBIDDEN, "a viewer");
        let role = Some(StaffRole::Operator);
        edit(&portal, user, StaffUserEdit { role, ..StaffUserEdit::default() }).await;
        assert_eq!(ravi.get(form).await.status, StatusCode::OK, "an operator from now on");

        shown(&mut ravi, PAGE).await;
        edit(&portal, user, StaffUserEdit { active: Some(false), ..StaffUserEdit::default() }).await;
        let disabled = ravi.get(PAGE).await;
        assert_eq!(disabled.status, StatusCode::SEE_OTHER, "{}", disabled.body);
        assert!(disabled.header("location").starts_with("/staff/login"));

        edit(&portal, user, StaffUserEdit { active: Some(true), ..StaffUserEdit::default() }).await;
        log_in(&mut ravi, "ravi", PASSWORD).await;
        shown(&mut ravi, PAGE).await;
        let mut same = portal.browser();
        same.others.clone_from(&ravi.others);
        ravi.post("/staff/logout", "").await;
        assert_eq!(same.get(PAGE).await.status, StatusCode::SEE_OTHER, "the session ended");
    }
}
