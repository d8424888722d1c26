//! What is stored as a file that [`import_csv`](crate::import_csv) would read: rows by company and name, without what is
//! retired. Passwords are in no file.

use std::collections::BTreeMap;

use jiff::tz::TimeZone;
use store::{Client, Company, CompanyId, Link, LinkTerms, Router, RouterTls, StaffScope, Store, StoreError};

use crate::Kind;

/// Tells spreadsheets that a file is UTF-8; every CSV file that leaves the program begins with it, and imports take it off.
pub const BYTE_ORDER_MARK: &str = "\u{feff}";

/// Everything of a kind within the scope, of one company if it is named.
///
/// # Errors
/// Those of the database; [`StoreError::NotFound`] for a company out of the scope; [`StoreError::Invalid`] if a company's zone
/// is not known on this machine.
pub async fn export_csv(
    store: &Store,
    scope: &StaffScope,
    kind: Kind,
    company: Option<CompanyId>,
    now_ms: i64,
) -> Result<Vec<u8>, StoreError> {
    let companies = match company {
        Some(id) => vec![store.staff_company(scope, id).await?],
        None => store.staff_companies(scope).await?,
    };
    let columns = kind.columns();
    let mut writer = csv::Writer::from_writer(BYTE_ORDER_MARK.as_bytes().to_vec());
    let failed = |error: csv::Error| StoreError::Invalid { what: "a row", why: error.to_string() };
    writer.write_record(columns.iter().map(|column| column.name)).map_err(failed)?;
    let all = All::read(store).await?;
    for company in &companies {
        let rows: Vec<BTreeMap<&str, String>> = match kind {
            Kind::Clients => all.clients_of(company).map(|client| client_row(company, client)).collect(),
            Kind::Routers => all.routers_of(company).map(|router| router_row(company, router)).collect(),
            Kind::Links => all.link_rows(store, company, now_ms).await?,
        };
        for mut row in rows {
            let cells = columns.iter().map(|column| guarded(row.remove(column.name).unwrap_or_default()));
            writer.write_record(cells).map_err(failed)?;
        }
    }
    writer.into_inner().map_err(|error| StoreError::Invalid { what: "a row", why: error.to_string() })
}

/// What a spreadsheet would take for a formula gets a mark before it, which an import takes away again.
fn guarded(cell: String) -> String {
    if is_formula(&cell) { format!("'{cell}") } else { cell }
}

/// Whether a spreadsheet would reckon with it.
pub(crate) fn is_formula(cell: &str) -> bool {
    cell.starts_with(['=', '+', '-', '@', '\t', '\r', '＝', '＋', '－', '＠'])
}

/// What is stored, without what is retired.
struct All {
    clients: Vec<Client>,
    routers: Vec<Router>,
}

impl All {
    async fn read(store: &Store) -> Result<Self, StoreError> {
        let mut clients = store.clients().await?;
        clients.retain(|client| client.retired_at_ms.is_none());
        let mut routers = store.routers().await?;
        routers.retain(|router| router.active);
        Ok(Self { clients, routers })
    }

    fn clients_of(&self, company: &Company) -> impl Iterator<Item = &Client> {
        self.clients.iter().filter(|client| client.company_id == company.id)
    }

    fn routers_of(&self, company: &Company) -> impl Iterator<Item = &Router> {
        self.routers.iter().filter(|router| router.company_id == company.id)
    }

