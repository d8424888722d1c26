//! Forms of the staff: what is wrong is told at its field and nothing is lost; what is right is in the audit log.

use axum::http::StatusCode;
use store::{StaffRole, StaffScope};

use crate::portal::portals;
use crate::staff::{on_duty, other_things, own_things, save};

#[tokio::test]
async fn bad_input_comes_back_with_the_error_at_its_field() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let form = format!(
            "client={}&router={}&circuit=&interface=ether9&site=A+%3Cb%3E+site&kind=ILL&committed=fast&facing=customer\
             &activated=soon&uptime_pct=101&down_when=interface",
            own.client, own.router
        );
        let answer = browser.post("/staff/links", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        for wrong in ["circuit-wrong", "committed-wrong", "activated-wrong"] {
            assert!(answer.body.contains(&format!("id=\"{wrong}\"")), "{wrong}: {}", answer.body);
        }
        for kept in
            ["value=\"fast\"", "value=\"soon\"", "value=\"101\"", "value=\"ether9\"", "A &#60;b&#62; site"]
        {
            assert!(answer.body.contains(kept), "{kept} was lost: {}", answer.body);
        }
        assert!(
            answer.body.contains(&format!("<option value=\"{}\" selected>", own.client)),
            "the choice was lost"
        );
        assert!(!answer.body.contains("<b> site"), "not escaped");
        assert_eq!(portal.store.links().await.unwrap().len(), 2, "nothing is stored");
        let taken = form
            .replace("circuit=&", "circuit=FOREIGN-1&")
            .replace("fast", "100")
            .replace("soon", "2026-11-01")
            .replace("101", "99.5");
        let answer = browser.post("/staff/links", &taken).await;
        assert!(answer.body.contains("There is already a link &#34;FOREIGN-1&#34;."), "{}", answer.body);
        let used = taken.replace("FOREIGN-1", "NEW-1").replace("ether9", "ether2");
        let answer = browser.post("/staff/links", &used).await;
        assert!(answer.body.contains("already carries a link"), "{}", answer.body);
    }
}

#[tokio::test]
async fn the_start_of_measuring_is_set_by_the_companys_clock_and_left_alone_when_nobody_touches_it() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let here = format!("/staff/links/{}/edit", own.link);
        let edited = "circuit=MINE-1&interface=ether2&kind=ILL&committed=100&facing=customer&probe_target=198.51.100.7";
        let is = async || portal.store.link(own.link).await.unwrap().measured_from_ms;
        let page = browser.get(&here).await.body;
        assert!(page.contains("name=\"measured_from\"") && page.contains("from the first poll"), "{page}");
        let early = save(&mut browser, &here, &format!("{edited}&measured_from=2025-01-01T00:00")).await;
        assert!(early.body.contains("id=\"measured_from-wrong\""), "{}", early.body);
        assert!(early.body.contains("before the first day of service"), "{}", early.body);
        let no_time = save(&mut browser, &here, &format!("{edited}&measured_from=soon")).await;
        assert!(no_time.body.contains("id=\"measured_from-wrong\""), "{}", no_time.body);
        let answer = save(&mut browser, &here, &format!("{edited}&measured_from=2026-11-10T14:00")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        assert_eq!(is().await, Some(1_794_299_400_000), "14:00 in Kolkata");
        assert!(browser.get(&here).await.body.contains("value=\"2026-11-10T14:00\""));
        let shown = browser.get(&format!("/staff/links/{}", own.link)).await.body;
        assert!(shown.contains("Time counts from") && shown.contains("2026-11-10 14:00"), "{shown}");
        // The form has minutes: what nobody touches stays as it is.
        let exact = 1_794_299_400_000 + 7_125;
        portal.store.set_measured_from(own.link, Some(exact), ("test", 0)).await.unwrap();
        save(&mut browser, &here, &format!("{edited}&measured_from=2026-11-10T14:00&site=Pune")).await;
        assert_eq!(is().await, Some(exact));
        assert_eq!(portal.store.link(own.link).await.unwrap().site.as_deref(), Some("Pune"));
        let new = format!(
            "client={}&router={}&circuit=NEW-1&interface=ether9&kind=ILL&committed=100&facing=customer\
             &activated=2026-11-01&down_when=interface&measured_from=2026-11-10T14:00",
            own.client, own.router
        );
        assert_eq!(browser.post("/staff/links", &new).await.status, StatusCode::SEE_OTHER);
        let link = portal.store.link_by_circuit("NEW-1").await.unwrap().unwrap();
        assert_eq!(link.measured_from_ms, Some(1_794_299_400_000));
    }
}

