use crate::{Client, Command, Error, Value, codec::Sentence, format::parse_u64};

pub(super) const MONITOR: &str = "/interface/monitor-traffic";

/// What an interface carries now: the router's own average over about a second.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Traffic {
    /// The `.id` that was asked for.
    pub id: String,
    /// The interface's name; `None` if only the id was known and the release does not send names here.
    pub name: Option<Value>,
    /// Bits per second received by the router.
    pub rx_bits_per_second: Option<u64>,
    /// Bits per second sent by the router.
    pub tx_bits_per_second: Option<u64>,
    /// Packets per second received.
    pub rx_packets_per_second: Option<u64>,
    /// Packets per second sent.
    pub tx_packets_per_second: Option<u64>,
    /// Received packets dropped per second.
    pub rx_drops_per_second: Option<u64>,
    /// Packets per second dropped before sending.
    pub tx_drops_per_second: Option<u64>,
    /// Receive errors per second.
    pub rx_errors_per_second: Option<u64>,
    /// Send errors per second.
    pub tx_errors_per_second: Option<u64>,
}

impl Client {
    /// The present traffic of the named interfaces, in the order asked. One that the router does not have is left out
    /// and does not spoil the others.
    ///
    /// Needs the name list first, since one missing name fails the router's whole command and a name with a comma
    /// cannot be listed at all; who has the ids calls
    /// [`interface_traffic_by_id`](Self::interface_traffic_by_id).
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub async fn interface_traffic(&self, names: &[&str]) -> Result<Vec<Traffic>, Error> {
        let rows = self.interface_names().await?;
        let id_of = |name: &&str| rows.iter().find(|(_, known)| known == name).map(|(id, _)| id.as_str());
        let ids: Vec<&str> = names.iter().filter_map(id_of).collect();
        let mut traffic = self.interface_traffic_by_id(&ids).await?;
        for entry in traffic.iter_mut().filter(|entry| entry.name.is_none()) {
            entry.name = rows.iter().find(|(id, _)| *id == entry.id).map(|(_, name)| name.clone());
        }
        Ok(traffic)
    }

    /// The present traffic of the interfaces with these ids (`*1E`), in the order asked. One that the router does not
    /// have (any more) is left out.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub async fn interface_traffic_by_id(&self, ids: &[&str]) -> Result<Vec<Traffic>, Error> {
        if ids.is_empty() {
            return Ok(Vec::new());
        }
        match self.monitor_once(ids).await {
            // One of them went away since it was listed: ask again for those that are there.
            Err(error) if error.is_no_such_item() => {
                let rows = self.interface_names().await?;
                let there = |id: &&&str| rows.iter().any(|(known, _)| known == **id);
                let ids: Vec<&str> = ids.iter().filter(there).copied().collect();
                if ids.is_empty() { Ok(Vec::new()) } else { self.monitor_once(&ids).await }
            }
            outcome => outcome,
        }
    }

    async fn monitor_once(&self, ids: &[&str]) -> Result<Vec<Traffic>, Error> {
        let command = Command::new(MONITOR).attr("interface", ids.join(",")).attr("once", "");
        let replies = self.run(command).await?;
        // The replies come in the order asked; only newer releases name the interface.
        Ok(ids.iter().zip(replies.items()).map(|(id, row)| Traffic::read(id, row)).collect())
    }
}

impl Traffic {
    pub(super) fn read(id: &str, row: &Sentence) -> Self {
        let mut traffic = Traffic { id: id.to_owned(), ..Traffic::default() };
        for (key, value) in row.attributes() {
            let rate = match key {
                b"name" => {
                    traffic.name = Some(Value::copied(value));
                    continue;
                }
                b"rx-bits-per-second" => &mut traffic.rx_bits_per_second,
                b"tx-bits-per-second" => &mut traffic.tx_bits_per_second,
                b"rx-packets-per-second" => &mut traffic.rx_packets_per_second,
                b"tx-packets-per-second" => &mut traffic.tx_packets_per_second,
                b"rx-drops-per-second" => &mut traffic.rx_drops_per_second,
                b"tx-drops-per-second" => &mut traffic.tx_drops_per_second,
                b"rx-errors-per-second" => &mut traffic.rx_errors_per_second,
                b"tx-errors-per-second" => &mut traffic.tx_errors_per_second,
                _ => continue,
            };
            *rate = parse_u64(value);
        }
        traffic
    }
}
