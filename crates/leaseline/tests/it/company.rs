use crate::installation::Installation;

/// Eight bytes of signature and a header that says 2 × 2 pixels.
const PNG: &[u8] = b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR\0\0\0\x02\0\0\0\x01\x08\x02\0\0\0{@\xe8\xdd\0\0\0\rIDATx\x9cc8\xa0\0\x04\x07\0\x07\x07\x02\x01\xa9\x80\xf6\x14\0\0\0\0IEND\xaeB`\x82";

#[test]
fn a_company_is_edited_field_by_field_and_shown() {
    let it = Installation::new();
    let logo = it.folder().join("logo.png");
    std::fs::write(&logo, PNG).expect("written");
    it.ok(&[
        "company",
        "edit",
        "--support-email",
        "help@isp.example",
        "--support-phone",
        "+91 20 1234",
        "--accent",
        "#0a66c2",
        "--logo",
        &logo.display().to_string(),
        "--attach-pdf",
        "no",
        "--reports",
        "per_link",
        "--mail-from",
        "sla@isp.example",
        "--add-operations",
        "noc@isp.example",
        "--add-operations",
        "cto@isp.example",
        "--mail-off",
        "report_ready",
    ]);
    let shown = it.json(&["company", "show"]);
    assert_eq!(shown["support_email"], "help@isp.example");
    assert_eq!(shown["accent"], "#0a66c2");
    assert_eq!(shown["logo"]["type"], "image/png");
    assert_eq!((&shown["attach_pdf"], &shown["reports"]), (&false.into(), &"per_link".into()));
    assert_eq!(shown["operations"], serde_json::json!(["cto@isp.example", "noc@isp.example"]));
    assert_eq!((&shown["mail"]["report_ready"], &shown["mail"]["sla_breach"]), (&false.into(), &true.into()));

    it.ok(&[
        "company",
        "edit",
        "Testnet",
        "--name",
        "Bestnet",
        "--support-phone",
        "",
        "--no-logo",
        "--remove-operations",
        "cto@isp.example",
    ]);
    let shown = it.json(&["company", "show", "Bestnet"]);
    assert_eq!(shown["support_phone"], serde_json::Value::Null);
    assert_eq!(shown["logo"], serde_json::Value::Null);
    assert_eq!(shown["support_email"], "help@isp.example", "what is not named stays");
    let text = it.ok(&["company", "show"]);
    assert!(text.contains("operations list") && text.contains("noc@isp.example"), "{text}");
    assert!(it.ok(&["company", "list"]).contains("Bestnet"));
}

#[test]
fn an_edit_with_a_mistake_in_it_changes_nothing() {
    let it = Installation::new();
    let before = it.json(&["company", "show"]);
    let text = it.file("logo.txt", "not a picture");
    let active =
        it.file("active.svg", "<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>");
    let large = it.folder().join("large.png");
    std::fs::write(&large, [PNG, &vec![0; 600 * 1024]].concat()).expect("written");
    let large = large.display().to_string();
    let cases: &[(&[&str], &str)] = &[
        (&["Nobody", "--accent", "#000000"], "Nobody"),
        (&["--accent", "blue"], "blue"),
        (&["--mail-from", "nobody"], "nobody"),
        (&["--support-email", "nobody"], "nobody"),
        (&["--add-operations", "nobody"], "nobody"),
        (&["--logo", &text], "logo.txt"),
        (&["--logo", &active], "the SVG has a <script>"),
        (&["--logo", &large], "bytes"),
        (&["--logo", "/no/such.png"], "/no/such.png"),
        (&["--mail-on", "birthday"], "birthday"),
        (&["--attach-pdf", "maybe"], "yes or no"),
        (&["--remove-operations", "x@y.example"], "not on the operations list"),
        (&["--name", " "], "empty"),
    ];
    for (args, expected) in cases {
        // Something right stands beside the mistake.
        let args = [&["company", "edit"], *args, &["--support-phone", "1"]].concat();
        let output = it.run(&args);
        let line = String::from_utf8_lossy(&output.stderr);
        assert_eq!(output.status.code(), Some(2), "{args:?}: {line}");
        assert!(line.contains(expected), "{args:?} should say {expected}: {line}");
        assert_eq!(it.json(&["company", "show"]), before, "{args:?}");
    }
}
