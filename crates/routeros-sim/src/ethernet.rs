//! `/interface/ethernet/monitor`, as far as a poller asks it: once.

use crate::command::refuse_unknown_arguments;
use crate::row::{Proplist, Trap};
use crate::session::Session;
use routeros::codec::Sentence;

const MISSING: Trap = Trap::new("missing value(s) of argument(s) numbers");
const NO_PORT: Trap = Trap::in_category("0", "no such item");
const NEVER_ENDING: Trap = Trap::new("the simulator monitors once");

/// A row for each port in the order asked; one that is no Ethernet port refuses the whole list.
pub(crate) fn monitor(session: &mut Session, request: &Sentence, tag: Option<&[u8]>) -> Result<(), Trap> {
    refuse_unknown_arguments(request, &["numbers", "once", ".proplist"])?;
    let names = request.attribute("numbers").filter(|names| !names.is_empty()).ok_or(MISSING)?;
    if request.attribute("once").is_none() {
        return Err(NEVER_ENDING);
    }
    let proplist = request.attribute(".proplist").map(Proplist::parse);
    let at_ms = session.router.clock.now_ms();
    let mut state = session.router.lock();
    state.advance(at_ms);
    let ports: Option<Vec<_>> = names
        .split(|byte| *byte == b',')
        .map(|name| state.find_by_argument(name).filter(|port| port.spec.kind == "ether"))
        .collect();
    for port in ports.ok_or(NO_PORT)? {
        let row = &mut session.row;
        row.clear();
        row.bytes("name", &port.spec.name);
        row.bytes("status", if port.running() { b"link-ok" } else { b"no-link" });
        if port.running() {
            row.bytes("rate", port.spec.rate.as_bytes());
            row.flag("full-duplex", true);
        }
        row.write(&mut session.out, tag, proplist.as_ref());
    }
    Ok(())
}
