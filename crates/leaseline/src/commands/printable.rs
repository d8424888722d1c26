//! What `doctor` says of PDFs: whether each company's logo and all names can be printed.

use store::{Company, Store};

use super::router::Step;
use crate::logo_trial;

/// One step for each company with a logo.
pub(super) async fn steps(store: &Store) -> anyhow::Result<Vec<Step>> {
    let mut steps = Vec::new();
    for company in store.companies().await? {
        steps.extend(logo(store, &company).await?);
    }
    steps.push(names(store).await?);
    Ok(steps)
}

/// Whether the fonts have all that stands in names.
async fn names(store: &Store) -> anyhow::Result<Step> {
    let mut named: Vec<(String, String)> = Vec::new();
    for company in store.companies().await? {
        named.push((format!("the company {}", company.name), company.name));
    }
    for client in store.clients().await? {
        named.push((format!("the customer {}", client.name), client.name));
    }
    for link in store.links().await? {
        let texts = [&Some(link.circuit.clone()), &link.site, &link.service_ref, &Some(link.interface)];
        let texts: Vec<&str> = texts.into_iter().flatten().map(String::as_str).collect();
        named.push((format!("the link {}", link.circuit), texts.join(" ")));
    }
    let all: String = named.iter().map(|(_, text)| text.as_str()).collect();
    let missing = report::unprintable(&all);
    let name = "fonts".to_owned();
    let Some(first) = missing.first() else {
        return Ok(Step { name, ok: true, detail: "PDFs can print all names".to_owned() });
    };
    let whose = named.iter().find(|(_, text)| text.contains(*first)).map_or("a name", |(whose, _)| whose);
    let note = report::PdfNote::MissingGlyphs(missing);
    Ok(Step { name, ok: false, detail: format!("PDFs cannot print all names, among them {whose}: {note}") })
}

async fn logo(store: &Store, company: &Company) -> anyhow::Result<Option<Step>> {
    let Some(logo) = store.company_logo(company.id).await? else { return Ok(None) };
    let tried = match report::Logo::new(logo.bytes, logo.kind.as_str()) {
        Ok(checked) => {
            let trial = logo_trial::process()?;
            trial.run(checked.into_bytes()).await.map_err(|error| error.to_string())
        }
        Err(error) => Err(error.to_string()),
    };
    let name = format!("logo of {}", company.name);
    Ok(Some(match tried {
        Ok(()) => Step { name, ok: true, detail: "can be printed".to_owned() },
        Err(why) => {
            let detail =
                format!("left out of pages and PDFs: {why}. Upload another one on the company's page");
            Step { name, ok: false, detail }
        }
    }))
}
