use std::path::Path;

use serde_json::{Value, json};
use store::{Company, CompanyEdit, Logo, NotificationEvent, Store, StoreError};

use super::{act, init, operator, refused};
use crate::{
    cli::{CompanyCommand, CompanyEditArgs},
    clock::now_ms,
    fault::wrong_use,
    moment,
    output::Printer,
};

pub(super) async fn run(store: &Store, command: CompanyCommand, printer: &Printer) -> anyhow::Result<()> {
    match command {
        CompanyCommand::List => list(store, printer).await,
        CompanyCommand::Show { name } => {
            let company = super::company(store, name.as_deref()).await?;
            let shown = whole(store, &company).await?;
            printer.said(words(&shown).trim_end(), &shown)
        }
        CompanyCommand::Add(args) => {
            super::check_name("company name", &args.name)?;
            moment::zone(&args.timezone)?;
            let currency = init::currency(&args.currency)?;
            let new = (args.name.as_str(), args.timezone.as_str(), currency.as_str());
            let id = store.staff_add_company(&act(&operator()), new).await.map_err(refused)?;
            printer
                .said(&format!("Added the company {}.", args.name), &json!({ "id": id, "name": args.name }))
        }
        CompanyCommand::Retire { name } => {
            let company = super::company(store, Some(&name)).await?;
            store.staff_retire_company(&act(&operator()), company.id).await.map_err(refused)?;
            printer.said(&format!("{name} is retired."), &json!({ "id": company.id, "name": name }))
        }
        CompanyCommand::Edit(args) => edit(store, &args, printer).await,
    }
}

async fn list(store: &Store, printer: &Printer) -> anyhow::Result<()> {
    let companies = store.companies().await?;
    printer.list(&companies, ["name", "zone", "currency", "support"], |company| {
        let support = [&company.support_email, &company.support_phone];
        let support: Vec<&str> = support.into_iter().flatten().map(String::as_str).collect();
        [company.name.clone(), company.timezone.clone(), company.currency.clone(), support.join(", ")]
    })
}

async fn edit(store: &Store, args: &CompanyEditArgs, printer: &Printer) -> anyhow::Result<()> {
    let company = super::company(store, args.company.as_deref()).await?;
    let (by, now) = (operator(), now_ms());
    // Everything that can be wrong is looked at before the first change is written.
    if let Some(name) = &args.name {
        super::check_name("company name", name)?;
    }
    for email in args.support_email.iter().filter(|text| !text.is_empty()) {
        super::user::check_email(email)?;
    }
    for recipient in &args.add_operations {
        store::recipient(recipient).map_err(refused)?;
    }
    let on_list = store.notification_recipients(company.id).await?;
    for recipient in &args.remove_operations {
        if !store::recipient(recipient).is_ok_and(|recipient| on_list.contains(&recipient)) {
            return Err(wrong_use(format!("{recipient} is not on the operations list")));
        }
    }
    let logo = match &args.logo {
        Some(file) => Some(read_logo(file).await?),
        None => None,
    };
    let events = events(&args.mail_on, true)?.into_iter().chain(events(&args.mail_off, false)?);
    let edit = CompanyEdit {
        name: args.name.as_deref(),
        support_email: args.support_email.as_deref().map(given),
        support_phone: args.support_phone.as_deref().map(given),
        accent: args.accent.as_deref().map(given),
        attach_pdf: args.attach_pdf,
        reports: args.reports,
        mail_from: args.mail_from.as_deref().map(given),
        ..CompanyEdit::default()
    };
    let company = store.edit_company(company.id, &edit, &by, now).await.map_err(refused)?;
    if args.no_logo || logo.is_some() {
        store.set_company_logo(company.id, logo.as_ref(), &by, now).await.map_err(refused)?;
    }
    for (event, enabled) in events {
        store.set_notification(company.id, event, enabled, &by, now).await?;
    }
    for recipient in &args.add_operations {
        match store.add_notification_recipient(company.id, recipient, &by, now).await {
            // It is on the list, which is what was asked for.
            Ok(()) | Err(StoreError::Duplicate { .. }) => {}
            Err(error) => return Err(refused(error)),
        }
    }
    for recipient in &args.remove_operations {
        store.remove_notification_recipient(company.id, recipient, &by, now).await?;
    }
    let shown = whole(store, &company).await?;
    printer.said(words(&shown).trim_end(), &shown)
}

