use std::time::Duration;

use jiff::civil::DateTime;

use crate::{
    Client, Command, Error, Value,
    codec::Sentence,
    format::{parse_bool, parse_date_time, parse_duration},
};

const ACTIVE: &str = "/ppp/active/print";
const SECRET: &str = "/ppp/secret/print";
/// The properties of [`PppSession`]; what a release does not have it leaves out.
const ACTIVE_PROPERTIES: &str = ".id,name,service,caller-id,address,uptime,session-id,radius";
/// Users whose logout is asked for one by one; for more the whole list is asked for.
const NAMED_USERS_MAX: usize = 50;

/// One row of `/ppp/active/print`: a PPPoE, L2TP, SSTP, OpenVPN or PPTP session that the router serves.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PppSession {
    /// `*80000001`; a new session has a new one.
    pub id: String,
    /// The user. Several sessions can have the same, unless the profile says `only-one=yes`.
    pub user: Value,
    /// `pppoe`, `l2tp`, `sstp`, `ovpn`, `pptp`.
    pub service: String,
    /// `0x81B00001`; a new session has a new one. They start again at a reboot.
    pub session_id: Option<String>,
    /// How long the session has lasted; whole seconds.
    pub uptime: Duration,
    /// The far end's address.
    pub address: Option<String>,
    /// Whether RADIUS let the user in; such users have no row in `/ppp/secret`.
    pub radius: bool,
}

impl Client {
    /// The PPP sessions that the router serves. Rows without a user or an uptime are left out.
    ///
    /// # Errors
    /// Those of [`run`](Self::run); a router without the package `ppp` (RouterOS 6) has no such command.
    pub async fn ppp_sessions(&self) -> Result<Vec<PppSession>, Error> {
        let replies = self.run(Command::new(ACTIVE).attr(".proplist", ACTIVE_PROPERTIES)).await?;
        Ok(replies.items().iter().filter_map(PppSession::read).collect())
    }

    /// When these users' last sessions ended, by router-local time without a zone. Users without a row in `/ppp/secret`,
    /// as those of RADIUS, and users that never logged out are left out.
    ///
    /// # Errors
    /// Those of [`run`](Self::run).
    pub async fn ppp_logouts(&self, users: &[&str]) -> Result<Vec<(Value, DateTime)>, Error> {
        if users.is_empty() {
            return Ok(Vec::new());
        }
        let mut print = Command::new(SECRET).attr(".proplist", "name,last-logged-out");
        if users.len() <= NAMED_USERS_MAX {
            for (index, user) in users.iter().enumerate() {
                print = print.query_equals("name", user);
                if index > 0 {
                    print = print.query("?#|");
                }
            }
        }
        let replies = self.run(print).await?;
        let row = |row: &Sentence| {
            let name = Value::copied(row.attribute("name")?);
            let at = row.attribute("last-logged-out").and_then(parse_date_time)?;
            // A router that never saw a logout shows the beginning of its calendar.
            (at.year() > 1970 && users.iter().any(|user| name.to_string_lossy() == *user))
                .then_some((name, at))
        };
        Ok(replies.items().iter().filter_map(row).collect())
    }
}

impl PppSession {
    fn read(row: &Sentence) -> Option<Self> {
        let text = |key| {
            row.attribute(key).filter(|value| !value.is_empty()).map(|value| Value::copied(value).to_string())
        };
        Some(Self {
            id: text(".id")?,
            user: row.attribute("name").filter(|value| !value.is_empty()).map(Value::copied)?,
            service: text("service").unwrap_or_default(),
            session_id: text("session-id"),
            uptime: row.attribute("uptime").and_then(parse_duration)?,
            address: text("address"),
            radius: row.attribute("radius").and_then(parse_bool).unwrap_or(false),
        })
    }
}
