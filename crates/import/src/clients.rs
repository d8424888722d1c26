use std::collections::HashMap;

use store::{CompanyId, ImportRow, StaffAct, Store, folded_name};

use crate::{
    Column, Options, Trouble, field,
    known::{Checking, Known},
    table::Table,
};

pub(crate) const COLUMNS: &[Column] = &[
    Column { name: "name", required: true, about: "the client's name, unique in its company" },
    Column { name: "company", required: false, about: "whose client; needed if there are several companies" },
];

pub(crate) async fn import(
    store: &Store,
    act: &StaffAct<'_>,
    table: &Table,
    known: &Known,
    options: &Options<'_>,
) -> Result<(), Trouble> {
    let mut faults = Vec::new();
    let mut seen: HashMap<(CompanyId, String), (u64, String)> = HashMap::new();
    let mut clients = Vec::new();
    for row in &table.rows {
        let mut check = Checking::new(table, row, &mut faults);
        let company = known.company(table, row, options).map_err(|why| check.fault("company", why)).ok();
        let name = check.parsed("name", field::name);
        let (Some(company), Some(name)) = (company, name) else { continue };
        let key = (company.id, folded_name(&name));
        check.free(("name", "client"), (key, &name), &known.client_names, &mut seen);
        clients.push((company.id, name));
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    if !options.dry_run {
        let rows: Vec<ImportRow<'_>> =
            clients.iter().map(|(company, name)| ImportRow::Client { company: *company, name }).collect();
        store.import_rows(act, &rows).await?;
    }
    Ok(())
}
