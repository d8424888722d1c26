//! Searching regardless of case, alike on both engines.

use store::{StaffAsk, StaffScope, Store};

use crate::database::on_both;
use crate::fixture::{START_MS, isp};

async fn found(store: &Store, search: &str) -> Vec<String> {
    let ask = StaffAsk { search, page: 1 };
    let page = store.staff_clients(&StaffScope::All, START_MS, ask).await.unwrap();
    page.rows.into_iter().map(|row| row.name).collect()
}

on_both! {
    /// SQLite's LOWER knows ASCII alone, and so does PostgreSQL's in the locale C.
    async fn a_search_finds_every_script_in_either_case(db) {
        let isp = isp(&db.store).await;
        let names = ["Élodie SA", "ООО Москва", "Αθήνα Δίκτυα", "İstanbul Ltd", "Straße GmbH", "東京ネット", "ÅNGSTRÖM"];
        for name in names {
            db.store.insert_client(isp.company, name, START_MS).await.unwrap();
        }
        for (search, name) in [
            ("élodie", "Élodie SA"),
            ("ÉLODIE", "Élodie SA"),
            ("мосКВА", "ООО Москва"),
            ("ΑΘΉΝΑ", "Αθήνα Δίκτυα"),
            ("δίκτυα", "Αθήνα Δίκτυα"),
            ("istanbul", "İstanbul Ltd"),
            ("İSTANBUL", "İstanbul Ltd"),
            ("STRAẞE", "Straße GmbH"),
            ("京ネ", "東京ネット"),
            ("ångström", "ÅNGSTRÖM"),
        ] {
            assert_eq!(found(&db.store, search).await, [name], "{search}");
        }
        assert_eq!(found(&db.store, "elodie").await, [""; 0], "another letter");
        assert_eq!(found(&db.store, "").await.len(), names.len() + 2, "all, those of the fixture too");
    }

    /// What a pattern gives a meaning finds itself and nothing else.
    async fn a_search_takes_special_characters_literally(db) {
        let isp = isp(&db.store).await;
        let special = r"%_*?[]^-\.(){}|+$#!'";
        let names: Vec<String> = special.chars().map(|letter| format!("x{letter}y")).collect();
        for name in names.iter().map(String::as_str).chain(["xy", "xay", "x1y", special]) {
            db.store.insert_client(isp.company, name, START_MS).await.unwrap();
        }
        for name in &names {
            assert_eq!(found(&db.store, name).await, [name.as_str()], "{name}");
        }
        assert_eq!(found(&db.store, special).await, [special], "all in a row");
        for nothing in ["x.*y", "x[a]y", "x[^1]y", "x(a)y", "x\\wy", "(?i)xay", "***=xay", "x{1}y"] {
            assert_eq!(found(&db.store, nothing).await, [""; 0], "{nothing}");
        }
    }
}
