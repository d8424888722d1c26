use std::collections::HashMap;

use secrecy::SecretString;
use store::{CompanyId, ImportRow, NewRouter, RouterTls, StaffAct, Store, folded_name};

use crate::{
    Column, Options, Trouble, field,
    known::{Checking, Known},
    table::{Row, Table},
};

pub(crate) const COLUMNS: &[Column] = &[
    Column { name: "name", required: true, about: "the router's name, unique" },
    Column { name: "address", required: true, about: "host name or IP address" },
    Column { name: "username", required: true, about: "API user, with the policies api, read and test" },
    Column {
        name: "password",
        required: false,
        about: "that user's password, unless all have one (--password-file)",
    },
    Column { name: "port", required: false, about: "API port; 8729 unless tls is off, then 8728" },
    Column { name: "tls", required: false, about: "system (default), pin:SHA-256 or off" },
    Column {
        name: "code_page",
        required: false,
        about: "code page of names and comments on it that are not UTF-8, e.g. windows-1251 or gbk",
    },
    Column { name: "company", required: false, about: "whose router; needed if there are several companies" },
];
const API_PORT: u16 = 8728;
const API_SSL_PORT: u16 = 8729;

struct Typed {
    company: CompanyId,
    name: String,
    address: String,
    port: u16,
    username: String,
    password: SecretString,
    tls: RouterTls,
    code_page: Option<&'static str>,
}

pub(crate) async fn import(
    store: &Store,
    act: &StaffAct<'_>,
    table: &Table,
    known: &Known,
    options: &Options<'_>,
) -> Result<(), Trouble> {
    let mut faults = Vec::new();
    let mut seen: HashMap<String, (u64, String)> = HashMap::new();
    let mut routers = Vec::new();
    for row in &table.rows {
        let mut check = Checking::new(table, row, &mut faults);
        let Some(typed) = typed(&mut check, (table, row), known, options) else { continue };
        let key = folded_name(&typed.name);
        check.free(("name", "router"), (key, &typed.name), &known.router_names, &mut seen);
        routers.push(typed);
    }
    if !faults.is_empty() {
        return Err(faults.into());
    }
    if !options.dry_run {
        let rows: Vec<ImportRow<'_>> = routers.iter().map(Typed::row).collect();
        store.import_rows(act, &rows).await?;
    }
    Ok(())
}

impl Typed {
    fn row(&self) -> ImportRow<'_> {
        let router = NewRouter {
            company_id: self.company,
            name: &self.name,
            address: &self.address,
            port: self.port,
            username: &self.username,
            password: &self.password,
            tls: self.tls.clone(),
        };
        ImportRow::Router { router, code_page: self.code_page }
    }
}

fn typed(
    check: &mut Checking<'_>,
    (table, row): (&Table, &Row),
    known: &Known,
    options: &Options<'_>,
) -> Option<Typed> {
    let company = known.company(table, row, options).map_err(|why| check.fault("company", why)).ok();
    let name = check.parsed("name", field::name);
    let address = check.parsed("address", field::host);
    let username = check.parsed("username", field::name);
    let tls = check.parsed_or("tls", RouterTls::System, tls);
    let usual = if tls == Some(RouterTls::Off) { API_PORT } else { API_SSL_PORT };
    let port = check.parsed_or("port", usual, field::port);
    let code_page = check.parsed_or("code_page", None, |text| field::code_page(text).map(Some));
    let password = match (check.cell("password"), &options.router_password) {
        ("", Some(password)) => Some(password.clone()),
        ("", None) => {
            check.fault("password", "This must not be empty.");
            None
        }
        (password, _) => Some(SecretString::from(password)),
    };
    Some(Typed {
        company: company?.id,
        name: name?,
        address: address?,
        port: port?,
        username: username?,
        password: password?,
        tls: tls?,
        code_page: code_page?,
    })
}

fn tls(text: &str) -> Result<RouterTls, String> {
    match text.split_once(':') {
        None if text.eq_ignore_ascii_case("off") => Ok(RouterTls::Off),
        None if text.eq_ignore_ascii_case("system") => Ok(RouterTls::System),
        Some((pin, digits)) if pin.eq_ignore_ascii_case("pin") => {
            field::fingerprint(digits).map(RouterTls::Pinned)
        }
        _ => Err("Write system, off, or pin: and the SHA-256 of the certificate.".to_owned()),
    }
}