/// The form, and what has such a name already.
#[tokio::test]
async fn a_name_that_looks_the_same_is_refused_at_its_field_with_what_has_it() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let (company, client, router) = (own.company, own.client, own.router);
        let (link, name) = (own.link, portal.store.client(own.client).await.unwrap().name);
        let router_name = portal.store.router(router).await.unwrap().name;
        let upper = router_name.to_uppercase();
        let quoted = |name: &str| format!("&#34;{}&#34;", name.replace('&', "&#38;"));
        for (address, form, existing) in [
            ("/staff/clients", format!("company={company}&name=deccan++%26%E2%80%8B+SONS"), quoted(&name)),
            (
                "/staff/routers",
                format!("company={company}&name={upper}&address=192.0.2.9&port=8728&username=u&password=p&tls=off"),
                quoted(&router_name),
            ),
            (
                "/staff/links",
                format!(
                    "client={client}&router={router}&circuit=mine-1&interface=ether9&kind=ILL&committed=100\
                     &facing=customer&activated=2026-11-01&down_when=interface"
                ),
                quoted("MINE-1"),
            ),
            (
                "/staff/companies",
                "name=NORTHWIND+%3Cfibre%3E&timezone=UTC&currency=INR".to_owned(),
                "Northwind &#60;Fibre&#62;".to_owned(),
            ),
            (
                "/staff/users",
                format!("client={client}&username=As%E2%80%8Bha&email=a%40x.example&role=owner&password=kettle+orbit+maple+nine"),
                quoted("asha"),
            ),
            (
                "/staff/team",
                "username=AD%C2%ADAM&email=a%40x.example&role=viewer&companies=all&password=kettle+orbit+maple+nine".to_owned(),
                quoted("adam"),
            ),
        ] {
            let answer = browser.post(address, &form).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{address}: {}", answer.body);
            assert!(answer.body.contains("There is already a "), "{address}: {}", answer.body);
            assert!(answer.body.contains(&existing), "{address}: {existing}: {}", answer.body);
            assert!(answer.body.contains("differs only in case or in characters that cannot be seen"), "{address}");
        }
        let here = format!("/staff/links/{link}/edit");
        let edited = "interface=ether2&kind=ILL&committed=100&facing=customer&probe_target=198.51.100.7";
        let answer = save(&mut browser, &here, &format!("circuit=foreign-1&{edited}")).await;
        assert!(answer.body.contains("There is already a link &#34;FOREIGN-1&#34;."), "{}", answer.body);
        // Its own name in another case, and text that was pasted with marks around it.
        let marked = format!("circuit=%E2%80%AAmine-1%E2%80%AC&site=%E2%80%8FPune&{edited}");
        assert_eq!(save(&mut browser, &here, &marked).await.status, StatusCode::SEE_OTHER);
        let stored = portal.store.link(link).await.unwrap();
        assert_eq!((stored.circuit.as_str(), stored.site.as_deref()), ("mine-1", Some("Pune")));
        // What nobody can see is no name.
        let blank = browser.post("/staff/clients", &format!("company={company}&name=%E2%80%8B")).await;
        assert!(blank.body.contains("This must not be empty."), "{}", blank.body);
    }
}

#[tokio::test]
async fn a_routers_password_is_on_no_page_and_in_no_log() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let form = format!(
            "company={}&name=edge-9&address=bad+host&port=0&username=u&password=hunter2hunter2&tls=pin&fingerprint=zz",
            own.company
        );
        let answer = browser.post("/staff/routers", &form).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        for wrong in ["address-wrong", "port-wrong", "fingerprint-wrong"] {
            assert!(answer.body.contains(&format!("id=\"{wrong}\"")), "{wrong}");
        }
        assert!(!answer.body.contains("hunter2"), "the password came back");
        let right = form
            .replace("bad+host", "192.0.2.9")
            .replace("port=0", "port=8729")
            .replace("zz", &"ab".repeat(32));
        let answer = browser.post("/staff/routers", &right).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let place = answer.header("location").to_owned();
        for path in
            [place.clone(), format!("{place}/edit"), "/staff/routers".to_owned(), "/staff/audit".to_owned()]
        {
            let page = browser.get(&path).await;
            assert_eq!(page.status, StatusCode::OK, "{path}");
            assert!(page.body.contains("edge-9") && !page.body.contains("hunter2"), "{path}");
        }
        let id = store::RouterId(place.rsplit('/').next().unwrap().parse().unwrap());
        let password = portal.store.router_password(id).await.unwrap();
        assert_eq!(secrecy::ExposeSecret::expose_secret(&password), "hunter2hunter2");
    }
}

