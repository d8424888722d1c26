use serde_json::json;

use crate::{
    cli::InitArgs, clock::now_ms, fault::wrong_use, installation::Installation, moment, output::Printer,
};

pub(super) async fn run(
    installation: &Installation,
    args: InitArgs,
    printer: &Printer,
) -> anyhow::Result<()> {
    // Everything that can be wrong is looked at before the first file is written.
    super::check_name("company name", &args.company)?;
    moment::zone(&args.timezone)?;
    let currency = currency(&args.currency)?;
    let store = installation.create().await?;
    if !store.companies().await?.is_empty() {
        store.close().await;
        return Err(wrong_use(format!(
            "{} already holds an installation; nothing was changed",
            installation.location_words()
        )));
    }
    let id = store.insert_company(&args.company, &args.timezone, &currency, now_ms()).await?;
    store.close().await;
    let sentence = format!(
        "Created {} for {}.\nThe key that seals router passwords is in {}: keep a copy elsewhere, nothing can replace it.\n\
         Next: leaseline router add, client add, link add, user add, serve.",
        installation.location_words(),
        args.company,
        installation.key_words()
    );
    printer.said(&sentence, &json!({ "company_id": id, "location": installation.location_words(), "key": installation.key_words() }))
}

/// The code of a currency, in capitals.
pub(super) fn currency(text: &str) -> anyhow::Result<String> {
    let code = text.to_ascii_uppercase();
    if code.len() == 3 && code.bytes().all(|byte| byte.is_ascii_uppercase()) {
        return Ok(code);
    }
    Err(wrong_use(format!("{text:?} is not a currency: use its ISO 4217 code, e.g. INR or EUR")))
}
