//! What is stored already, within a scope: files name things, the store numbers them.

use std::collections::hash_map::Entry;
use std::collections::{HashMap, HashSet};
use std::hash::Hash;

use jiff::tz::TimeZone;
use sla::LinkPort;
use store::{
    Client, Company, CompanyId, Router, RouterId, StaffScope, Store, StoreError, TakenName, folded_name,
};

use crate::{
    Fault, Options, add,
    table::{Row, Table},
};

pub(crate) struct Known {
    companies: Vec<Company>,
    pub(crate) clients: HashMap<(CompanyId, String), Client>,
    /// Names of routers are unique among all companies; those out of the scope are `None`.
    pub(crate) routers: HashMap<String, Option<Router>>,
    /// Names by their folded forms, for what must be unique.
    pub(crate) client_names: HashMap<(CompanyId, String), String>,
    pub(crate) router_names: HashMap<String, String>,
    pub(crate) circuits: HashMap<String, String>,
    /// Interfaces and PPP users that carry a link under contract.
    pub(crate) taken: HashSet<Place>,
}

/// What carries one link at a time: an interface of a router, or a PPP user of a company.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(crate) enum Place {
    Interface(RouterId, String),
    PppUser(CompanyId, String),
}

impl Place {
    pub(crate) fn of((company, router): (CompanyId, RouterId), interface: &str) -> Self {
        match LinkPort::of(interface) {
            LinkPort::Interface(name) => Self::Interface(router, name.to_owned()),
            LinkPort::PppUser(user) => Self::PppUser(company, user.to_owned()),
        }
    }
}

impl Known {
    pub(crate) async fn read(store: &Store, scope: &StaffScope) -> Result<Self, StoreError> {
        let mut clients = store.clients().await?;
        clients.retain(|client| scope.holds(client.company_id));
        let routers = store.routers().await?;
        let links = store.links().await?;
        let companies: HashMap<RouterId, CompanyId> =
            routers.iter().map(|router| (router.id, router.company_id)).collect();
        let live = links.iter().filter(|link| link.terminated_at_ms.is_none());
        Ok(Self {
            taken: live
                .filter_map(|link| {
                    let company = companies.get(&link.router_id)?;
                    Some(Place::of((*company, link.router_id), &link.interface))
                })
                .collect(),
            circuits: links.iter().map(|link| (folded_name(&link.circuit), link.circuit.clone())).collect(),
            client_names: clients
                .iter()
                .map(|client| ((client.company_id, folded_name(&client.name)), client.name.clone()))
                .collect(),
            clients: clients
                .into_iter()
                .map(|client| ((client.company_id, client.name.clone()), client))
                .collect(),
            router_names: routers
                .iter()
                .map(|router| (folded_name(&router.name), router.name.clone()))
                .collect(),
            routers: routers
                .into_iter()
                .map(|router| {
                    (router.name.clone(), Some(router).filter(|router| scope.holds(router.company_id)))
                })
                .collect(),
            companies: in_use(store.staff_companies(scope).await?),
        })
    }

    /// The company of a row: that of its column, that of the options, or the only one.
    pub(crate) fn company(
        &self,
        table: &Table,
        row: &Row,
        options: &Options<'_>,
    ) -> Result<&Company, String> {
        let cell = table.cell(row, "company");
        let name = if cell.is_empty() { options.company } else { Some(cell) };
        match (name, self.companies.as_slice()) {
            (Some(name), companies) => {
                let found = companies.iter().find(|company| company.name == name);
                found.ok_or_else(|| format!("There is no company {name:?}."))
            }
            (None, [only]) => Ok(only),
            (None, []) => Err("There is no company.".to_owned()),
            (None, _) => Err("There are several companies: name one.".to_owned()),
        }
    }

    pub(crate) fn company_of(&self, id: CompanyId) -> Option<&Company> {
        self.companies.iter().find(|company| company.id == id)
    }
}

/// What sells no more gets nothing new.
fn in_use(companies: Vec<Company>) -> Vec<Company> {
    companies.into_iter().filter(|company| company.retired_at_ms.is_none()).collect()
}

/// The clock of a company.
pub(crate) fn zone(company: &Company) -> TimeZone {
    TimeZone::get(&company.timezone).unwrap_or(TimeZone::UTC)
}

/// The faults of one row.
pub(crate) struct Checking<'a> {
    table: &'a Table,
    row: &'a Row,
    faults: &'a mut Vec<Fault>,
}

impl<'a> Checking<'a> {
    pub(crate) fn new(table: &'a Table, row: &'a Row, faults: &'a mut Vec<Fault>) -> Self {
        Self { table, row, faults }
    }

    pub(crate) fn cell(&self, column: &str) -> &'a str {
        self.table.cell(self.row, column)
    }

    pub(crate) fn fault(&mut self, column: &str, why: impl Into<String>) {
        add(self.faults, Fault { line: self.row.line, column: column.to_owned(), why: why.into() });
    }

    /// A name that nothing has already, and no line before.
    pub(crate) fn free<K: Eq + Hash>(
        &mut self,
        (column, what): (&str, &'static str),
        (key, given): (K, &str),
        taken: &HashMap<K, String>,
        seen: &mut HashMap<K, (u64, String)>,
    ) {
        let line = self.row.line;
        if let Some(existing) = taken.get(&key) {
            let taken = TakenName { what, existing: existing.clone(), given: given.to_owned() };
            self.fault(column, taken.sentence());
            return;
        }
        match seen.entry(key) {
            Entry::Vacant(free) => drop(free.insert((line, given.to_owned()))),
            Entry::Occupied(before) => {
                let (line, existing) = before.get();
                let taken = TakenName { what, existing: existing.clone(), given: given.to_owned() };
                let why = taken.on_line(*line);
                self.fault(column, why);
            }
        }
    }

    /// What `parse` makes of a cell; its error is the column's fault.
    pub(crate) fn parsed<T>(
        &mut self,
        column: &str,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        parse(self.cell(column)).map_err(|why| self.fault(column, why)).ok()
    }

    /// The same, an empty cell being `empty`.
    pub(crate) fn parsed_or<T>(
        &mut self,
        column: &str,
        empty: T,
        parse: impl FnOnce(&str) -> Result<T, String>,
    ) -> Option<T> {
        if self.cell(column).is_empty() { Some(empty) } else { self.parsed(column, parse) }
    }
}
