use anyhow::bail;
use collector::Collector;
use indicatif::{ProgressBar, ProgressStyle};
use serde_json::json;

use crate::{
    cli::{CollectArgs, Role, ServeArgs},
    clock::wall_clock,
    installation::Installation,
    output::Printer,
    serving,
};

pub(super) async fn run(
    installation: &Installation,
    args: &CollectArgs,
    printer: &Printer,
) -> anyhow::Result<()> {
    if !args.once {
        return serving::run(installation, ServeArgs { listen: None, role: vec![Role::Collector] }).await;
    }
    let store = installation.open().await?;
    let result = once(installation, &store, printer).await;
    store.close().await;
    result
}

async fn once(installation: &Installation, store: &store::Store, printer: &Printer) -> anyhow::Result<()> {
    let _claim = store.claim_collector().await?;
    let collector =
        Collector::new(store.clone(), wall_clock(), serving::collector_config(&installation.config));
    // Drawn on a terminal only; in a pipe the summary says it all.
    let bar = ProgressBar::new(0).with_style(
        ProgressStyle::with_template("polling {bar:40} {pos}/{len} routers {elapsed}")
            .unwrap_or_else(|_| ProgressStyle::default_bar()),
    );
    let summary = collector
        .once(|done, total| {
            bar.set_length(total as u64);
            bar.set_position(done as u64);
        })
        .await?;
    bar.finish_and_clear();
    let errors: Vec<_> =
        summary.errors.iter().map(|(router, error)| json!({ "router": router, "error": error })).collect();
    let sentence = match summary.routers {
        0 => "There are no routers with links to poll: add some with `leaseline router add` and `leaseline link add`.".to_owned(),
        routers => format!("Read {} links on {} of {routers} routers.", summary.links, routers - summary.errors.len()),
    };
    let troubles = summary.errors.iter().filter(|_| summary.errors.len() > 1);
    let sentence = troubles.fold(sentence, |lines, (router, error)| format!("{lines}\n  {router}: {error}"));
    printer
        .said(&sentence, &json!({ "routers": summary.routers, "links": summary.links, "errors": errors }))?;
    match summary.errors.as_slice() {
        [] => Ok(()),
        [(router, error)] => bail!("router {router}: {error}"),
        errors => bail!("{} routers gave no reading, see above", errors.len()),
    }
}
