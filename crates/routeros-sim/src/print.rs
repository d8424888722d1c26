use crate::command::{Next, refuse_unknown_arguments};
use crate::interface::Interface;
use crate::ppp::{fill_active, fill_secret};
use crate::query::Query;
use crate::row::{Proplist, Row, Trap, start};
use crate::served::CounterValues;
use crate::session::Session;
use crate::state::State;
use crate::text::{put, write_date, write_date_time, write_gmt_offset, write_time, write_uptime};
use crate::{Dialect, HUGE_WORD_SENT_MAX, Served};
use bytes::{BufMut, BytesMut};
use routeros::codec::{Sentence, encode_length};

const BAD_QUERY: Trap = Trap::in_category("5", "invalid query");
const ARGUMENTS: [&str; 6] = [".proplist", "count-only", "detail", "stats", "stats-detail", "without-paging"];
const MEMORY_BYTES: u64 = 1_073_741_824;
const DISK_BYTES: u64 = 134_217_728;

/// A menu that can be printed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Menu {
    Interface,
    Resource,
    Identity,
    Clock,
    PppActive,
    PppSecret,
}

impl Menu {
    pub(crate) fn find(path: &[u8]) -> Option<Self> {
        match path {
            b"/interface" => Some(Self::Interface),
            b"/system/resource" => Some(Self::Resource),
            b"/system/identity" => Some(Self::Identity),
            b"/system/clock" => Some(Self::Clock),
            b"/ppp/active" => Some(Self::PppActive),
            b"/ppp/secret" => Some(Self::PppSecret),
            _ => None,
        }
    }
}

/// Answers a print: items that pass the query, limited to the `.proplist`, or their number.
pub(crate) fn print(
    session: &mut Session,
    menu: Menu,
    request: &Sentence,
    tag: Option<&[u8]>,
) -> Result<Next, Trap> {
    refuse_unknown_arguments(request, &ARGUMENTS)?;
    let mut printer = Printer {
        query: Query::parse(request.words()).ok_or(BAD_QUERY)?,
        proplist: request.attribute(".proplist").map(Proplist::parse),
        count_only: request.attribute("count-only").is_some(),
        tag,
        items: 0,
    };
    let now_ms = session.router.clock.now_ms();
    let mut state = session.router.lock();
    state.advance(now_ms);
    let state = &mut *state;
    let (row, out) = (&mut session.row, &mut session.out);
    match menu {
        Menu::Interface => {
            if printer.interfaces(state, now_ms, row, out) {
                return Ok(Next::Stuck);
            }
        }
        Menu::Resource => {
            resource(row, state, now_ms);
            let uptime_ms = state.uptime_ms(now_ms);
            state.served.push(Served::Uptime { at_ms: now_ms, uptime_ms });
            printer.item(row, out);
        }
        Menu::Identity => {
            row.clear();
            row.bytes("name", &state.spec.identity);
            printer.item(row, out);
        }
        Menu::Clock => {
            clock(row, state, now_ms);
            printer.item(row, out);
        }
        Menu::PppActive => {
            for session in &state.ppp.sessions {
                fill_active(row, session, now_ms);
                printer.item(row, out);
            }
            state.served.push(Served::PppSessions { at_ms: now_ms, rows: printer.items });
        }
        Menu::PppSecret => {
            let dialect = state.dialect();
            for (number, secret) in state.ppp.secrets.iter().enumerate() {
                fill_secret(row, number, secret, dialect);
                printer.item(row, out);
            }
        }
    }
    if printer.count_only {
        return Ok(Next::Returned(printer.items.to_string()));
    }
    if printer.items == 0 && session.dialect.sends_empty() {
        start(&mut session.out, b"!empty", tag).end();
    }
    Ok(Next::Done)
}

struct Printer<'a> {
    query: Query,
    proplist: Option<Proplist>,
    count_only: bool,
    tag: Option<&'a [u8]>,
    items: u64,
}

impl Printer<'_> {
    /// Writes the item in `row` if it is asked for.
    fn item(&mut self, row: &Row, out: &mut BytesMut) -> bool {
        let passes = self.query.passes(row);
        if passes {
            self.items += 1;
            if !self.count_only {
                row.write(out, self.tag, self.proplist.as_ref());
            }
        }
        passes
    }

    /// True if a word was begun that never ends.
    fn interfaces(&mut self, state: &mut State, now_ms: i64, row: &mut Row, out: &mut BytesMut) -> bool {
        let dialect = state.dialect();
        let huge = state.faults.huge_comment_bytes;
        if let Some(len) = huge.filter(|len| *len > HUGE_WORD_SENT_MAX) {
            endless_word(out, self.tag, len);
            return true;
        }
        for interface in &mut state.interfaces {
            let counters = interface.printed_counters(now_ms);
            fill(row, interface, &counters, dialect, huge);
            if self.item(row, out) && state.served.is_on() {
                state.served.push(Served::Interface {
                    at_ms: now_ms,
                    id: interface.id,
                    name: interface.spec.name.clone(),
                    counters,
                    running: interface.running(),
                    disabled: interface.disabled,
                    link_downs: interface.link_downs,
                });
            }
        }
        false
    }
}

