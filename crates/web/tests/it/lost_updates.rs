//! Two people at one form: whoever saves second is told who was first and what became of it, and loses nothing typed.

use axum::http::StatusCode;
use store::{StaffRole, StaffScope};

use crate::portal::{Answer, Browser, Portal, portals};
use crate::staff::{Things, on_duty, own_things, shown};

/// A form that two people have open at once.
struct Both {
    address: String,
    /// What the first saves, and a piece of what the page tells the second of it.
    first: &'static str,
    told: &'static [&'static str],
    /// What the second saves, and pieces that must come back.
    second: &'static str,
    kept: &'static [&'static str],
}

fn forms(own: &Things) -> Vec<Both> {
    vec![
        Both {
            address: format!("/staff/clients/{}/edit", own.client),
            first: "name=First+Name",
            told: &["<del>Deccan &#38; Sons</del>", "<td>First Name</td>", "Stored now: <strong>First Name<"],
            second: "name=Second+%3Cb%3E+Name",
            kept: &["value=\"Second &#60;b&#62; Name\""],
        },
        Both {
            address: format!("/staff/companies/{}/edit", own.company),
            first: "name=Northwind&support_phone=100",
            told: &["support_phone", "Stored now: <strong>100<"],
            second: "name=Northwind&support_phone=200&accent=%23123456",
            kept: &["value=\"200\"", "value=\"#123456\""],
        },
        Both {
            address: format!("/staff/routers/{}/edit", own.router),
            first: "name=first&address=203.0.113.9&port=8728&username=u&tls=off&password=one",
            told: &["203.0.113.9", "router.password", "Stored now: <strong>first<"],
            second: "name=second&address=203.0.113.10&port=8728&username=u&tls=system&password=two",
            kept: &["value=\"second\"", "value=\"203.0.113.10\"", "<option value=\"system\" selected>"],
        },
        Both {
            address: format!("/staff/links/{}/edit", own.link),
            first: "circuit=FIRST-1&interface=ether8&kind=ILL&committed=50&facing=customer",
            told: &["<td>FIRST-1</td>", "Stored now: <strong>ether8<", "Stored now: <strong>50<"],
            second: "circuit=SECOND-1&interface=ether7&kind=MPLS&committed=70&facing=upstream",
            kept: &["value=\"SECOND-1\"", "value=\"70\"", "<option value=\"MPLS\" selected>"],
        },
        Both {
            address: format!("/staff/links/{}/terms", own.link),
            first: "valid_from=2026-12-01&uptime_pct=99.9&down_when=interface",
            told: &["terms.add", "Stored now: <strong>99.9<"],
            second: "valid_from=2026-12-05&uptime_pct=99.5&down_when=interface",
            kept: &["value=\"2026-12-05\"", "value=\"99.5\""],
        },
    ]
}

/// What a page that was answered shows.
fn shown_in(answer: &Answer) -> String {
    let value = answer.body.split_once("name=\"shown\" value=\"").and_then(|(_, rest)| rest.split_once('"'));
    value.unwrap().0.to_owned()
}

async fn send(browser: &mut Browser<'_>, address: &str, form: &str, shown: &str) -> Answer {
    browser.post(address, &format!("{form}&shown={shown}")).await
}

async fn events(portal: &Portal) -> usize {
    portal.store.audit_events(None, 1_000).await.unwrap().len()
}

#[tokio::test]
async fn whoever_saves_second_is_told_loses_nothing_and_decides() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut bela = on_duty(&portal, "bela", StaffRole::Admin, StaffScope::All).await;
        let mut chen = on_duty(&portal, "chen", StaffRole::Admin, StaffScope::All).await;
        for Both { address, first, told, second, kept } in forms(&own) {
            let (of_bela, of_chen) = (shown(&mut bela, &address).await, shown(&mut chen, &address).await);
            let saved = send(&mut bela, &address, first, &of_bela).await;
            assert_eq!(saved.status, StatusCode::SEE_OTHER, "{address}: {}", saved.body);
            let before = events(&portal).await;
            let answer = send(&mut chen, &address, second, &of_chen).await;
            assert_eq!(answer.status, StatusCode::CONFLICT, "{address}: {}", answer.body);
            assert_eq!(events(&portal).await, before, "{address}: something was stored");
            for piece in told.iter().chain(kept).chain(&["staff:bela"]) {
                assert!(answer.body.contains(piece), "{address}: {piece} is not there: {}", answer.body);
            }
            assert!(!answer.body.contains("value=\"two\""), "a password came back");
            // What the form shows now is what is stored: the same once more puts the second's in its place.
            let again = send(&mut chen, &address, second, &shown_in(&answer)).await;
            assert_eq!(again.status, StatusCode::SEE_OTHER, "{address}: {}", again.body);
            assert!(events(&portal).await > before, "{address}: nothing was stored");
        }
    }
}