#[tokio::test]
async fn what_was_agreed_is_never_edited() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let address = format!("/staff/links/{}/terms", own.link);
        let terms =
            |day: &str, uptime: &str| format!("valid_from={day}&uptime_pct={uptime}&down_when=interface");
        assert_eq!(
            save(&mut browser, &address, &terms("2026-09-01", "99.5")).await.status,
            StatusCode::SEE_OTHER,
            "the first"
        );
        let late = save(&mut browser, &address, &terms("2026-11-22", "99.9")).await;
        assert!(late.body.contains("What is past stays as it was agreed"), "{}", late.body);
        assert_eq!(
            save(&mut browser, &address, &terms("2026-11-23", "99.9")).await.status,
            StatusCode::SEE_OTHER,
            "today"
        );
        let again = save(&mut browser, &address, &terms("2026-11-23", "98")).await;
        assert!(again.body.contains("terms are never edited"), "{}", again.body);
        let asked =
            save(&mut browser, &address, "valid_from=2026-12-24&down_when=interface_or_no_answer").await;
        assert_eq!(asked.status, StatusCode::SEE_OTHER, "the link has a target");
        let all = portal.store.terms(own.link).await.unwrap();
        assert_eq!(all.len(), 3);
        let edit = format!("/staff/links/{}/edit", own.link);
        let bare = "circuit=MINE-1&interface=ether2&kind=ILL&committed=100&facing=customer&probe_target=";
        let edit = save(&mut browser, &edit, bare).await;
        assert!(edit.body.contains("id=\"probe_target-wrong\""), "the terms ask the target: {}", edit.body);
    }
}

#[tokio::test]
async fn every_change_is_in_the_log_with_before_and_after_and_operators_see_their_own() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut olga = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let answer =
            save(&mut olga, &format!("/staff/clients/{}/edit", own.client), "name=Deccan+Group").await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let mut adam = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let page = adam.get("/staff/audit?q=client.edit").await.body;
        assert!(
            page.contains("<del>Deccan &#38; Sons</del>") && page.contains("<td>Deccan Group</td>"),
            "{page}"
        );
        assert!(page.contains("staff:olga") && page.contains(crate::portal::HOME), "{page}");
        let mine = olga.get("/staff/audit").await.body;
        assert!(mine.contains("client.edit") && !mine.contains("staff:adam"), "{mine}");
        let mut vera = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        assert!(!vera.get("/staff/audit").await.body.contains("client.edit"));
    }
}

#[tokio::test]
async fn a_client_with_links_stays_and_the_page_says_why() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let address = format!("/staff/clients/{}", own.client);
        let refused = browser.post(&format!("{address}/retire"), "").await;
        assert_eq!(refused.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(refused.body.contains("one link under contract"), "{}", refused.body);
        let retire = format!("/staff/links/{}/retire", own.link);
        let bad = save(&mut browser, &retire, "at=never").await;
        assert!(bad.body.contains("Not retired: write when"), "{}", bad.body);
        assert_eq!(save(&mut browser, &retire, "at=2026-11-23T18:00").await.status, StatusCode::SEE_OTHER);
        assert_eq!(browser.post(&format!("{address}/retire"), "").await.status, StatusCode::SEE_OTHER);
        let mut asha = portal.browser();
        assert_eq!(
            asha.log_in("asha", crate::portal::PASSWORD).await.status,
            StatusCode::UNPROCESSABLE_ENTITY
        );
        assert_eq!(
            browser.get(&format!("{address}/edit")).await.status,
            StatusCode::NOT_FOUND,
            "what is retired stays so"
        );
    }
}

#[tokio::test]
async fn a_router_in_plain_text_is_warned_about() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "vera", StaffRole::Viewer, StaffScope::All).await;
        let page = browser.get(&format!("/staff/routers/{}", own.router)).await.body;
        assert!(page.contains("plain text") && !page.contains("/retire"), "{page}");
    }
}

