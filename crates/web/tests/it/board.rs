//! The dashboard's search, order, grouping and pages, and what happened lately.

use axum::http::StatusCode;
use sla::LinkState;
use store::{Facing, LinkId, NewLink};

use crate::portal::{HOUR_MS, MINUTE_MS, Portal, portals};

/// More links for the client of `MINE-1`, of which every tenth is down; all sampled once.
async fn with_links(portal: &Portal, count: usize) -> Vec<LinkId> {
    let client = portal.store.link(portal.mine).await.unwrap().client_id;
    let mut links = Vec::new();
    for n in 0..count {
        let site = format!("Site {}", n % 5);
        let new = NewLink {
            client_id: client,
            router_id: portal.router_id,
            interface: &format!("vlan{n}"),
            circuit: &format!("C-{n:03}"),
            service_ref: Some("SO-77"),
            kind: if n % 2 == 0 { "ILL" } else { "MPLS" },
            committed_bps: 1_000_000 * (100 + i64::try_from(n).unwrap()),
            probe_target: None,
            facing: Facing::Customer,
            site: (n % 7 != 0).then_some(&site),
            activated_at_ms: portal.now_ms() - 100 * 24 * HOUR_MS,
            terminated_at_ms: None,
        };
        let link = portal.store.insert_link(&new).await.unwrap();
        let (state, cause) =
            if n % 10 == 3 { (LinkState::Down, Some("link_down")) } else { (LinkState::Up, None) };
        portal.write(link, state, cause, 5 * MINUTE_MS).await;
        links.push(link);
    }
    portal.write(portal.mine, LinkState::Up, None, 30 * MINUTE_MS).await;
    links
}

/// The circuits on a page, from top to bottom.
fn circuits(page: &str) -> Vec<&str> {
    page.split("data-link=\"").skip(1).filter_map(|rest| rest.split('"').next()).collect()
}

#[tokio::test]
async fn links_are_found_by_words_and_state_and_stand_in_the_order_asked_for() {
    for portal in portals().await {
        with_links(&portal, 12).await;
        let mut browser = portal.logged_in().await;
        let mut circuits_at = async |query: &str| {
            let page = browser.get(&format!("/client/dashboard{query}")).await;
            assert_eq!(page.status, StatusCode::OK, "{query}");
            circuits(&page.body).into_iter().map(str::to_owned).collect::<Vec<_>>()
        };
        assert_eq!(circuits_at("").await.len(), 13);
        assert_eq!(circuits_at("").await[0], "C-003", "what is down stands first");
        assert_eq!(circuits_at("?state=down").await, ["C-003"]);
        assert_eq!(circuits_at("?q=mpls+site+1").await, ["C-001", "C-011"]);
        assert_eq!(circuits_at("?q=SO-77&state=up").await.len(), 11);
        assert_eq!(circuits_at("?q=nowhere").await, Vec::<String>::new());
        assert_eq!(
            circuits_at("?sort=usage").await[..3],
            ["C-000", "MINE-1", "C-001"],
            "the least sold, the busiest"
        );
        let by_name = circuits_at("?sort=name").await;
        assert_eq!(by_name[..3], ["C-000", "C-007", "MINE-1"], "links without a site go by their circuit");
        assert_eq!(circuits_at("?sort=availability").await[0], "C-003");
        let grouped = browser.get("/client/dashboard?group=site").await.body;
        assert!(grouped.contains("<h2>Site 1</h2>") && grouped.contains("<h2>No site given</h2>"));
        assert!(grouped.contains("2 links, 1 down"), "{grouped}");
    }
}

