use jiff::civil::DateTime;

use crate::{
    Client, Command, Error, Value,
    codec::Sentence,
    format::{parse_bool, parse_date_time, parse_u64},
};

const PRINT: &str = "/interface/print";
/// The properties of [`Interface`]; what a release does not have it leaves out.
const PROPERTIES: &str = ".id,name,default-name,type,mac-address,comment,running,disabled,link-downs,\
    last-link-down-time,last-link-up-time,rx-byte,tx-byte,rx-packet,tx-packet,rx-error,tx-error,rx-drop,tx-drop";
const COUNTER_PROPERTIES: &str = "rx-byte,tx-byte,rx-packet,tx-packet,rx-error,tx-error,rx-drop,tx-drop";

/// One row of `/interface/print`.
#[derive(Debug, Clone, PartialEq, Eq, Default)]
pub struct Interface {
    /// `*1E`: stable for a port, but a dynamic interface gets a new one each time it is created.
    pub id: String,
    /// Unique on the router, free text, can be changed by the operator.
    pub name: Value,
    /// The name of a physical port as it left the factory.
    pub default_name: Option<Value>,
    /// `ether`, `vlan`, `pppoe-out` …
    pub kind: Option<Value>,
    /// Absent for point-to-point interfaces.
    pub mac_address: Option<Value>,
    /// The operator's comment.
    pub comment: Option<Value>,
    /// Whether the link is up; `None` if the row does not say. A disabled interface is never running.
    pub running: Option<bool>,
    /// The operator switched it off.
    pub disabled: bool,
    /// How often the link went down since boot.
    pub link_downs: Option<u64>,
    /// Router-local time without a zone.
    pub last_link_down: Option<DateTime>,
    /// Router-local time without a zone.
    pub last_link_up: Option<DateTime>,
    /// Bytes, packets, errors, drops.
    pub counters: Counters,
}

/// Counters of an interface as the router has them. A counter that the model lacks, or sends empty, is `None`, which is
/// not zero. They start again at a reboot, at `reset-counters`, and when a dynamic interface is created anew.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Counters {
    /// Bytes received by the router.
    pub rx_byte: Option<u64>,
    /// Bytes sent by the router.
    pub tx_byte: Option<u64>,
    /// Packets received.
    pub rx_packet: Option<u64>,
    /// Packets sent.
    pub tx_packet: Option<u64>,
    /// Receive errors.
    pub rx_error: Option<u64>,
    /// Send errors.
    pub tx_error: Option<u64>,
    /// Received packets that were dropped.
    pub rx_drop: Option<u64>,
    /// Packets dropped before sending.
    pub tx_drop: Option<u64>,
}

impl Client {
    /// All interfaces with their counters, in the router's order. Rows without a name are left out.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub async fn interfaces(&self) -> Result<Vec<Interface>, Error> {
        let replies = self.run(Command::new(PRINT).attr(".proplist", PROPERTIES)).await?;
        Ok(replies
            .items()
            .iter()
            .map(Interface::read)
            .filter(|row| !row.name.as_bytes().is_empty())
            .collect())
    }

    /// One interface by its name.
    ///
    /// # Errors
    /// [`Error::NoSuchInterface`], or those of [`run`](Self::run).
    pub async fn interface_stats(&self, name: &str) -> Result<Interface, Error> {
        Ok(Interface::read(&self.interface_row(name, PROPERTIES).await?))
    }

    /// The counters of one interface.
    ///
    /// # Errors
    /// [`Error::NoSuchInterface`], or those of [`run`](Self::run).
    pub async fn interface_counters(&self, name: &str) -> Result<Counters, Error> {
        Ok(Interface::read(&self.interface_row(name, COUNTER_PROPERTIES).await?).counters)
    }

    /// Whether the link of one interface is up. An interface that the operator disabled is not.
    ///
    /// # Errors
    /// [`Error::NoSuchInterface`], [`Error::Malformed`] if the row does not say, or those of [`run`](Self::run).
    pub async fn is_interface_up(&self, name: &str) -> Result<bool, Error> {
        let row = Interface::read(&self.interface_row(name, "running,disabled").await?);
        let running = row.running.ok_or(Error::Malformed { command: PRINT, field: "running" });
        Ok(!row.disabled && running?)
    }

    async fn interface_row(&self, name: &str, properties: &str) -> Result<Sentence, Error> {
        let print = Command::new(PRINT).attr(".proplist", properties).query_equals("name", name);
        let replies = self.run(print).await?;
        let row = replies.items().first().cloned();
        row.ok_or_else(|| Error::NoSuchInterface { name: name.to_owned() })
    }
}

impl Interface {
    fn read(row: &Sentence) -> Self {
        let mut interface = Interface::default();
        for (key, value) in row.attributes() {
            let text = || (!value.is_empty()).then(|| Value::copied(value));
            match key {
                b".id" => interface.id = String::from_utf8_lossy(value).into_owned(),
                b"name" => interface.name = Value::copied(value),
                b"default-name" => interface.default_name = text(),
                b"type" => interface.kind = text(),
                b"mac-address" => interface.mac_address = text(),
                b"comment" => interface.comment = text(),
                b"running" => interface.running = parse_bool(value),
                b"disabled" => interface.disabled = parse_bool(value).unwrap_or(false),
                b"link-downs" => interface.link_downs = parse_u64(value),
                b"last-link-down-time" => interface.last_link_down = parse_date_time(value),
                b"last-link-up-time" => interface.last_link_up = parse_date_time(value),
                _ => interface.counters.read(key, value),
            }
        }
        interface
    }
}

impl Counters {
    fn read(&mut self, key: &[u8], value: &[u8]) {
        let counter = match key {
            b"rx-byte" => &mut self.rx_byte,
            b"tx-byte" => &mut self.tx_byte,
            b"rx-packet" => &mut self.rx_packet,
            b"tx-packet" => &mut self.tx_packet,
            b"rx-error" => &mut self.rx_error,
            b"tx-error" => &mut self.tx_error,
            b"rx-drop" => &mut self.rx_drop,
            b"tx-drop" => &mut self.tx_drop,
            _ => return,
        };
        *counter = parse_u64(value);
    }
}
