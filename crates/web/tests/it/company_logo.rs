//! A company's logo as staff hand it in: a file from outside.

use axum::http::StatusCode;
use report::LOGO_BYTES_MAX;
use store::{LogoType, StaffRole, StaffScope};

use crate::portal::{Answer, Browser, Portal, portals};
use crate::staff::on_duty;

/// Two pixels.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x01\x08\x02\0\0\0{@\xe8\xdd\0\0\0\rIDATx\x9cc8\xa0\0\x04\x07\0\x07\x07\x02\x01\xa9\x80\xf6\x14\0\0\0\0IEND\xaeB`\x82";
/// As the filter writes it.
const SVG: &[u8] =
    b"<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 9 3\"><path d=\"M0 0h9v3z\"/></svg>";

fn page(portal: &Portal) -> String {
    format!("/staff/companies/{}/logo", portal.company)
}

fn form(field: &str, file: &[u8]) -> Vec<u8> {
    // What the browser says of the file is not believed.
    let head = format!(
        "--end\r\nContent-Disposition: form-data; name=\"{field}\"; filename=\"../../x\"\r\nContent-Type: image/png\r\n\r\n"
    );
    [head.as_bytes(), file, b"\r\n--end--\r\n"].concat()
}

async fn upload(browser: &mut Browser<'_>, portal: &Portal, file: &[u8]) -> Answer {
    browser.post_bytes(&page(portal), form("logo", file)).await
}

#[tokio::test]
async fn a_logo_is_handed_in_shown_exchanged_and_taken_away() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        let here = page(&portal);
        let company = browser.get(&format!("/staff/companies/{}", portal.company)).await.body;
        assert!(company.contains(&format!("href=\"{here}\"")), "{company}");
        assert!(browser.get(&here).await.body.contains("There is none"));
        assert_eq!(browser.get(&format!("{here}/picture")).await.status, StatusCode::NOT_FOUND);
        for (file, kind, words) in [(PNG, LogoType::Png, "PNG, 1 KiB"), (SVG, LogoType::Svg, "SVG, 1 KiB")] {
            let answer = upload(&mut browser, &portal, file).await;
            assert_eq!((answer.status, answer.header("location")), (StatusCode::SEE_OTHER, here.as_str()));
            let logo = portal.store.company_logo(portal.company).await.unwrap().unwrap();
            assert_eq!((logo.kind, logo.bytes.as_slice()), (kind, file));
            assert!(browser.get(&here).await.body.contains(words));
            let picture = browser.get(&format!("{here}/picture")).await;
            assert_eq!(picture.header("content-type"), kind.as_str());
            assert!(picture.header("content-security-policy").ends_with("sandbox"));
        }
        // The customers' pages have it at once.
        let seen = portal.logged_in().await.get("/client/brand/logo").await;
        assert_eq!(seen.body.as_bytes(), SVG);
        let answer = browser.post(&format!("{here}/remove"), "").await;
        assert_eq!(answer.header("location"), here);
        assert!(portal.store.company_logo(portal.company).await.unwrap().is_none());
        let events = portal.store.audit_events(None, 100).await.unwrap();
        let told: Vec<String> = events
            .iter()
            .filter(|record| record.event.action == "company.logo")
            .map(|record| record.event.detail.to_string())
            .collect();
        let (png, svg) = (PNG.len(), SVG.len());
        let (png, svg) = (
            format!("{{\"bytes\":{png},\"logo\":\"image/png\"}}"),
            format!("{{\"bytes\":{svg},\"logo\":\"image/svg+xml\"}}"),
        );
        let change = |before: &str, after: &str| format!("{{\"after\":{after},\"before\":{before}}}");
        assert_eq!(told, [change(&svg, "null"), change(&png, &svg), change("null", &png)]);
        // What is there, or is not, is no change.
        browser.post(&format!("{here}/remove"), "").await;
        assert_eq!(portal.store.audit_events(None, 100).await.unwrap().len(), events.len());
    }
}

