//! One-line orders for simulated routers that run in another process: the program `routeros-sim` takes them on
//! its standard input, so that a tester in any language can break things.

use crate::{PingProfile, Served, SimRouter};
use std::num::ParseIntError;
use std::time::Duration;

/// The orders there are. `ROUTER` counts from 0; durations are whole milliseconds.
pub const USAGE: &str = "\
link ROUTER INTERFACE up|down
disable ROUTER INTERFACE on|off
reset-counters ROUTER INTERFACE
read-zero-once ROUTER INTERFACE
rename ROUTER INTERFACE NAME
remove ROUTER INTERFACE
recreate ROUTER INTERFACE
ppp-connect ROUTER USER
ppp-disconnect ROUTER USER
reboot ROUTER MS
break-sessions ROUTER
unreachable ROUTER on|off
black-hole ROUTER on|off
hang ROUTER on|off
deny-test ROUTER on|off
drip ROUTER BYTES MS
drop-mid-reply ROUTER BYTES
huge-word ROUTER BYTES
clock-offset ROUTER MS
ping ROUTER TARGET RTT_US JITTER_US LOSS_PPM
sessions ROUTER
served ROUTER";

/// Why an order was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum ControlError {
    /// No such order, or with other arguments.
    #[error("no such order; there are:\n{USAGE}")]
    Usage,
    /// The number after the order.
    #[error("there is no router {0}")]
    NoRouter(usize),
    /// The name after the router.
    #[error("router {router} has no interface {name:?}")]
    NoInterface {
        /// Which router.
        router: usize,
        /// Which interface it lacks.
        name: String,
    },
    /// The user after the router.
    #[error("router {router} has no PPP session of {user:?}")]
    NoSession {
        /// Which router.
        router: usize,
        /// Who is not connected there.
        user: String,
    },
    /// Something else than a number.
    #[error("a number is needed")]
    Number(#[from] ParseIntError),
}

/// Carries out one order (see [`USAGE`]) and waits until it has taken effect.
///
/// The answer is one line for each entry of the log (as JSON) for `served`, the number of open connections for
/// `sessions`, otherwise nothing.
///
/// # Errors
/// [`ControlError`] if the order cannot be understood or names what is not there; nothing has changed then.
pub async fn obey(routers: &[SimRouter], order: &str) -> Result<Vec<String>, ControlError> {
    let words: Vec<&str> = order.split_whitespace().collect();
    let [verb, number, arguments @ ..] = words.as_slice() else { return Err(ControlError::Usage) };
    let number: usize = number.parse()?;
    let router = routers.get(number).ok_or(ControlError::NoRouter(number))?;
    if let Some(found) = change_interface(router, verb, arguments) {
        let no_interface = || ControlError::NoInterface { router: number, name: arguments[0].to_owned() };
        return found.then(Vec::new).ok_or_else(no_interface);
    }
    match (*verb, arguments) {
        ("reboot", [ms]) => router.reboot(Duration::from_millis(ms.parse()?)),
        ("break-sessions", []) => router.break_sessions(),
        ("unreachable", [switch]) => router.unreachable(on(switch)?),
        ("black-hole", [switch]) => router.black_hole(on(switch)?),
        ("hang", [switch]) => router.hang(on(switch)?),
        ("deny-test", [switch]) => router.deny_test_policy(on(switch)?),
        ("ppp-connect", [user]) => router.ppp_connect(user),
        ("ppp-disconnect", [user]) => {
            if !router.ppp_disconnect(user) {
                return Err(ControlError::NoSession { router: number, user: (*user).to_owned() });
            }
        }
        ("drip", [bytes, ms]) => router.drip(bytes.parse()?, Duration::from_millis(ms.parse()?)),
        ("drop-mid-reply", [bytes]) => router.drop_mid_reply(bytes.parse()?),
        ("huge-word", [bytes]) => router.huge_word(bytes.parse()?),
        ("clock-offset", [ms]) => router.set_clock_offset(ms.parse()?),
        ("ping", [target, rtt_us, jitter_us, loss_ppm]) => {
            let profile = PingProfile::new(micros(rtt_us)?, micros(jitter_us)?).loss_ppm(loss_ppm.parse()?);
            router.set_ping(target, profile);
        }
        ("sessions", []) => return Ok(vec![router.sessions().to_string()]),
        ("served", []) => return Ok(router.served().iter().filter_map(line).collect()),
        _ => return Err(ControlError::Usage),
    }
    router.settled().await;
    Ok(Vec::new())
}

/// Whether the interface was there, or `None` if this is no order about an interface.
fn change_interface(router: &SimRouter, verb: &str, arguments: &[&str]) -> Option<bool> {
    Some(match (verb, arguments) {
        ("link", [name, "up"]) => router.set_link(name, true),
        ("link", [name, "down"]) => router.set_link(name, false),
        ("disable", [name, switch]) => router.disable(name, on(switch).ok()?),
        ("reset-counters", [name]) => router.reset_counters(name),
        ("read-zero-once", [name]) => router.read_zero_once(name),
        ("rename", [name, new]) => router.rename(name, new),
        ("remove", [name]) => router.remove(name),
        ("recreate", [name]) => router.recreate(name),
        _ => return None,
    })
}

fn on(switch: &str) -> Result<bool, ControlError> {
    match switch {
        "on" => Ok(true),
        "off" => Ok(false),
        _ => Err(ControlError::Usage),
    }
}

fn micros(text: &str) -> Result<Duration, ParseIntError> {
    text.parse().map(Duration::from_micros)
}

/// An entry as JSON; names are decoded as UTF-8 with replacement.
fn line(entry: &Served) -> Option<String> {
    serde_json::to_string(entry).ok()
}
