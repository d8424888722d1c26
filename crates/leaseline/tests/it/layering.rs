//! Who may depend on whom, as the map in ARCHITECTURE.md draws it. `deny.toml` holds the same for cargo-deny.

use std::{collections::BTreeMap, path::Path, process::Command};

use serde_json::Value;

/// Our crates and what of ours each may use outside its tests.
const MAY_USE: &[(&str, &[&str])] = &[
    ("routeros", &[]),
    ("routeros-sim", &["routeros"]),
    ("sla", &[]),
    ("store", &["sla"]),
    ("collector", &["routeros", "sla", "store"]),
    ("report", &["sla"]),
    ("closing", &["report", "sla", "store"]),
    ("alert", &["closing", "report", "sla", "store"]),
    ("import", &["sla", "store"]),
    ("jobs", &["alert", "closing", "report", "sla", "store"]),
    ("web", &["alert", "closing", "import", "report", "sla", "store"]),
    (
        "leaseline",
        &[
            "alert",
            "collector",
            "import",
            "jobs",
            "report",
            "routeros",
            "routeros-sim",
            "sla",
            "store",
            "web",
        ],
    ),
    (
        "benches",
        &["collector", "import", "jobs", "report", "routeros", "routeros-sim", "sla", "store", "web"],
    ),
];

/// Libraries that own an outside thing, and the only crates of ours that may name them.
const NAMED_ONLY_BY: &[(&str, &[&str])] = &[
    ("sqlx", &["store"]),
    ("rusqlite", &["store"]),
    ("axum", &["web", "benches"]),
    ("axum-extra", &["web"]),
    ("askama", &["web", "report"]),
    ("tower-http", &["web"]),
    ("hyper", &["web"]),
    ("hyper-util", &["web"]),
    ("argon2", &["web"]),
    ("chacha20poly1305", &["store"]),
    ("clap", &["leaseline", "routeros-sim"]),
    ("anyhow", &["leaseline", "benches"]),
    ("lettre", &["jobs"]),
    ("reqwest", &["jobs"]),
    ("typst", &["report"]),
];

/// Crates that do arithmetic only.
const PURE: &[&str] = &["sla", "report"];
const IMPURE: &[&str] = &["tokio", "sqlx", "axum", "reqwest", "futures-util", "tracing"];

fn workspace() -> BTreeMap<String, Vec<String>> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    let output = Command::new(env!("CARGO"))
        .args(["metadata", "--format-version", "1", "--no-deps", "--offline"])
        .current_dir(root)
        .output()
        .expect("cargo runs");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    let metadata: Value = serde_json::from_slice(&output.stdout).expect("cargo prints JSON");
    let text = |value: &Value| value.as_str().expect("text").to_owned();
    let packages = metadata["packages"].as_array().expect("packages");
    packages
        .iter()
        .map(|package| {
            let dependencies = package["dependencies"].as_array().expect("dependencies").iter();
            let normal = dependencies.filter(|dependency| dependency["kind"] != "dev");
            (text(&package["name"]), normal.map(|dependency| text(&dependency["name"])).collect())
        })
        .collect()
}

#[test]
fn our_crates_use_only_what_the_map_allows() {
    let workspace = workspace();
    let known: Vec<&str> = MAY_USE.iter().map(|(name, _)| *name).collect();
    for (name, dependencies) in &workspace {
        let allowed = MAY_USE.iter().find(|(known, _)| known == name);
        let (_, allowed) =
            allowed.unwrap_or_else(|| panic!("{name} is not on the map: add it, and to ARCHITECTURE.md"));
        for ours in dependencies.iter().filter(|dependency| known.contains(&dependency.as_str())) {
            assert!(allowed.contains(&ours.as_str()), "{name} must not use {ours}");
        }
    }
    assert_eq!(workspace.len(), MAY_USE.len(), "a crate of the map is missing");
}

#[test]
fn each_outside_thing_has_one_owner() {
    for (name, dependencies) in workspace() {
        for (library, owners) in NAMED_ONLY_BY {
            let named = dependencies.iter().any(|dependency| dependency == library);
            assert!(
                !named || owners.contains(&name.as_str()),
                "{name} must not name {library}; {owners:?} may"
            );
        }
    }
}

#[test]
fn arithmetic_has_no_means_of_input_or_output() {
    let workspace = workspace();
    for name in PURE {
        for library in IMPURE {
            assert!(
                !workspace[*name].iter().any(|dependency| dependency == library),
                "{name} must not use {library}"
            );
        }
    }
}

#[test]
fn every_crate_is_under_the_shared_lints() {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    for name in workspace().keys() {
        let folder = if name == "benches" { root.join(name) } else { root.join("crates").join(name) };
        let manifest = std::fs::read_to_string(folder.join("Cargo.toml")).expect("a manifest");
        assert!(manifest.contains("[lints]\nworkspace = true"), "{name} must take [workspace.lints]");
    }
}