#[tokio::test]
async fn a_file_that_is_no_logo_is_refused_in_words_and_nothing_is_stored() {
    for portal in portals().await {
        let mut browser = on_duty(&portal, "adam", StaffRole::Admin, StaffScope::All).await;
        upload(&mut browser, &portal, PNG).await;
        let before = portal.store.audit_events(None, 100).await.unwrap().len();
        let huge = [&PNG[..16], &60_000_u32.to_be_bytes(), &PNG[20..]].concat();
        let svg = |inside: &str| {
            format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 3'>{inside}</svg>").into_bytes()
        };
        for (file, why) in [
            (b"GIF89a".to_vec(), "neither a PNG nor an SVG"),
            (b"MZ\x90\0".to_vec(), "neither a PNG nor an SVG"),
            (b"<html><script>alert(1)</script></html>".to_vec(), "neither a PNG nor an SVG"),
            (PNG[..PNG.len() - 20].to_vec(), "damaged"),
            (huge, "60000 × 1 pixels"),
            (svg("<script>alert(1)</script>"), "has a &#60;script&#62;"),
            (svg("<g onload='alert(1)'/>"), "the attribute onload"),
            (svg("<use href='https://tracker.example/x.svg#a'/>"), "a link in a"),
            (svg("<image href='data:image/png;base64,AAAA'/>"), "has a &#60;image&#62;"),
            (svg("<g>"), "not XML"),
            (
                svg(&format!("<text>{}x{}</text>", "<tspan>".repeat(600), "</tspan>".repeat(600))),
                "nested more than",
            ),
            (svg(&"<svg>".repeat(1_000)), "not XML"),
            (svg("<meta xmlns='http://www.w3.org/1999/xhtml' http-equiv='refresh'/>"), "a &#60;meta&#62;"),
            // It passes the filter, and fails in the trial: no font has this glyph.
            (svg("<text y='3'>\u{10fffd}</text>"), "no report can be printed"),
            (vec![b' '; LOGO_BYTES_MAX + 1], "at most 524288"),
            (vec![b' '; 5 * LOGO_BYTES_MAX], "far too large"),
            (Vec::new(), "Choose a file."),
        ] {
            let answer = upload(&mut browser, &portal, &file).await;
            assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY, "{why}");
            assert!(answer.body.contains(why), "{why}: {}", answer.body);
            assert!(answer.body.contains("Nothing is stored"), "{why}");
        }
        let other = browser.post_bytes(&page(&portal), form("picture", PNG)).await;
        assert!(other.body.contains("Choose a file."), "{}", other.body);
        for (form, status) in [("logo=x", StatusCode::BAD_REQUEST), ("--end\r\n", StatusCode::BAD_REQUEST)] {
            assert_eq!(browser.post(&page(&portal), form).await.status, status, "{form}");
        }
        assert_eq!(portal.store.company_logo(portal.company).await.unwrap().unwrap().bytes, PNG);
        assert_eq!(portal.store.audit_events(None, 100).await.unwrap().len(), before);
        // Room for a file is there alone.
        let long = form("logo", &vec![b' '; LOGO_BYTES_MAX]);
        let company = format!("/staff/companies/{}/edit", portal.company);
        assert_eq!(browser.post_bytes(&company, long).await.status, StatusCode::BAD_REQUEST);
    }
}

#[tokio::test]
async fn whoever_is_no_admin_or_works_for_others_hands_nothing_in() {
    for portal in portals().await {
        let other = portal.store.insert_company("Second Brand", "UTC", "EUR", portal.now_ms()).await.unwrap();
        let mut olga = on_duty(&portal, "olga", StaffRole::Operator, StaffScope::All).await;
        assert_eq!(upload(&mut olga, &portal, PNG).await.status, StatusCode::FORBIDDEN);
        let scope = StaffScope::Companies([other].into());
        let mut zed = on_duty(&portal, "zed", StaffRole::Admin, scope).await;
        assert_eq!(upload(&mut zed, &portal, PNG).await.status, StatusCode::NOT_FOUND);
        assert_eq!(zed.post(&format!("{}/remove", page(&portal)), "").await.status, StatusCode::NOT_FOUND);
        assert!(portal.store.company_logo(portal.company).await.unwrap().is_none());
    }
}
