use jobs::SendError;
use secrecy::ExposeSecret;
use serde_json::json;
use store::{Store, StoreError, WEBHOOKS_MAX, Webhook, WebhookId};

use super::{operator, rule_args};
use crate::{
    cli::{WebhookAddArgs, WebhookCommand},
    clock::now_ms,
    config::Config,
    fault::wrong_use,
    output::Printer,
};

pub(super) async fn run(
    store: &Store,
    config: &Config,
    command: WebhookCommand,
    printer: &Printer,
) -> anyhow::Result<()> {
    let (by, now) = (operator(), now_ms());
    let by = (by.as_str(), now);
    match command {
        WebhookCommand::Add(args) => add(store, &args, by, printer).await,
        WebhookCommand::List { company } => list(store, company.as_deref(), printer).await,
        WebhookCommand::Test(args) => test(store, config, WebhookId(args.id), printer).await,
        WebhookCommand::Pause(args) => {
            store.set_webhook_active(WebhookId(args.id), false, by).await.map_err(known)?;
            done(args.id, "is paused: it is sent nothing until `leaseline webhook resume`", printer)
        }
        WebhookCommand::Resume(args) => {
            store.set_webhook_active(WebhookId(args.id), true, by).await.map_err(known)?;
            done(args.id, "hears of alerts again", printer)
        }
        WebhookCommand::Secret(args) => {
            let secret = store.renew_webhook_secret(WebhookId(args.id), by).await.map_err(known)?;
            let secret = secret.expose_secret();
            printer.said(
                &format!(
                    "Webhook {} signs with this secret from now on; it is not shown again:\n{secret}",
                    args.id
                ),
                &json!({ "id": args.id, "secret": secret }),
            )
        }
        WebhookCommand::Remove(args) => {
            store.remove_webhook(WebhookId(args.id), by).await.map_err(known)?;
            done(args.id, "is removed", printer)
        }
    }
}

async fn add(store: &Store, args: &WebhookAddArgs, by: (&str, i64), printer: &Printer) -> anyhow::Result<()> {
    let company = super::company(store, args.company.as_deref()).await?;
    let events = args.event.iter().map(|name| rule_args::event(name)).collect::<Result<Vec<_>, _>>()?;
    let (id, secret) =
        store.insert_webhook(company.id, &args.url, &events, by).await.map_err(rule_args::refused)?;
    let secret = secret.expose_secret();
    let plain = if args.url.trim().to_ascii_lowercase().starts_with("http:") {
        " What is sent there can be read on the way: https keeps it secret."
    } else {
        ""
    };
    printer.said(
        &format!(
            "Added webhook {id}.{plain} Messages are signed with this secret; it is not shown again:\n{secret}\n\
             `leaseline webhook test {id}` sends a message now."
        ),
        &json!({ "id": id, "secret": secret }),
    )
}

async fn list(store: &Store, company: Option<&str>, printer: &Printer) -> anyhow::Result<()> {
    let companies = match company {
        Some(name) => vec![super::company(store, Some(name)).await?],
        None => store.companies().await?,
    };
    let mut all: Vec<(String, Webhook)> = Vec::new();
    for company in companies {
        let webhooks = store.webhooks(company.id).await?;
        debug_assert!(webhooks.len() as i64 <= WEBHOOKS_MAX);
        all.extend(webhooks.into_iter().map(|webhook| (company.name.clone(), webhook)));
    }
    let rows: Vec<_> = all
        .iter()
        .map(|(company, webhook)| {
            json!({
                "id": webhook.id, "company": company, "url": webhook.url, "events": webhook.events,
                "active": webhook.active, "created_at_ms": webhook.created_at_ms,
            })
        })
        .collect();
    let shown = all.iter().map(|(company, webhook)| cells(company, webhook)).collect::<Vec<_>>();
    if printer.is_json() {
        return printer.list(&rows, ["id"], |_| [String::new()]);
    }
    printer.list(&shown, ["id", "company", "address", "hears of", "state"], Clone::clone)
}

fn cells(company: &str, webhook: &Webhook) -> [String; 5] {
    let events: Vec<_> = webhook.events.iter().map(ToString::to_string).collect();
    [
        webhook.id.to_string(),
        company.to_owned(),
        webhook.url.clone(),
        if events.is_empty() { "everything".to_owned() } else { events.join(", ") },
        if webhook.active { "active" } else { "paused" }.to_owned(),
    ]
}

async fn test(store: &Store, config: &Config, id: WebhookId, printer: &Printer) -> anyhow::Result<()> {
    let delivery = crate::webhook::delivery(config, store)?;
    match delivery.test(id, now_ms()).await.map_err(known)? {
        Ok(answer) => printer.said(
            &format!("Webhook {id} took the message: {answer}"),
            &json!({ "id": id, "answer": answer }),
        ),
        Err(
            SendError::Refused(why)
            | SendError::Deferred(why)
            | SendError::Away(why)
            | SendError::Crowded(why),
        ) => {
            anyhow::bail!("webhook {id} did not take the message: {why}")
        }
    }
}

fn done(id: i64, what: &str, printer: &Printer) -> anyhow::Result<()> {
    printer.said(&format!("Webhook {id} {what}."), &json!({ "id": id }))
}

fn known(error: StoreError) -> anyhow::Error {
    match error {
        StoreError::NotFound { .. } => {
            wrong_use("there is no such webhook; `leaseline webhook list` shows them")
        }
        other => other.into(),
    }
}