#[tokio::test]
async fn the_part_that_renews_itself_keeps_to_what_was_asked_for() {
    for portal in portals().await {
        with_links(&portal, 12).await;
        let mut browser = portal.logged_in().await;
        let page = browser.get("/client/dashboard?q=a%26b+%22c&sort=name&state=up").await.body;
        let source = r#"data-live-src="/client/dashboard/cards?q=a%26b+%22c&#38;state=up&#38;sort=name""#;
        assert!(page.contains(source), "{page}");
        assert!(page.contains("No link fits"), "{page}");
        assert!(page.contains(r#"value="a&#38;b &#34;c""#), "what was written stays, and is escaped");
        let part = browser.get("/client/dashboard/cards?state=down").await.body;
        assert_eq!(circuits(&part), ["C-003"]);
        assert!(part.contains("<dd>13</dd>"), "the figures at the top are of all links");
        for senseless in ["state=sideways", "sort=colour", "group=mood", "state=up&state=down"] {
            let answer = browser.get(&format!("/client/dashboard?{senseless}")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{senseless}");
        }
    }
}

#[tokio::test]
async fn many_links_stand_in_a_table_by_pages_and_well_sites_are_folded() {
    for portal in portals().await {
        with_links(&portal, 130).await;
        let mut browser = portal.logged_in().await;
        let first = browser.get("/client/dashboard").await.body;
        assert!(first.contains("table dense") && !first.contains(r#"class="spark""#));
        assert_eq!(circuits(&first).len(), 100);
        assert!(
            circuits(&first)[..13].iter().all(|circuit| circuit.ends_with('3')),
            "what is down stands first"
        );
        let second = browser.get("/client/dashboard?page=2").await.body;
        assert_eq!(circuits(&second).len(), 31);
        assert!(second.contains(r#"href="/client/dashboard" rel="prev""#), "the first page has no number");
        assert_eq!(circuits(&browser.get("/client/dashboard?page=99").await.body), circuits(&second));
        let grouped = browser.get("/client/dashboard?group=site").await.body;
        assert_eq!(circuits(&grouped).len(), 131);
        let folded = grouped.matches(r#"<details class="group""#).count()
            - grouped
                .split(r#"<details class="group""#)
                .skip(1)
                .filter(|rest| rest.split('>').next().unwrap().contains(" open"))
                .count();
        assert!(folded >= 1, "a site where all is well is folded");
    }
}

#[tokio::test]
async fn what_happened_lately_leads_to_the_outage_and_is_ones_own() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Down, Some("link_down"), 12 * MINUTE_MS).await;
        portal.write(portal.foreign, LinkState::Down, Some("router_reboot"), 7 * MINUTE_MS).await;
        let mut browser = portal.logged_in().await;
        let page = browser.get("/client/dashboard").await.body;
        let lately = &page[page.find("What happened lately").unwrap()..];
        let outage = &portal.store.outages(portal.mine, 0, i64::MAX).await.unwrap()[0];
        let address = format!("/client/links/{}#outage-{}", portal.mine, outage.id);
        assert!(lately.contains(&address), "{lately}");
        assert!(lately.contains("down for 12 m") && lately.contains("since 17:48"), "{lately}");
        assert!(!lately.contains("restarted"), "an outage of another client");
        let link = browser.get(&format!("/client/links/{}", portal.mine)).await.body;
        assert!(link.contains(&format!(r#"id="outage-{}""#, outage.id)), "the link leads nowhere");
    }
}

/// What is kept between two requests must not outlive a single commit.
#[tokio::test]
async fn a_commit_is_on_the_very_next_page() {
    for portal in portals().await {
        let mut browser = portal.logged_in().await;
        for turn in 0..20 {
            portal.pass(30_000);
            let (state, words) = if turn % 2 == 0 {
                (LinkState::Down, "1 link is down")
            } else {
                (LinkState::Up, "Your link is up")
            };
            portal.write(portal.mine, state, None, 1_000).await;
            for _ in 0..2 {
                assert!(browser.get("/client/dashboard").await.body.contains(words), "turn {turn}");
            }
        }
    }
}

/// Packed once and not twice, and never one person's page for another.
#[tokio::test]
async fn a_written_page_is_shared_by_no_two_people_and_packed_once() {
    for portal in portals().await {
        portal.write(portal.mine, LinkState::Up, None, 30 * MINUTE_MS).await;
        let mut asha = portal.logged_in().await;
        let mut omar = portal.browser();
        omar.log_in("omar", crate::portal::PASSWORD).await;
        for _ in 0..2 {
            assert!(asha.get("/client/dashboard").await.body.contains("MINE-1"));
            let page = omar.get("/client/dashboard").await.body;
            assert!(page.contains("FOREIGN-1") && !page.contains("MINE-1"));
            let request = axum::http::Request::get("/client/dashboard").header("accept-encoding", "gzip, br");
            let packed = asha.send(request, axum::body::Body::empty()).await;
            assert_eq!(packed.headers.get_all("content-encoding").iter().collect::<Vec<_>>(), ["gzip"]);
            assert_eq!(packed.header("vary"), "accept-encoding");
            assert_eq!(packed.headers.get_all("vary").iter().count(), 1);
            assert!(!packed.body.contains("MINE-1"), "not packed");
        }
    }
}