/// The sealed password goes to nobody who does not know it.
#[tokio::test]
async fn a_router_moves_only_with_its_password() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let address = format!("/staff/routers/{}/edit", own.router);
        let moved = "name=edge&address=203.0.113.66&port=8728&username=u&tls=off";
        let answer = save(&mut browser, &address, moved).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("id=\"password-wrong\""), "{}", answer.body);
        assert_ne!(portal.store.router(own.router).await.unwrap().address, "203.0.113.66");
        let answer = save(&mut browser, &address, &format!("{moved}&password=known")).await;
        assert_eq!(answer.status, StatusCode::SEE_OTHER, "{}", answer.body);
        let router = portal.store.router(own.router).await.unwrap();
        assert_eq!((router.address.as_str(), router.name.as_str()), ("203.0.113.66", "edge"));
        let renamed = moved.replace("name=edge", "name=edge-7");
        assert_eq!(
            save(&mut browser, &address, &renamed).await.status,
            StatusCode::SEE_OTHER,
            "it stays where it is"
        );
    }
}

/// PostgreSQL takes no such letter, and neither engine may fail over one, nor store half of what was typed.
#[tokio::test]
async fn u_0000_in_any_field_or_address_is_an_error_that_names_the_field() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        for list in ["links", "clients", "users", "routers", "exclusions", "audit"] {
            let answer = browser.get(&format!("/staff/{list}?q=%00")).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{list}");
            assert!(
                answer.body.contains("The field &#34;q&#34; contains a control character"),
                "{}",
                answer.body
            );
        }
        let router = format!("/staff/routers/{}/edit", own.router);
        let long = format!("name=edge&port=8728&username=u&password=p&tls=ca&ca={}%00", "a".repeat(2_000));
        for (path, form) in [
            ("/staff/login", "username=adam%00&password=none"),
            ("/client/login", "username=%00&password=none"),
            ("/client/login", "username=asha&password=no%00ne"),
            ("/client/forgot", "username=asha%00"),
            ("/client/login", "username=as%1Bha&password=none"),
            (router.as_str(), long.as_str()),
        ] {
            let answer = browser.post(path, form).await;
            assert_eq!(answer.status, StatusCode::BAD_REQUEST, "{path} {form:.40}: {}", answer.body);
            assert!(answer.body.contains("control character"), "{path} {form:.40}: {}", answer.body);
        }
        let file = "what=clients&deed=check&csv=name%0D%0AAc%00me";
        let answer = browser.post("/staff/import", file).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(answer.body.contains("(U+0000)"), "{}", answer.body);
    }
}

#[tokio::test]
async fn an_end_that_is_to_come_is_taken_back_and_what_was_typed_comes_back() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let page = format!("/staff/links/{}", own.link);
        let retire = format!("{page}/retire");
        let empty = save(&mut browser, &retire, "at=").await;
        assert_eq!(empty.status, StatusCode::UNPROCESSABLE_ENTITY, "there is no end to take back");
        assert_eq!(save(&mut browser, &retire, "at=2027-03-01T00:00").await.status, StatusCode::SEE_OTHER);
        assert!(browser.get(&page).await.body.contains("value=\"2027-03-01T00:00\""), "the end as it stands");
        let early = save(&mut browser, &retire, "at=1999-01-01T00:00").await;
        assert_eq!(early.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(early.body.contains("value=\"1999-01-01T00:00\""), "{}", early.body);
        assert!(early.body.contains("<details class=\"deed\" open>"), "folded: {}", early.body);
        assert_eq!(save(&mut browser, &retire, "at=").await.status, StatusCode::SEE_OTHER);
        assert_eq!(portal.store.link(own.link).await.unwrap().terminated_at_ms, None);
    }
}