fn given(text: &str) -> Option<&str> {
    Some(text).filter(|text| !text.is_empty())
}

fn events(names: &[String], enabled: bool) -> anyhow::Result<Vec<(NotificationEvent, bool)>> {
    names.iter().map(|name| Ok((name.parse().map_err(refused)?, enabled))).collect()
}

/// A logo that reports can be printed with.
async fn read_logo(file: &Path) -> anyhow::Result<Logo> {
    let trouble = |what: &dyn std::fmt::Display| wrong_use(format!("the logo in {}: {what}", file.display()));
    let length = std::fs::metadata(file).map_err(|error| trouble(&error))?.len();
    if length > report::LOGO_BYTES_MAX as u64 {
        return Err(trouble(&format!("it has {length} bytes, {} are the most", report::LOGO_BYTES_MAX)));
    }
    let bytes = std::fs::read(file).map_err(|error| trouble(&error))?;
    web::logo_of_file(bytes, &crate::logo_trial::process()?).await.map_err(|error| trouble(&error))
}

/// All that is to be known of a company.
async fn whole(store: &Store, company: &Company) -> anyhow::Result<Value> {
    let mut shown = json!(company);
    let logo = store.company_logo(company.id).await?;
    shown["logo"] = json!(logo.map(|logo| json!({ "type": logo.kind, "bytes": logo.bytes.len() })));
    shown["operations"] = json!(store.notification_recipients(company.id).await?);
    let mut events = serde_json::Map::new();
    for (event, enabled) in store.notification_settings(company.id).await? {
        events.insert(event.as_str().to_owned(), json!(enabled));
    }
    shown["mail"] = Value::Object(events);
    Ok(shown)
}

fn words(shown: &Value) -> String {
    let text = |key: &str| shown[key].as_str().unwrap_or("–").to_owned();
    let list = |items: Vec<String>| if items.is_empty() { "nobody".to_owned() } else { items.join(", ") };
    let operations = shown["operations"].as_array().into_iter().flatten();
    let operations = list(operations.filter_map(Value::as_str).map(str::to_owned).collect());
    let told = |wanted: bool| -> Vec<String> {
        let events = shown["mail"].as_object().into_iter().flatten();
        events.filter(|(_, enabled)| **enabled == json!(wanted)).map(|(event, _)| event.clone()).collect()
    };
    let nothing = |items: Vec<String>| if items.is_empty() { "nothing".to_owned() } else { items.join(", ") };
    let logo = match &shown["logo"] {
        Value::Null => "none".to_owned(),
        logo => format!("{}, {} bytes", logo["type"].as_str().unwrap_or_default(), logo["bytes"]),
    };
    let lines = [
        ("zone", text("timezone")),
        ("currency", text("currency")),
        ("support e-mail", text("support_email")),
        ("support phone", text("support_phone")),
        ("accent", text("accent")),
        ("logo", logo),
        ("mail from", text("mail_from")),
        ("PDF in mails", if shown["attach_pdf"] == true { "yes" } else { "no" }.to_owned()),
        ("reports", text("reports")),
        ("told by mail", nothing(told(true))),
        ("not told", nothing(told(false))),
        ("operations list", operations),
    ];
    let lines: Vec<String> = lines.iter().map(|(name, value)| format!("  {name:<16} {value}\n")).collect();
    format!("{}\n{}", text("name"), lines.concat())
}
