//! The process that draws uploaded logos, given what the filter would have refused.

use std::{
    io::Write,
    process::{Command, ExitStatus, Stdio},
};

use crate::installation::Installation;

fn trial(file: &[u8], limits: &[&str]) -> (ExitStatus, String) {
    let mut child = Command::new(env!("CARGO_BIN_EXE_leaseline"))
        .arg("logo-trial")
        .args(limits)
        .stdin(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("the binary runs");
    // One that dies early does not read it all.
    child.stdin.take().expect("a pipe").write_all(file).ok();
    let output = child.wait_with_output().expect("it ends");
    (output.status, String::from_utf8_lossy(&output.stderr).into_owned())
}

fn svg(inside: &str) -> Vec<u8> {
    format!("<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 90 30'>{inside}</svg>").into_bytes()
}

#[test]
fn a_logo_is_drawn_in_a_process_of_its_own_that_says_why_not() {
    let (status, said) = trial(&svg("<path d='M0 0h9v3z'/>"), &[]);
    assert_eq!((status.code(), said.as_str()), (Some(0), ""));
    let (status, said) = trial(b"<svg>", &[]);
    assert_eq!((status.code(), said.trim()), (Some(3), "the SVG is damaged: save it anew and try again"));
}

#[test]
fn a_hostile_logo_ends_the_process_that_draws_it_and_no_other() {
    // Ten times as many copies on each level.
    let copies: String = (1..=8)
        .map(|n| format!("<g id='u{n}'>{}</g>", format!("<use href='#u{}'/>", n - 1).repeat(10)))
        .collect();
    let tspans = format!("<text>{}x{}</text>", "<tspan>".repeat(4_000), "</tspan>".repeat(4_000));
    for (file, limits) in [
        (svg(&tspans), ["--memory-bytes", "1073741824"]),
        (svg(&format!("<g id='u0'><rect width='9' height='9'/></g>{copies}")), ["--cpu-seconds", "1"]),
    ] {
        let (status, said) = trial(&file, &limits);
        assert!(!status.success(), "{limits:?}: {status}: {said}");
    }
}

#[test]
fn doctor_names_a_stored_logo_that_is_left_out() {
    let it = Installation::new();
    let logo = it.file("logo.svg", "<svg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 9 3'><g/></svg>");
    it.ok(&["company", "edit", "--logo", &logo]);
    let steps = |output: std::process::Output| String::from_utf8_lossy(&output.stdout).into_owned();
    let fine = steps(it.run(&["doctor"]));
    assert!(fine.contains("logo of Testnet") && fine.contains("can be printed"), "{fine}");
    let stored = store::Logo {
        kind: store::LogoType::Svg,
        bytes: svg("<a href='#x'><text>an earlier version allowed this</text></a>"),
    };
    tokio::runtime::Runtime::new().expect("a runtime").block_on(async {
        let store = it.store().await;
        let company = store.companies().await.expect("read").remove(0);
        store.set_company_logo(company.id, Some(&stored), "test", 1_790_793_000_000).await.expect("written");
        store.close().await;
    });
    let left_out = steps(it.run(&["doctor"]));
    assert!(left_out.contains("left out of pages and PDFs: the SVG has a <a>"), "{left_out}");
}

#[test]
fn a_name_that_no_font_can_print_is_named_by_doctor() {
    let it = Installation::new();
    let said = |it: &Installation| String::from_utf8_lossy(&it.run(&["doctor"]).stdout).into_owned();
    it.ok(&["client", "add", "--name", "தமிழ் நிறுவனம்"]);
    assert!(said(&it).contains("PDFs can print all names"), "{}", said(&it));
    it.ok(&["client", "add", "--name", "\u{12345} Ltd"]);
    // Its font may be on the machine.
    let settings = "[report]\nfont_folders = []\n";
    std::fs::write(it.data().join("leaseline.toml"), settings).expect("written");
    let without = said(&it);
    assert!(without.contains("the customer \u{12345} Ltd") && without.contains("(U+12345)"), "{without}");
}