    async fn link_rows(
        &self,
        store: &Store,
        company: &Company,
        now_ms: i64,
    ) -> Result<Vec<BTreeMap<&'static str, String>>, StoreError> {
        let zone = TimeZone::get(&company.timezone)
            .map_err(|error| StoreError::Invalid { what: "a company's time zone", why: error.to_string() })?;
        let mut rows = Vec::new();
        for client in self.clients_of(company) {
            let terms = store.terms_for_client(client.id).await?;
            let measured_from = store.set_starts_of_measuring(client.id).await?;
            for link in store.links_of_client(client.id).await? {
                let router = self.routers.iter().find(|router| router.id == link.router_id);
                let Some(router) = router else { continue };
                if link.terminated_at_ms.is_some_and(|end_ms| end_ms <= now_ms) {
                    continue;
                }
                let mut in_force =
                    terms.iter().filter(|terms| terms.link_id == link.id && terms.valid_from_ms <= now_ms);
                let mut row = link_row((company, client, router), &link, in_force.next_back(), &zone);
                // A first poll is one of this installation, and none of that which reads the file.
                let from_ms = measured_from.get(&link.id);
                row.extend(from_ms.map(|ms| ("measured_from", crate::field::moment_text(*ms, &zone))));
                rows.push(row);
            }
        }
        Ok(rows)
    }
}

fn client_row(company: &Company, client: &Client) -> BTreeMap<&'static str, String> {
    BTreeMap::from([("name", client.name.clone()), ("company", company.name.clone())])
}

fn router_row(company: &Company, router: &Router) -> BTreeMap<&'static str, String> {
    let tls = match &router.tls {
        RouterTls::Off => "off".to_owned(),
        // An authority of one's own does not fit into a cell.
        RouterTls::System | RouterTls::CaPem(_) => "system".to_owned(),
        RouterTls::Pinned(digest) => format!("pin:{}", digest.map(|byte| format!("{byte:02x}")).concat()),
    };
    BTreeMap::from([
        ("name", router.name.clone()),
        ("address", router.address.clone()),
        ("username", router.username.clone()),
        ("port", router.port.to_string()),
        ("tls", tls),
        ("code_page", router.code_page.clone().unwrap_or_default()),
        ("company", company.name.clone()),
    ])
}

fn link_row(
    (company, client, router): (&Company, &Client, &Router),
    link: &Link,
    terms: Option<&LinkTerms>,
    zone: &TimeZone,
) -> BTreeMap<&'static str, String> {
    let figure =
        |of: fn(&LinkTerms) -> &Option<String>| terms.and_then(|terms| of(terms).clone()).unwrap_or_default();
    let text = |value: &Option<String>| value.clone().unwrap_or_default();
    let down_when = match terms.map(|terms| terms.down_when) {
        Some(store::DownWhen::InterfaceOrNoAnswer) => "no-answer",
        _ => "interface",
    };
    BTreeMap::from([
        ("circuit", link.circuit.clone()),
        ("client", client.name.clone()),
        ("router", router.name.clone()),
        ("interface", link.interface.clone()),
        ("type", link.kind.clone()),
        ("committed_mbps", mbps(link.committed_bps)),
        ("activated", day(link.activated_at_ms, zone)),
        ("uptime", figure(|terms| &terms.uptime_pct)),
        ("latency_ms", figure(|terms| &terms.latency_ms)),
        ("loss_pct", figure(|terms| &terms.loss_pct)),
        ("down_when", down_when.to_owned()),
        ("probe_target", text(&link.probe_target)),
        ("facing", link.facing.as_str().to_owned()),
        ("site", text(&link.site)),
        ("service_ref", text(&link.service_ref)),
        ("company", company.name.clone()),
    ])
}

fn day(at_ms: i64, zone: &TimeZone) -> String {
    jiff::Timestamp::from_millisecond(at_ms)
        .map_or_else(|_| at_ms.to_string(), |at| at.to_zoned(zone.clone()).date().to_string())
}

/// Without a rounding error: bits per second have six places as Mbit/s.
fn mbps(bps: i64) -> String {
    let text = format!("{}.{:06}", bps / 1_000_000, bps % 1_000_000);
    text.trim_end_matches('0').trim_end_matches('.').to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn megabits_are_written_as_they_are_read() {
        for bps in [1, 2_500_000, 100_000_000, 1_234_567, 10_000_000_000_000] {
            assert_eq!(crate::field::mbps(&mbps(bps)), Ok(bps));
        }
    }
}