fn fill(row: &mut Row, interface: &Interface, c: &CounterValues, dialect: Dialect, huge: Option<u32>) {
    let spec = &interface.spec;
    row.clear();
    row.with(".id", |out| put(out, format_args!("*{:X}", interface.id)));
    row.bytes("name", &spec.name);
    if let Some(name) = &spec.default_name {
        row.bytes("default-name", name.as_bytes());
    }
    row.bytes("type", spec.kind.as_bytes());
    row.number("mtu", 1500);
    row.number("actual-mtu", 1500);
    if spec.default_name.is_some() {
        row.number("l2mtu", 1598);
        row.number("max-l2mtu", 9578);
    }
    if !spec.dynamic {
        row.with("mac-address", |out| {
            put(
                out,
                format_args!("B8:69:F4:00:{:02X}:{:02X}", interface.mac >> 8 & 0xFF, interface.mac & 0xFF),
            )
        });
    }
    for (name, at) in [
        ("last-link-down-time", interface.last_down_local_ms),
        ("last-link-up-time", interface.last_up_local_ms),
    ] {
        if let Some(at_ms) = at {
            row.with(name, |out| write_date_time(out, dialect, at_ms));
        }
    }
    row.number("link-downs", interface.link_downs);
    row.number("rx-byte", c.rx_byte);
    row.number("tx-byte", c.tx_byte);
    row.number("rx-packet", c.rx_packet);
    row.number("tx-packet", c.tx_packet);
    row.number("rx-drop", c.rx_drop);
    row.number("tx-drop", c.tx_drop);
    if dialect.is_v7() {
        row.number("tx-queue-drop", 0);
    }
    row.number("rx-error", c.rx_error);
    row.number("tx-error", c.tx_error);
    row.number("fp-rx-byte", c.rx_byte);
    row.number("fp-tx-byte", c.tx_byte);
    row.number("fp-rx-packet", c.rx_packet);
    row.number("fp-tx-packet", c.tx_packet);
    if spec.dynamic {
        row.flag("dynamic", true);
    }
    if !interface.hides_running {
        row.flag("running", interface.running());
    }
    row.flag("disabled", interface.disabled);
    match huge {
        Some(len) => row.with("comment", |out| out.resize(out.len() + len as usize, b'x')),
        None if spec.comment.is_empty() => {}
        None => row.bytes("comment", &spec.comment),
    }
}

fn resource(row: &mut Row, state: &State, now_ms: i64) {
    let dialect = state.dialect();
    row.clear();
    row.with("uptime", |out| write_uptime(out, state.uptime_ms(now_ms)));
    row.bytes("version", dialect.version().as_bytes());
    row.bytes("build-time", dialect.build_time().as_bytes());
    row.bytes("factory-software", if dialect.is_v7() { b"7.0.4" } else { b"6.41.3" });
    row.number("free-memory", MEMORY_BYTES / 4 * 3);
    row.number("total-memory", MEMORY_BYTES);
    row.bytes("cpu", b"ARM64");
    row.number("cpu-count", 4);
    row.number("cpu-frequency", 1400);
    row.number("cpu-load", state.interfaces.len() as u64 % 20 + 1);
    row.number("free-hdd-space", DISK_BYTES / 2);
    row.number("total-hdd-space", DISK_BYTES);
    row.number("write-sect-since-reboot", 4_711);
    row.number("write-sect-total", 1_234_567);
    row.number("bad-blocks", 0);
    row.bytes("architecture-name", b"arm64");
    row.bytes("board-name", b"CCR2004-16G-2S+");
    row.bytes("platform", b"MikroTik");
}

fn clock(row: &mut Row, state: &State, now_ms: i64) {
    let (dialect, local_ms) = (state.dialect(), state.local_ms(now_ms));
    row.clear();
    row.with("time", |out| write_time(out, local_ms));
    row.with("date", |out| write_date(out, dialect, local_ms));
    row.flag("time-zone-autodetect", false);
    row.bytes("time-zone-name", b"manual");
    row.with("gmt-offset", |out| write_gmt_offset(out, state.spec.gmt_offset_ms));
    row.flag("dst-active", false);
}

/// A `!re` whose comment announces `len` bytes and stops after [`HUGE_WORD_SENT_MAX`] of them.
fn endless_word(out: &mut BytesMut, tag: Option<&[u8]>, len: u32) {
    const BEGINNING: &[u8] = b"=comment=";
    // The sentence's start is written whole by hand: a writer can only write words that fit.
    let _begun = start(out, b"!re", tag);
    encode_length(len, out);
    out.put_slice(BEGINNING);
    out.put_bytes(b'x', HUGE_WORD_SENT_MAX as usize);
}
