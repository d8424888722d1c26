//! `whatsapp test`.

use serde_json::json;
use store::{Store, phone_number};

use super::rule_args;
use crate::{
    cli::{WhatsAppCommand, WhatsAppTestArgs},
    clock::now_ms,
    config::Config,
    fault::wrong_use,
    output::Printer,
    whatsapp,
};

pub(super) async fn run(
    store: &Store,
    config: &Config,
    command: WhatsAppCommand,
    printer: &Printer,
) -> anyhow::Result<()> {
    let WhatsAppCommand::Test(WhatsAppTestArgs { to, event }) = command;
    let event = rule_args::event(&event)?;
    let to = phone_number(&to).map_err(rule_args::refused)?;
    let Some(delivery) = whatsapp::delivery(config, store)? else {
        return Err(wrong_use(whatsapp::NOT_SET_UP));
    };
    match delivery.test(&to, event, now_ms()).await {
        Ok(answer) => printer.said(
            &format!(
                "A test message for {to} was taken: {answer}. Whether it arrives is seen on the telephone."
            ),
            &json!({ "to": to, "event": event, "answer": answer }),
        ),
        Err(error) => anyhow::bail!("the test message was not taken: {error}"),
    }
}
