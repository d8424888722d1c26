//! From a command word to its answer.

use crate::job::Job;
use crate::print::{self, Menu};
use crate::row::Trap;
use crate::session::Session;
use crate::{ethernet, monitor, ping};
use routeros::codec::Sentence;

pub(crate) const TEST_POLICY_MISSING: Trap = Trap::new("not enough permissions (9)");
const READ_POLICY_MISSING: Trap = Trap::new("not enough permissions (9)");
const UNKNOWN_PARAMETER: Trap = Trap::new("unknown parameter");
const UNKNOWN_MENU: Trap = Trap::in_category("0", "no such command prefix");
const UNKNOWN_COMMAND: Trap = Trap::in_category("0", "no such command");

/// How a command goes on after its first answer.
pub(crate) enum Next {
    /// It is over.
    Done,
    /// It is over and returns a value.
    Returned(String),
    /// It has more to say later.
    GoesOn(Box<Job>),
    /// A word was begun that never ends.
    Stuck,
}

/// Runs one command; replies go to the session's `out`, the `!done` is the caller's.
pub(crate) fn run(session: &mut Session, request: &Sentence, tag: Option<&[u8]>) -> Result<Next, Trap> {
    let is_print = request.first().ends_with(b"/print");
    if !is_print && request.words().any(|word| word.starts_with(b"?")) {
        return Err(UNKNOWN_PARAMETER);
    }
    match request.first() {
        b"/ping" => ping::start(session, request, tag).map(go_on),
        b"/interface/monitor-traffic" => {
            may_read(session)?;
            Ok(monitor::start(session, request, tag)?.map_or(Next::Done, go_on))
        }
        b"/interface/ethernet/monitor" => {
            may_read(session)?;
            ethernet::monitor(session, request, tag).map(|()| Next::Done)
        }
        path => {
            let Some(at) = path.iter().rposition(|byte| *byte == b'/') else { return Err(UNKNOWN_MENU) };
            let menu = Menu::find(&path[..at]).ok_or(UNKNOWN_MENU)?;
            if &path[at + 1..] != b"print" {
                return Err(UNKNOWN_COMMAND);
            }
            may_read(session)?;
            print::print(session, menu, request, tag)
        }
    }
}

fn go_on(job: Job) -> Next {
    Next::GoesOn(Box::new(job))
}

/// Refuses an attribute that the command does not know.
pub(crate) fn refuse_unknown_arguments(request: &Sentence, known: &[&str]) -> Result<(), Trap> {
    let all_known = request.attributes().all(|(name, _)| known.iter().any(|known| known.as_bytes() == name));
    if all_known { Ok(()) } else { Err(UNKNOWN_PARAMETER) }
}

fn may_read(session: &Session) -> Result<(), Trap> {
    if session.policies.is_some_and(|policies| policies.read) { Ok(()) } else { Err(READ_POLICY_MISSING) }
}
