use crate::{Client, Command, Error, codec::Sentence, format::parse_bits_per_second};

const MONITOR: &str = "/interface/ethernet/monitor";

/// What an Ethernet port has negotiated with its peer.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct EthernetLink {
    /// The `.id` that was asked for.
    pub id: String,
    /// Bits per second; `None` without a link, or where the port does not say.
    pub rate_bps: Option<u64>,
}

impl Client {
    /// The negotiated rates of the Ethernet ports with these ids (`*1E`), in the order asked. The rows of
    /// [`interfaces`](Self::interfaces) whose `kind` is `ether` are such ports.
    ///
    /// # Errors
    /// A trap that [`is_no_such_item`](Error::is_no_such_item) if one of them is no Ethernet port or has gone; those of
    /// [`run`](Self::run).
    pub async fn ethernet_links(&self, ids: &[&str]) -> Result<Vec<EthernetLink>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        // An optical port says much more of itself than is asked for here.
        let command = Command::new(MONITOR)
            .attr("numbers", ids.join(","))
            .attr("once", "")
            .attr(".proplist", "name,rate");
        let replies = self.run(command).await?;
        // The replies come in the order asked; not every release names the port.
        Ok(ids.iter().zip(replies.items()).map(|(id, row)| EthernetLink::read(id, row)).collect())
    }
}

impl EthernetLink {
    fn read(id: &str, row: &Sentence) -> Self {
        Self { id: id.to_owned(), rate_bps: row.attribute("rate").and_then(parse_bits_per_second) }
    }
}
