use anyhow::bail;
use collector::{Collector, LinkError, RoundSummary};
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
    let claim = store.claim_collector().await?;
    let collector =
        Collector::new(store.clone(), wall_clock(), serving::collector_config(&installation.config))
            .under(claim.fence());
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
    let ping_errors: Vec<_> = summary
        .ping_errors
        .iter()
        .map(|(router, error)| json!({ "router": router, "error": error }))
        .collect();
    let link_errors: Vec<_> = summary
        .link_errors
        .iter()
        .map(|LinkError { router, circuit, error }| json!({ "router": router, "link": circuit, "error": error }))
        .collect();
    let read = json!({
        "routers": summary.routers, "links": summary.links, "errors": errors, "ping_errors": ping_errors,
        "link_errors": link_errors,
    });
    printer.said(&in_words(&summary), &read)?;
    match told(&summary).as_slice() {
        [] => Ok(()),
        [only] => bail!("{only}"),
        _ => bail!("{}, see above", counted(&summary)),
    }
}

/// What was wrong, one line each.
fn told(summary: &RoundSummary) -> Vec<String> {
    let of_router = |(router, error): &(String, String)| format!("router {router}: {error}");
    let of_link = |LinkError { router, circuit, error }: &LinkError| {
        format!("link {circuit} on router {router}: {error}")
    };
    let routers = summary.errors.iter().chain(&summary.ping_errors).map(of_router);
    routers.chain(summary.link_errors.iter().map(of_link)).collect()
}

/// What was read, and every error once; a single one is told by the failure itself.
fn in_words(summary: &RoundSummary) -> String {
    let RoundSummary { routers, links, errors, .. } = summary;
    if *routers == 0 {
        return "There are no routers with links to poll: add some with `leaseline router add` and `leaseline link add`."
            .to_owned();
    }
    let mut text = format!("Read {links} links on {} of {routers} routers.", routers - errors.len());
    let told = told(summary);
    if told.len() > 1 {
        text.extend(told.iter().map(|line| format!("\n  {line}")));
    }
    text
}

fn counted(summary: &RoundSummary) -> String {
    let of = |count: usize, what: &str, trouble: &str| {
        let s = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {what}{s} {trouble}"))
    };
    let parts = [
        of(summary.errors.len(), "router", "gave no reading"),
        of(summary.ping_errors.len(), "router", "may not be asked to ping"),
        of(summary.link_errors.len(), "link", "could not be read in full"),
    ];
    parts.into_iter().flatten().collect::<Vec<_>>().join(" and ")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary(errors: &[&str], link_errors: &[(&str, &str)]) -> RoundSummary {
        let error = |name: &&str| ((*name).to_owned(), "no answer".to_owned());
        let link_error = |&(router, circuit): &(&str, &str)| LinkError {
            router: router.to_owned(),
            circuit: circuit.to_owned(),
            error: "no such interface".to_owned(),
        };
        RoundSummary {
            routers: 3,
            links: 7,
            samples: 7,
            errors: errors.iter().map(error).collect(),
            ping_errors: Vec::new(),
            link_errors: link_errors.iter().map(link_error).collect(),
        }
    }

    /// A router whose links have errors did give a reading, and one error must not hide another.
    #[test]
    fn each_error_is_named_once() {
        let two = summary(&[], &[("edge", "C-1"), ("edge", "C-2")]);
        let expected = "Read 7 links on 3 of 3 routers.\n  link C-1 on router edge: no such interface\n  link C-2 on router edge: no such interface";
        assert_eq!(in_words(&two), expected);
        assert_eq!(counted(&two), "2 links could not be read in full");
        let mixed = summary(&["pop"], &[("edge", "C-1")]);
        assert!(in_words(&mixed).starts_with(
            "Read 7 links on 2 of 3 routers.\n  router pop: no answer\n  link C-1 on router edge"
        ));
        assert_eq!(counted(&mixed), "1 router gave no reading and 1 link could not be read in full");
        assert_eq!(in_words(&summary(&["pop"], &[])), "Read 7 links on 2 of 3 routers.");
    }
}
