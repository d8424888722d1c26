//! What is stored already, within a scope: files name things, the store numbers them.

use std::collections::{HashMap, HashSet};

use jiff::tz::TimeZone;
use store::{Client, Company, CompanyId, Router, RouterId, StaffScope, Store, StoreError};

use crate::{
    Fault, Options, add,
    table::{Row, Table},
};

pub(crate) struct Known {
    companies: Vec<Company>,
    pub(crate) clients: HashMap<(CompanyId, String), Client>,
    /// Names of routers are unique among all companies; those out of the scope are `None`.
    pub(crate) routers: HashMap<String, Option<Router>>,
    pub(crate) circuits: HashSet<String>,
    /// Interfaces that carry a link under contract.
    pub(crate) taken: HashSet<(RouterId, String)>,
}

impl Known {
    pub(crate) async fn read(store: &Store, scope: &StaffScope) -> Result<Self, StoreError> {
        let clients = store.clients().await?.into_iter().filter(|client| scope.holds(client.company_id));
        let routers = store.routers().await?.into_iter();
        let links = store.links().await?;
        let live = links.iter().filter(|link| link.terminated_at_ms.is_none());
        Ok(Self {
            taken: live.map(|link| (link.router_id, link.interface.clone())).collect(),
            circuits: links.iter().map(|link| link.circuit.clone()).collect(),
            clients: clients.map(|client| ((client.company_id, client.name.clone()), client)).collect(),
            routers: routers
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