#[tokio::test]
async fn a_form_that_does_not_say_what_it_showed_changes_nothing() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let before = events(&portal).await;
        for Both { address, second, kept, .. } in forms(&own) {
            for shown in ["", "none", "%07", &format!("{}.9223372036854775808", "ab".repeat(32))] {
                let answer = send(&mut adam, &address, second, shown).await;
                assert_eq!(answer.status, StatusCode::CONFLICT, "{address} {shown}: {}", answer.body);
                assert!(kept.iter().all(|piece| answer.body.contains(piece)), "{address}: {}", answer.body);
            }
        }
        assert_eq!(events(&portal).await, before);
    }
}

#[tokio::test]
async fn an_end_that_somebody_moved_meanwhile_is_told_before_it_is_moved_again() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut bela = on_duty(&portal, "bela", StaffRole::Operator, StaffScope::All).await;
        let mut chen = on_duty(&portal, "chen", StaffRole::Operator, StaffScope::All).await;
        let link = format!("/staff/links/{}/retire", own.link);
        let exclusion = format!("/staff/exclusions/{}/end", own.exclusion);
        for (address, first, second) in [
            (link, "at=2027-03-01T00:00", "at=2027-06-01T00:00"),
            (exclusion, "at=2026-11-23T20:00", "at=2026-11-23T19:00"),
        ] {
            let (of_bela, of_chen) = (shown(&mut bela, &address).await, shown(&mut chen, &address).await);
            let saved = send(&mut bela, &address, first, &of_bela).await;
            assert_eq!(saved.status, StatusCode::SEE_OTHER, "{address}: {}", saved.body);
            let answer = send(&mut chen, &address, second, &of_chen).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}: {}", answer.body);
            let typed = second.trim_start_matches("at=");
            for piece in ["after you had opened this page", "staff:bela", &format!("value=\"{typed}\"")] {
                assert!(answer.body.contains(piece), "{address}: {piece} is not there: {}", answer.body);
            }
            let again = send(&mut chen, &address, second, &shown_in(&answer)).await;
            assert_eq!(again.status, StatusCode::SEE_OTHER, "{address}: {}", again.body);
        }
    }
}

/// The same form sent twice at the same moment, as an impatient finger does.
#[tokio::test]
async fn a_form_that_is_sent_twice_enters_one_thing_and_says_so() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut one = on_duty(&portal, "one", StaffRole::Admin, StaffScope::All).await;
        let mut two = on_duty(&portal, "two", StaffRole::Admin, StaffScope::All).await;
        let (company, client, router) = (own.company, own.client, own.router);
        for (address, form, told) in [
            ("/staff/clients", format!("company={company}&name=Twice"), "There is already a client &#34;Twice&#34;."),
            (
                "/staff/routers",
                format!("company={company}&name=twice&address=192.0.2.9&port=8728&username=u&password=p&tls=off"),
                "There is already a router &#34;twice&#34;.",
            ),
            (
                "/staff/links",
                format!(
                    "client={client}&router={router}&circuit=TWICE-1&interface=ether9&kind=ILL&committed=100\
                     &facing=customer&activated=2026-11-01&down_when=interface"
                ),
                // Whichever is looked at first.
                "id=\"interface-wrong\"",
            ),
            (
                "/staff/exclusions",
                "circuit=MINE-1&kind=planned_maintenance&from=2026-11-23T10:00&to=2026-11-23T11:00&reason=fibre"
                    .to_owned(),
                "this very exclusion already",
            ),
        ] {
            let (first, second) = tokio::join!(one.post(address, &form), two.post(address, &form));
            let (done, refused) =
                if first.status == StatusCode::SEE_OTHER { (first, second) } else { (second, first) };
            assert_eq!(done.status, StatusCode::SEE_OTHER, "{address}: {}", done.body);
            assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}: {}", refused.body);
            assert!(refused.body.contains(told), "{address}: {}", refused.body);
        }
    }
}
