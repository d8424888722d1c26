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
    let link_errors: Vec<_> = summary
        .link_errors
        .iter()
        .map(|LinkError { router, circuit, error }| json!({ "router": router, "link": circuit, "error": error }))
        .collect();
    let read = json!({
        "routers": summary.routers, "links": summary.links, "errors": errors, "link_errors": link_errors,
    });
    printer.said(&in_words(&summary), &read)?;
    match (summary.errors.as_slice(), summary.link_errors.as_slice()) {
        ([], []) => Ok(()),
        ([(router, error)], []) => bail!("router {router}: {error}"),
        ([], [LinkError { router, circuit, error }]) => bail!("link {circuit} on router {router}: {error}"),
        (errors, link_errors) => bail!("{}, see above", counted(errors.len(), link_errors.len())),
    }
}

/// What was read, and every error once; a single one is told by the failure itself.
fn in_words(summary: &RoundSummary) -> String {
    let RoundSummary { routers, links, errors, link_errors, .. } = summary;
    if *routers == 0 {
        return "There are no routers with links to poll: add some with `leaseline router add` and `leaseline link add`."
            .to_owned();
    }
    let mut text = format!("Read {links} links on {} of {routers} routers.", routers - errors.len());
    if errors.len() + link_errors.len() > 1 {
        for (router, error) in errors {
            text += &format!("\n  {router}: {error}");
        }
        for LinkError { router, circuit, error } in link_errors {
            text += &format!("\n  {router}, link {circuit}: {error}");
        }
    }
    text
}

fn counted(routers: usize, links: usize) -> String {
    let of = |count: usize, what: &str, trouble: &str| {
        let s = if count == 1 { "" } else { "s" };
        (count > 0).then(|| format!("{count} {what}{s} {trouble}"))
    };
    let parts = [of(routers, "router", "gave no reading"), of(links, "link", "could not be read in full")];
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
            link_errors: link_errors.iter().map(link_error).collect(),
        }
    }

    /// A router whose links have errors did give a reading, and one error must not hide another.
    #[test]
    fn each_error_is_named_once() {
        let two = summary(&[], &[("edge", "C-1"), ("edge", "C-2")]);
        let expected = "Read 7 links on 3 of 3 routers.\n  edge, link C-1: no such interface\n  edge, link C-2: no such interface";
        assert_eq!(in_words(&two), expected);
        assert_eq!(counted(0, 2), "2 links could not be read in full");
        let mixed = summary(&["pop"], &[("edge", "C-1")]);
        assert!(
            in_words(&mixed)
                .starts_with("Read 7 links on 2 of 3 routers.\n  pop: no answer\n  edge, link C-1")
        );
        assert_eq!(counted(1, 1), "1 router gave no reading and 1 link could not be read in full");
        assert_eq!(in_words(&summary(&["pop"], &[])), "Read 7 links on 2 of 3 routers.");
    }
}