/// A form of millions of fields would keep a thread for hours.
#[tokio::test]
async fn a_form_of_more_fields_than_any_has_is_refused() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let answer = browser.post("/staff/import", &"csv=&".repeat(100_000)).await;
        assert_eq!(answer.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn a_form_chooses_nobody_by_itself_and_tells_no_time_by_a_wrong_clock() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut olga = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let page = olga.get("/staff/links/new").await.body;
        assert!(page.contains("value=\"2026-11-23\"") && !page.contains("(Northwind"), "one company: {page}");
        let other = other_things(&portal).await;
        let page = olga.get("/staff/links/new").await.body;
        assert_eq!(page.matches("<option value=\"\" selected>Choose one</option>").count(), 2, "{page}");
        assert!(!page.contains(&format!("<option value=\"{}\" selected>", own.client)), "{page}");
        assert!(
            page.contains("Zenith Works (Second Brand)") && page.contains("core-zulu (Second Brand)"),
            "{page}"
        );
        let day = "name=\"activated\" type=\"date\" value=\"";
        assert!(page.contains(&format!("{day}\"")), "whose today? {page}");
        let page = olga.get(&format!("/staff/links/new?client={}", other.client)).await.body;
        assert!(page.contains(&format!("{day}2026-11-23\"")), "{page}");
        let from = "name=\"from\" type=\"datetime-local\" value=\"";
        let page = olga.get("/staff/exclusions/new").await.body;
        assert!(page.contains(&format!("{from}\"")), "whose now? {page}");
        let page = olga.get(&format!("/staff/exclusions/new?link={}", other.link)).await.body;
        assert!(page.contains(&format!("{from}2026-11-23T")), "{page}");
    }
}

#[tokio::test]
async fn a_target_that_no_terms_ask_any_more_is_cleared() {
    for portal in portals().await {
        let own = own_things(&portal).await;
        let mut browser = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        let terms = format!("/staff/links/{}/terms", own.link);
        let edit = format!("/staff/links/{}/edit", own.link);
        let bare = "circuit=MINE-1&interface=ether2&kind=ILL&committed=100&facing=customer&probe_target=";
        let first =
            save(&mut browser, &terms, "valid_from=2026-09-01&down_when=interface_or_no_answer").await;
        assert_eq!(first.status, StatusCode::SEE_OTHER, "{}", first.body);
        assert_eq!(
            save(&mut browser, &edit, bare).await.status,
            StatusCode::UNPROCESSABLE_ENTITY,
            "it is asked"
        );
        let next = save(&mut browser, &terms, "valid_from=2026-11-23&down_when=interface").await;
        assert_eq!(next.status, StatusCode::SEE_OTHER, "{}", next.body);
        assert_eq!(save(&mut browser, &edit, bare).await.status, StatusCode::SEE_OTHER);
        assert_eq!(portal.store.link(own.link).await.unwrap().probe_target, None);
    }
}

#[tokio::test]
async fn a_company_is_added_by_who_works_for_all_and_retired_when_it_has_nothing_left() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let wrong =
            browser.post("/staff/companies", "name=Third&timezone=Mars%2FOlympus&currency=rupees").await;
        for field in ["timezone-wrong", "currency-wrong"] {
            assert!(wrong.body.contains(&format!("id=\"{field}\"")), "{field}: {}", wrong.body);
        }
        let form = "name=Third&timezone=Europe%2FLisbon&currency=eur";
        let there = browser.post("/staff/companies", form).await.header("location").to_owned();
        let page = browser.get(&there).await.body;
        assert!(page.contains("Europe/Lisbon") && page.contains("EUR"), "{page}");
        let mut other =
            on_duty(&portal, "anna", StaffRole::Admin, StaffScope::Companies([portal.company].into())).await;
        let refused = other.post("/staff/companies", &form.replace("Third", "Fourth")).await;
        assert!(refused.body.contains("only somebody who works for all companies"), "{}", refused.body);
        let busy = browser.post(&format!("/staff/companies/{}/retire", portal.company), "").await;
        assert_eq!(busy.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(busy.body.contains("retire those first"), "{}", busy.body);
        assert_eq!(browser.post(&format!("{there}/retire"), "").await.status, StatusCode::SEE_OTHER);
        assert!(browser.get(&there).await.body.contains("Retired"));
        let id = there.rsplit('/').next().unwrap();
        let form = browser.get("/staff/clients/new").await.body;
        assert!(
            !form.contains(&format!("<option value=\"{id}\"")),
            "a client for a company that sells no more"
        );
        let late = browser.post("/staff/clients", &format!("company={id}&name=Late")).await;
        assert_eq!(late.status, StatusCode::UNPROCESSABLE_ENTITY);
        assert!(late.body.contains("the company Third is retired"), "{}", late.body);
    }
}
