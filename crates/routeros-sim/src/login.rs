use crate::random::mix;
use crate::row::{Trap, done, start};
use crate::session::Session;
use crate::spec::{Policies, User};
use crate::{Dialect, Served};
use md5::{Digest, Md5};
use routeros::codec::Sentence;

/// Before RouterOS 6.43, which took in the reason for a refusal.
const CANNOT_LOG_IN: Trap = Trap::new("cannot log in");
const WRONG: Trap = Trap::new("invalid user name or password (6)");

/// Answers `/login`: by password, or by challenge and MD5 for dialects before 6.43.
pub(crate) fn login(session: &mut Session, request: &Sentence, tag: Option<&[u8]>) {
    let dialect = session.dialect;
    let response = request.attribute("response");
    if dialect.login_by_challenge() && response.is_none() {
        let challenge = session.new_challenge();
        start(&mut session.out, b"!done", tag).attribute("ret", hex(&challenge)).end();
        return;
    }
    let challenge = session.challenge.take();
    let name = request.attribute("name").unwrap_or_default();
    let now_ms = session.router.clock.now_ms();
    let mut state = session.router.lock();
    let user = state.spec.users.iter().find(|user| user.name.as_bytes() == name);
    let known = user.filter(|user| match dialect {
        Dialect::V6_42 => challenge.is_some_and(|sent| answers(user, &sent, response)),
        _ => request.attribute("password") == Some(user.password.as_bytes()),
    });
    match known.filter(|user| user.policies.api) {
        Some(user) => {
            session.policies = Some(user.policies);
            let user = user.name.clone();
            state.served.push(Served::Login { at_ms: now_ms, user });
        }
        None => {
            session.policies = None::<Policies>;
            let refusal = if dialect.login_by_challenge() { CANNOT_LOG_IN } else { WRONG };
            refusal.write(&mut session.out, tag);
        }
    }
    drop(state);
    done(&mut session.out, tag);
}

/// `00` and the MD5 of a zero byte, the password and the challenge, in hexadecimal.
fn answers(user: &User, challenge: &[u8; 16], response: Option<&[u8]>) -> bool {
    let digest = Md5::new().chain_update([0]).chain_update(&user.password).chain_update(challenge).finalize();
    response.is_some_and(|response| response.eq_ignore_ascii_case(format!("00{}", hex(&digest)).as_bytes()))
}

/// Sixteen bytes that differ from login to login.
pub(crate) fn challenge(seed: u64, number: u64) -> [u8; 16] {
    let mut bytes = [0; 16];
    bytes[..8].copy_from_slice(&mix(seed, number).to_be_bytes());
    bytes[8..].copy_from_slice(&mix(!seed, number).to_be_bytes());
    bytes
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}
