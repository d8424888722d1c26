//! `leaseline router edit`, `retire` and `poll`.

use serde_json::json;
use store::{RouterFields, StaffScope, Store};

use super::{act, operator, password_file, refused, router, router_named};
use crate::{cli::RouterEditArgs, output::Printer};

pub(super) async fn edit(store: &Store, args: RouterEditArgs, printer: &Printer) -> anyhow::Result<()> {
    let named = router_named(store, &args.router).await?;
    for (what, text) in [("router name", &args.name), ("user name", &args.username)] {
        if let Some(text) = text {
            super::check_name(what, text)?;
        }
    }
    let given = args.address.as_deref().map(|text| router::host("--address", text)).transpose()?;
    let code_page = match args.code_page.as_deref() {
        Some("") => Some(None),
        Some(name) => Some(Some(router::code_page(name)?)),
        None => None,
    };
    let password = args.password_file.as_deref().map(password_file::read).transpose()?;
    let (before, shown) = store.shown_router(&StaffScope::All, named.id).await?;
    let address = given.as_deref().unwrap_or(&before.address);
    let port = args.port.unwrap_or(before.port);
    let (tls, remark) = match &args.tls {
        Some(choice) => router::tls(choice, address, port).await?,
        None => (before.tls.clone(), ""),
    };
    let fields = RouterFields {
        name: args.name.as_deref().unwrap_or(&before.name),
        address,
        port,
        username: args.username.as_deref().unwrap_or(&before.username),
        tls,
    };
    store
        .staff_edit_router(&act(&operator()), (named.id, &shown), &fields, password.as_ref())
        .await
        .map_err(refused)?;
    if let Some(code_page) = code_page {
        store.staff_set_router_code_page(&act(&operator()), named.id, code_page).await.map_err(refused)?;
    }
    let words = format!("Router {}: {address}:{port}, user {}. {remark}", fields.name, fields.username);
    let said = json!({ "id": named.id, "name": fields.name, "address": address, "port": port });
    printer.said(words.trim_end(), &said)
}

/// Has a router polled, or no longer.
pub(super) async fn poll(store: &Store, name: &str, active: bool, printer: &Printer) -> anyhow::Result<()> {
    let router = router_named(store, name).await?;
    store.staff_poll_router(&act(&operator()), router.id, active).await.map_err(refused)?;
    let words = if active { "is polled from now on" } else { "is polled no longer" };
    printer.said(&format!("{name} {words}."), &json!({ "id": router.id, "name": name, "active": active }))
}
